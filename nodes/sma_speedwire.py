"""Hear the grid power that an SMA Energy Meter or Home Manager tells the network."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated

from flowctl import Ge, Le, Log, Watts
from nodes._helpers.hosts import MaybeBare
from nodes._helpers.multicast import multicast
from nodes._helpers.nonsense import Nonsense
from nodes._helpers.speedwire import GROUP, PORT, Phase, is_meter, read


async def sma_speedwire(
    *,
    serial: Annotated[int, Ge(0), "serial number of the meter; 0: whichever speaks"] = 0,
    phase: Annotated[Phase, "what is said: the power of all phases, or of one"] = "all",
    interface: Annotated[
        MaybeBare, "own address in the network of the meter, e.g. 192.168.1.5; the first if empty"
    ] = "",
    port: Annotated[int, Ge(1), Le(65535), "port it speaks to"] = PORT,
    log: Log,
) -> AsyncIterator[Watts]:
    """Grid power once per datagram, about each second: positive imports, negative exports.

    Nothing is said while no meter speaks. Datagrams of inverters and of other meters are not heard;
    torn ones are passed over. Where there is more than one meter, `serial` says which is at the
    grid. A meter that was told to speak to this machine alone is heard as well.

    Raises:
        OSError: the group cannot be joined.

    Source: SMA, Energy Meter protocol (EMETER-Protokoll-TI): UDP 239.12.255.254:9522, powers in
    0.1 W, one each for what is taken and given; protocol 0x6069, to one machine alone also 0x6081.
    """
    nonsense = Nonsense(log, f"the SMA meter at UDP port {port}")
    async with multicast(GROUP, port, interface) as link, aclosing(link.hear()) as datagrams:
        async for data, _ in datagrams:
            if not is_meter(data):
                continue
            try:
                reading = read(data)
                watts = reading.power(phase)
            except ValueError as why:
                nonsense.heard(why)
                continue
            if serial not in (0, reading.serial):
                continue
            nonsense.over()
            yield watts
