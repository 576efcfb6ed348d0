"""Read a smart meter's P1 port over TCP, as serial gateways such as ser2net give it."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated

from flowctl import Ge, Gt, Le, Log, Seconds, Secret, Watts
from nodes._helpers.dsmr import Phase, Telegrams, check, power
from nodes._helpers.hosts import Bare
from nodes._helpers.nonsense import Nonsense
from nodes._helpers.sealed import AUTH, Sealed, check_library
from nodes._helpers.tcp import incoming


async def dsmr(
    *,
    host: Annotated[Bare, "address of the gateway at the P1 port, e.g. 192.168.1.40"],
    port: Annotated[int, Ge(1), Le(65535), "its TCP port"] = 2001,
    phase: Annotated[Phase, "what is said: the power of all phases, or of one"] = "all",
    patience: Annotated[Seconds, Gt(0), "longest silence; old meters speak every 10s"] = 30.0,
    key: Annotated[
        Secret | None, "of a meter that enciphers (Luxembourg): 32 digits, from its grid operator"
    ] = None,
    auth: Annotated[Secret, "its authentication key, where it is not the usual one"] = AUTH,
    log: Log,
) -> AsyncIterator[Watts]:
    """Grid power once per telegram: positive imports, negative exports.

    A DSMR 5 meter sends one each second, older ones every ten. A telegram that is torn, has a wrong
    CRC or lacks the power is passed over. With a `key` they are opened, which takes the extra
    `flowctl[encrypted]`; one that does not open is passed over.

    Raises:
        OSError: nobody listens there, the connection ends, or nothing comes for `patience`.
        ValueError: the key is none.

    Source: Netbeheer Nederland, P1 Companion Standard 5.0.2: `1-0:1.7.0` less `1-0:2.7.0`, in kW;
    enciphered: Luxmetering, E-Meter P1 specification 1.1.3.
    """
    nonsense, telegrams = Nonsense(log, f"{host}:{port}"), Sealed(key, auth) if key else Telegrams()
    if key:
        check_library()
    async with aclosing(incoming(host, port, patience)) as chunks:
        async for chunk in chunks:
            for telegram in telegrams.feed(chunk):
                try:
                    watts = power(_text(telegram), phase)
                except ValueError as why:
                    nonsense.heard(why)
                    continue
                nonsense.over()
                yield watts


def _text(telegram: bytes | str | ValueError) -> str:
    """Return the text of a telegram; one that was opened was checked by that."""
    if isinstance(telegram, ValueError):
        raise telegram
    return telegram if isinstance(telegram, str) else check(telegram)
