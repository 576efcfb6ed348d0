"""Read a smart meter's P1 port over TCP, as serial gateways such as ser2net give it."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated

from flowctl import Ge, Gt, Le, Log, Seconds, Watts
from nodes._helpers.dsmr import Phase, Telegrams, check, power
from nodes._helpers.hosts import Bare
from nodes._helpers.nonsense import Nonsense
from nodes._helpers.tcp import incoming


async def dsmr(
    *,
    host: Annotated[Bare, "address of the gateway at the P1 port, e.g. 192.168.1.40"],
    port: Annotated[int, Ge(1), Le(65535), "its TCP port"] = 2001,
    phase: Annotated[Phase, "what is said: the power of all phases, or of one"] = "all",
    patience: Annotated[Seconds, Gt(0), "longest silence; old meters speak every 10s"] = 30.0,
    log: Log,
) -> AsyncIterator[Watts]:
    """Grid power once per telegram: positive imports, negative exports.

    A DSMR 5 meter sends one each second, older ones every ten. A telegram that is torn, has a wrong
    CRC or tells no power is passed over.

    Raises:
        OSError: nobody listens there, the connection ends, or nothing comes for `patience`.

    Source: Netbeheer Nederland, P1 Companion Standard 5.0.2: `1-0:1.7.0` less `1-0:2.7.0`, in kW.
    """
    nonsense, telegrams = Nonsense(log, f"{host}:{port}"), Telegrams()
    async with aclosing(incoming(host, port, patience)) as chunks:
        async for chunk in chunks:
            for telegram in telegrams.feed(chunk):
                try:
                    watts = power(check(telegram), phase)
                except ValueError as why:
                    nonsense.heard(why)
                    continue
                nonsense.over()
                yield watts
