"""Send a stream as UDP datagrams."""

from typing import Annotated, Any

from flowctl import Events, Ge, Le, Log
from nodes._helpers.hosts import Host
from nodes._helpers.nonsense import Nonsense
from nodes._helpers.payload import Style, encoder
from nodes._helpers.udp import find_address, udp


async def udp_out(
    values: Events[Any],
    *,
    host: Annotated[Host, "address to send to; a broadcast address reaches all in the network"],
    port: Annotated[int, Ge(1), Le(65535), "port to send to"],
    format: Annotated[Style, "`json` quotes texts too; `onoff` says ON and OFF"] = "plain",
    decimals: Annotated[int | None, Ge(0), "round numbers to so many decimals"] = None,
    local_port: Annotated[int, Ge(0), Le(65535), "own port to send from; 0 is any"] = 0,
    log: Log,
) -> None:
    """One datagram per value: a float as a plain number, a record as a JSON object.

    Units and signs are those of flowctl: W, and + into the house. Unknown fields are left out, and
    so are times of the engine's own clock. Whether a datagram arrives nobody knows.

    Raises:
        OSError: no host has that name, or another program has the local port.

    Source: RFC 768.
    """
    encode, nonsense = encoder(format, decimals), Nonsense(log, f"{host}:{port}")
    address = await find_address(host, port)
    async with udp(local_port) as link:
        async for value in values:
            try:
                link.send(encode(value), address)
            except ValueError as why:
                nonsense.heard(why)
                continue
            nonsense.over()
