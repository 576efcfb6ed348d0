"""An embedded simulated house: a meter and batteries to try a flow on before it meets real ones."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

from flowctl import Ge, Le, Log, Present, Seconds
from nodes._helpers.simulated import Order, living


async def simulated_house(
    *,
    plant: Annotated[Path, Present(), "plant file: the house, its meter and its batteries"],
    port_offset: Annotated[int, Ge(0), Le(40000), "added to each port"] = 0,
    p1_port: Annotated[int, Ge(1), Le(65535), "port of the HomeWizard P1 meter"] = 18080,
    modbus_port: Annotated[int, Ge(1), Le(65535), "first port of Marstek Modbus"] = 18021,
    udp_port: Annotated[int, Ge(1), Le(65535), "first port of Marstek UDP"] = 18030,
    broker_port: Annotated[int, Ge(0), Le(65535), "port of its MQTT broker; 0: none"] = 18083,
    outlives: Annotated[Seconds, Ge(0), "how long it waits for an engine that was killed"] = 60.0,
    log: Log,
) -> AsyncIterator[None]:
    """Nothing but the one word that it is ready: all else is said at its ports.

    The house runs as a process of its own on 127.0.0.1, in real time. It stays until devices gave
    their batteries back, and waits a while for an engine that was killed; one that returns finds
    it as it was. Which protocol a battery speaks, and everything else about it, is in the plant
    file. Its MQTT broker speaks 3.1.1 and lets anybody in.
    """
    ports = {
        "port_offset": port_offset,
        "p1_port": p1_port,
        "modbus_port": modbus_port,
        "udp_port": udp_port,
        "broker_port": broker_port,
    }
    async with living(Order(plant, ports, outlives), log) as line:
        yield None
        async for _ in line:
            pass
    raise ConnectionError("the simulated house is gone")
