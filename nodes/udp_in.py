"""Hear the values that others send to a UDP port."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any

from flowctl import Ge, Le, Log, UnitFrom
from nodes._helpers.hosts import MaybeBare
from nodes._helpers.nonsense import Nonsense
from nodes._helpers.payload import Format, decoder
from nodes._helpers.udp import EVERYWHERE, udp


async def udp_in(
    *,
    port: Annotated[int, Ge(1), Le(65535), "port to listen on"],
    format: Annotated[Format, "what a datagram is; `json` gives objects as they are"] = "number",
    field: Annotated[str, "where in a JSON datagram the value is, e.g. `phases[0].power`"] = "",
    unit: Annotated[str | None, "unit of the number, e.g. W"] = None,
    sender: Annotated[MaybeBare, "only from this address, e.g. 192.168.1.20"] = "",
    host: Annotated[
        str, "own address to listen on; 127.0.0.1 hears this machine only"
    ] = EVERYWHERE,
    log: Log,
) -> Annotated[AsyncIterator[Any], UnitFrom("unit")]:
    """One value per datagram, as its sender gives it: its sign and scale are not touched.

    Nothing is said while nobody sends, and for datagrams that do not hold such a value or come from
    another sender. Anybody in the network can send: say from whom with `sender` where it matters.

    Raises:
        OSError: another program has the port.

    Source: RFC 768; one datagram is one value, at most 65507 bytes.
    """
    decode, nonsense = decoder(format, field), Nonsense(log, f"UDP port {port}")
    async with udp(port, host) as link, aclosing(link.hear()) as datagrams:
        async for data, (address, _) in datagrams:
            if sender and address != sender:
                continue
            try:
                value = decode(data)
            except ValueError as why:
                nonsense.heard(why)
                continue
            nonsense.over()
            yield value
