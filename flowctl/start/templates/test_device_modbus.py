"""What my_node promises, over Modbus: `pip install pytest`, then `python -m pytest`."""

import asyncio
from typing import Any

import pytest
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from flowctl import RELEASE, Battery, Latest, Release, Watts
from flowctl.testing import node

my_node = node("my_node", __file__)
CONTROL, SETPOINT = 100, 101


class Simulated:
    """A battery on a port of this machine that does at once what it is told."""

    def __init__(self) -> None:
        self.words = [0] * 12  # registers 100 to 111
        self.words[11] = 605  # a charge of 60.5 %
        self.stubborn = False

    async def __aenter__(self) -> "Simulated":
        block = SimData(CONTROL, values=self.words, datatype=DataType.REGISTERS)
        self._server = ModbusTcpServer(
            SimDevice(id=1, simdata=[block], action=self._access), address=("127.0.0.1", 0)
        )
        await self._server.serve_forever(background=True)
        transport: Any = self._server.transport
        self.port = transport.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._server.shutdown()  # type: ignore[no-untyped-call]

    async def _access(
        self, _function: int, _start: int, address: int, _count: int, held: list[int], values: Any
    ) -> None:
        if values is not None:
            self.words[address - CONTROL] = 0 if self.stubborn else values[0]
        self.words[10] = self.words[1] if self.words[0] else 0
        held[:] = self.words


async def told(battery: Simulated, *orders: Watts | Release | None, records: int) -> list[Battery]:
    """Give orders one after the other, and return what the node says."""
    box = Latest[Watts | Release]()
    device = my_node(box, host="127.0.0.1", port=battery.port, poll=0.01)
    found = []
    for order in orders:
        if order is not None:
            box.put(order)
        found += [await anext(device) for _ in range(records)]
    await device.aclose()
    return found


def test_it_turns_the_sign_and_tells_what_was_accepted_and_what_is() -> None:
    """Discharging is positive in flowctl, and negative for this battery."""

    async def run() -> None:
        async with Simulated() as battery:
            accepted, asked = await told(battery, 500.0, records=2)
            assert accepted == Battery(setpoint=500.0)
            assert (asked.power, asked.soc, asked.setpoint) == (500.0, 60.5, 500.0)
            assert battery.words[1] == 65536 - 500

    asyncio.run(run())


def test_it_gives_the_battery_back_when_told_and_however_it_ends() -> None:
    """After a release the battery is on its own, and says so."""

    async def run() -> None:
        async with Simulated() as battery:
            *_, asked = await told(battery, 500.0, RELEASE, records=2)  # a poll may be due
            assert asked.self_regulating
            await told(battery, 300.0, records=1)
            assert battery.words[0] == 0
            battery.words[0] = 1
            await told(battery, None, records=1)
            assert battery.words[0] == 1, "who never took it does not give it back"

    asyncio.run(run())


def test_a_battery_that_does_not_take_it_or_is_away_is_an_oserror() -> None:
    """An OSError is what flowctl tells and tries again."""

    async def run() -> None:
        async with Simulated() as battery:
            battery.stubborn = True
            with pytest.raises(OSError, match="holds 0 in register 101"):
                await told(battery, 500.0, records=1)
        with pytest.raises(OSError, match="does not accept connections"):
            await told(battery, 500.0, records=1)
        async with Simulated() as battery:
            box = Latest[Watts | Release]()
            device = my_node(box, host="127.0.0.1", port=battery.port, poll=0.01)
            await anext(device)
            await battery.__aexit__()
            with pytest.raises(OSError, match="does not answer"):
                await anext(device)

    asyncio.run(run())
