"""The simulated Venus behaves as the real one: the device node is tried on it."""

import asyncio
import logging
from itertools import groupby

import pytest

from nodes._helpers.marstek import CHARGE_POWER, CONTROL, DISCHARGE_POWER, MODE, OFF, ON
from nodes._helpers.modbus import ModbusLink, modbus
from nodes._helpers.refused import RefusedError
from nodes._helpers.registers import decode, text
from nodes.sim.marstek_modbus_server import serve
from nodes.sim.marstek_registers import VenusRegisters
from tests.nodes.venus import Cell

HOST = "127.0.0.1"


async def setpoint(link: ModbusLink, mode: int, charge: int, discharge: int) -> None:
    await link.write(DISCHARGE_POWER, [discharge])
    await link.write(CHARGE_POWER, [charge])
    await link.write(MODE, [mode])


@pytest.mark.parametrize(
    ("family", "ac", "battery", "kind"),
    [
        ("v2", 32202, 32102, "int32"),
        ("v3", 30006, 30001, "int16"),
        ("d", 30006, 30001, "int16"),
        ("a", 30006, 30001, "int16"),
    ],
)
async def test_ac_power_is_plus_discharging_and_battery_power_plus_charging(
    family: str, ac: int, battery: int, kind: str
) -> None:
    async with serve(Cell(power=800.0), family=family) as venus, modbus(HOST, venus.port) as link:
        count = 2 if kind == "int32" else 1
        assert decode(await link.read(ac, count), kind) == 800.0
        assert decode(await link.read(battery, count), kind) == -800.0


async def test_registers_of_v3_are_no_registers_of_v2() -> None:
    async with serve(Cell(), family="v2") as venus, modbus(HOST, venus.port) as link:
        assert await link.read(30001) == [5210]  # answers, and is a voltage
        assert await link.read(30200) == [0]
        with pytest.raises(RefusedError) as refused:
            await link.read(34002)
        assert refused.value.code == 2


async def test_the_name_of_v3_has_binary_after_its_nul() -> None:
    async with serve(Cell(), family="v3") as venus, modbus(HOST, venus.port) as link:
        words = await link.read(31000, 10)
        assert text(words) == "VNSE3-0"
        assert words[4] == 0x0607


async def test_writes_are_acknowledged_and_do_nothing_while_control_is_off() -> None:
    cell = Cell()
    async with serve(cell) as venus, modbus(HOST, venus.port) as link:
        await setpoint(link, 2, 0, 500)
        assert venus.writes == [(DISCHARGE_POWER, 500), (CHARGE_POWER, 0), (MODE, 2)]
        assert await link.read(DISCHARGE_POWER) == [500]
        assert cell.commands == []


async def test_control_reads_back_and_orders_are_obeyed_while_it_is_on() -> None:
    cell = Cell()
    async with serve(cell) as venus, modbus(HOST, venus.port) as link:
        assert await link.read(CONTROL) == [OFF]
        await link.write(CONTROL, [ON])
        assert await link.read(CONTROL) == [ON]
        assert await link.read(43000) == [1]
        await setpoint(link, 2, 0, 500)
        await setpoint(link, 1, 300, 0)
        await setpoint(link, 0, 0, 0)
        assert [watts for watts, _ in groupby(cell.commands)] == [0.0, 500.0, 0.0, -300.0, 0.0]
        await link.write(CONTROL, [OFF])
        assert cell.commands[-1] is None


async def test_a_change_of_the_work_mode_ends_control() -> None:
    cell = Cell()
    async with serve(cell) as venus, modbus(HOST, venus.port) as link:
        await link.write(CONTROL, [ON])
        await link.write(43000, [0])
        assert await link.read(CONTROL) == [OFF]
        assert cell.commands[-1] is None
        assert venus.registers.wear == 1


@pytest.mark.parametrize(
    ("family", "register", "value"),
    [
        ("v3", CONTROL, 1),
        ("v3", CONTROL, 0),
        ("v3", MODE, 4),
        ("v3", CHARGE_POWER, 2501),
        ("a", DISCHARGE_POWER, 1501),
        ("v3", 42011, 9),
    ],
)
async def test_what_is_out_of_range_is_exception_3(family: str, register: int, value: int) -> None:
    async with serve(Cell(), family=family) as venus, modbus(HOST, venus.port) as link:
        with pytest.raises(RefusedError) as refused:
            await link.write(register, [value])
        assert refused.value.code == 3
        assert venus.writes == []


async def test_an_a_takes_1500_and_gives_1450() -> None:
    cell = Cell()
    async with serve(cell, family="a") as venus, modbus(HOST, venus.port) as link:
        await link.write(CONTROL, [ON])
        await setpoint(link, 2, 0, 1500)
        assert cell.power == 1450.0


async def test_a_native_battery_has_one_slot_that_is_free_a_while_after_its_end() -> None:
    async with serve(Cell(), slot_rest=0.4) as venus:
        async with modbus(HOST, venus.port, rest=0.0) as link:
            await link.read(32104)
            reader, writer = await asyncio.open_connection(HOST, venus.port)
            assert await _ends(reader)
            writer.close()
            await link.read(32104)
        reader, writer = await asyncio.open_connection(HOST, venus.port)
        assert await _ends(reader)
        writer.close()
        async with modbus(HOST, venus.port, rest=0.45) as link:
            await link.read(32104)
        assert (venus.sessions, venus.turned_away) == (2, 2)


async def test_a_gateway_takes_several() -> None:
    async with serve(Cell(), family="v2") as venus, modbus(HOST, venus.port) as link:
        await link.read(32104)
        _, writer = await asyncio.open_connection(HOST, venus.port)
        await asyncio.sleep(0.01)
        assert (venus.sessions, venus.turned_away) == (2, 0)
        writer.close()


async def _ends(reader: asyncio.StreamReader) -> bool:
    try:
        return await asyncio.wait_for(reader.read(1), 2) == b""
    except ConnectionError:
        return True


@pytest.mark.parametrize(
    ("family", "answer"),
    [("v3", "0007 0000 0004 01 83 02"), ("v2", "0007 0000 0003 01 83 02")],
)
async def test_exceptions_of_the_newer_base_say_a_wrong_length(family: str, answer: str) -> None:
    async with serve(Cell(), family=family) as venus:
        reader, writer = await asyncio.open_connection(HOST, venus.port)
        writer.write(bytes.fromhex("0007 0000 0006 01 03 9c3f 0001"))
        assert await reader.read(64) == bytes.fromhex(answer)
        writer.close()


async def test_a_read_of_more_than_32_registers_gets_no_answer() -> None:
    async with serve(Cell()) as venus:
        reader, writer = await asyncio.open_connection(HOST, venus.port)
        writer.write(bytes.fromhex("0001 0000 0006 01 03 7544 0021"))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(64), 0.05)
        writer.write(bytes.fromhex("0002 0000 0006 01 03 7d68 0001"))
        assert (await reader.read(64))[:2] == b"\0\2"
        writer.close()


async def test_read_backs_lag_and_echoes_do_not() -> None:
    async with serve(Cell(), echo=0.5) as venus, modbus(HOST, venus.port) as link:
        venus.registers.now = lambda: 100.0
        await link.write(CHARGE_POWER, [400])
        assert await link.read(CHARGE_POWER) == [0]
        venus.registers.now = lambda: 100.5
        assert await link.read(CHARGE_POWER) == [400]


async def test_a_reboot_drops_sessions_and_orders() -> None:
    cell = Cell()
    async with serve(cell, slot_rest=0.0) as venus:
        async with modbus(HOST, venus.port, rest=0.0) as link:
            await link.write(CONTROL, [ON])
            await setpoint(link, 2, 0, 500)
            venus.reboot(60.0)
            await asyncio.sleep(0.01)
            with pytest.raises(OSError, match="closed the connection"):
                await link.read(CONTROL)
            venus.reboot()
            assert await link.read(CONTROL) == [OFF]
            assert await link.read(MODE) == [0]
            assert await link.read(CHARGE_POWER, 2) == [0, 0]
        assert cell.commands[-1] is None


async def test_its_watchdog_ends_control_unless_42000_is_written_again() -> None:
    async with serve(Cell()) as venus, modbus(HOST, venus.port) as link:
        venus.registers.watchdog = 120.0
        for time in (0.0, 90.0):
            venus.registers.now = lambda now=time: now
            await link.write(CONTROL, [ON])
        venus.registers.now = lambda: 200.0
        assert await link.read(CONTROL) == [ON]
        venus.registers.now = lambda: 220.0
        assert await link.read(CONTROL) == [OFF]


async def test_control_can_need_a_fresh_session() -> None:
    async with serve(Cell(), slot_rest=0.0) as venus, modbus(HOST, venus.port) as link:
        link.rest = 0.0
        await link.read(CONTROL)
        venus.registers.stuck = 1
        await link.write(CONTROL, [ON])
        assert await link.read(CONTROL) == [OFF]
        await link.renew()
        await link.write(CONTROL, [ON])
        assert await link.read(CONTROL) == [ON]


def test_energy_is_counted_by_direction() -> None:
    cell, hour = Cell(power=-1000.0), [0.0]
    registers = VenusRegisters(cell, "v3", lambda: hour[0] * 3600, 0.0)
    first = registers.read(33000, 4)
    hour[0] = 2.0
    later = registers.read(33000, 4)
    assert decode(later[:2], "uint32") - decode(first[:2], "uint32") == 200  # of 0.01 kWh
    assert later[2:] == first[2:]
    registers.dip = True
    assert decode(registers.read(33000, 2), "uint32") < 0.2 * decode(later[:2], "uint32")


async def test_the_server_is_quiet(caplog: pytest.LogCaptureFixture) -> None:
    async with serve(Cell()) as venus, modbus(HOST, venus.port) as link:
        with pytest.raises(RefusedError):
            await link.read(1, device=3)
        venus.hang_up()
    assert [line for line in caplog.records if line.levelno > logging.DEBUG] == []
