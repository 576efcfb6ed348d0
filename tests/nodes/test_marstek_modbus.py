"""The Marstek Venus device over Modbus, against a simulated battery on a real socket."""

import asyncio
import logging
from functools import partial
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowctl import RELEASE, Battery, Latest, Release, Store, Terms
from flowctl.signature.node import NodeKind, read_node
from nodes._helpers import marstek, venus_control
from nodes._helpers.marstek import CHARGE_POWER, CONTROL, DISCHARGE_POWER, MODE, OFF, ON
from nodes._helpers.venus_doze import Doze
from nodes.marstek_modbus import marstek_modbus
from nodes.modbus_read import modbus_read
from nodes.sim.marstek_modbus_server import VenusServer, serve
from tests.nodes.venus import FAST, LOG, Cell, driven

FAMILIES = ["v2", "v3", "d", "a"]
RELEASED = [(MODE, 0), (CHARGE_POWER, 0), (DISCHARGE_POWER, 0), (CONTROL, OFF)]


def test_the_signature_is_a_device() -> None:
    spec = read_node(marstek_modbus)
    assert spec.kind is NodeKind.DEVICE
    assert spec.first_setting == "host"
    assert spec.terms is not None
    assert spec.terms.write_every == 1.0


# Signs: 32202 and 30006 are + discharging, 32102 and 30001 are + charging, ours is + discharging.


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("power", [700.0, -900.0, 0.0])
async def test_power_is_positive_when_discharging(family: str, power: float) -> None:
    async with serve(Cell(power=power), family=family) as venus, driven(venus.port) as left:
        await left.until(lambda: bool(left.records))
        first = left.records[0]
        assert (first.power, first.cell_power) == (power, power)
        assert (first.soc, first.capacity, first.temperature) == (60.0, 5120.0, 25.3)
        assert first.online is True


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    ("watts", "orders"),
    [
        (500.0, [(DISCHARGE_POWER, 500), (CHARGE_POWER, 0), (MODE, 2)]),
        (-500.0, [(DISCHARGE_POWER, 0), (CHARGE_POWER, 500), (MODE, 1)]),
        (0.0, [(DISCHARGE_POWER, 0), (CHARGE_POWER, 0), (MODE, 0)]),
        (99.6, [(DISCHARGE_POWER, 100), (CHARGE_POWER, 0), (MODE, 2)]),
    ],
)
async def test_a_setpoint_takes_control_then_powers_then_mode(
    family: str, watts: float, orders: list[tuple[int, int]]
) -> None:
    cell = Cell()
    async with serve(cell, family=family) as venus, driven(venus.port) as left:
        left.box.put(watts)
        await left.hears("setpoint", float(round(watts)))
        assert venus.writes == [(CONTROL, ON), *orders]
        assert cell.commands[-1] == round(watts)


async def test_panels_are_apart_from_the_cells() -> None:
    async with serve(Cell(power=300.0), family="d") as venus:
        venus.registers.panels = 1000.0  # 300 W go to the house, 700 W into the cells
        async with driven(venus.port) as left:
            await left.until(lambda: bool(left.records))
            first = left.records[0]
            assert (first.power, first.pv_power, first.cell_power) == (300.0, 1000.0, -700.0)


# Writes


async def test_an_accepted_setpoint_is_told_at_once() -> None:
    async with serve(Cell()) as venus, driven(venus.port, poll=30.0) as left:
        left.box.put(-300.0)
        await left.hears("setpoint", -300.0)
        told = left.records[-1]
        assert (told.setpoint, told.self_regulating, told.power) == (-300.0, False, None)


async def test_only_what_changed_is_written_and_a_repetition_writes_all() -> None:
    async with serve(Cell()) as venus, driven(venus.port, poll=30.0) as left:
        for watts in (500.0, 600.0, -200.0):
            left.box.put(watts)
            await left.hears("setpoint", watts)
        assert venus.writes[4:] == [
            (DISCHARGE_POWER, 600),
            (DISCHARGE_POWER, 0),
            (CHARGE_POWER, 200),
            (MODE, 1),
        ]
        venus.writes.clear()
        left.box.put(-200.0)
        await left.until(lambda: left.told("setpoint").count(-200.0) == 2)
        assert venus.writes == [(DISCHARGE_POWER, 0), (CHARGE_POWER, 200), (MODE, 1)]


@pytest.mark.parametrize(("family", "limit"), [("v2", 2500.0), ("a", 1450.0)])
async def test_no_more_is_asked_than_the_family_takes(family: str, limit: float) -> None:
    async with serve(Cell(), family=family) as venus, driven(venus.port) as left:
        left.box.put(9999.0)
        await left.hears("setpoint", limit)
        left.box.put(-9999.0)
        await left.hears("setpoint", -limit)
        assert left.records[0].max_charge == left.records[0].max_discharge == limit


async def test_limits_set_in_the_app_are_told() -> None:
    async with serve(Cell(), family="v3") as venus:
        venus.registers.write(44003, [800])
        async with driven(venus.port) as left:
            await left.hears("max_discharge", 800.0)
            assert left.records[0].max_charge == 2500.0
            assert left.records[0].write_every


async def test_no_eeprom_register_is_ever_written() -> None:
    async with serve(Cell()) as venus:
        async with driven(venus.port, reassert=0.02) as left:
            for watts in (100.0, -100.0, 0.0):
                left.box.put(watts)
                await left.hears("setpoint", watts)
            await left.until(lambda: venus.reads > 60)
        assert venus.registers.wear == 0
        assert {register for register, _ in venus.writes} == {
            register for register, _ in RELEASED
        } | {CONTROL}


# Control: taken, kept, lost


async def test_nothing_is_written_before_the_first_setpoint() -> None:
    async with serve(Cell()) as venus:
        async with driven(venus.port) as left:
            await left.until(lambda: venus.reads > 30)
        assert venus.writes == []


async def test_control_is_taken_again_now_and_then() -> None:
    async with serve(Cell()) as venus, driven(venus.port, reassert=0.03) as left:
        left.box.put(400.0)
        await left.until(lambda: venus.writes.count((CONTROL, ON)) >= 3)
        assert venus.writes.count((MODE, 2)) == 1


async def test_control_taken_by_the_app_is_won_back_and_the_setpoint_with_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    cell = Cell()
    async with serve(cell) as venus, driven(venus.port) as left:
        left.box.put(400.0)
        await left.hears("setpoint", 400.0)
        for stolen in (2, 3):
            venus.registers.lose()
            assert cell.power == 12.0
            await left.until(lambda count=stolen: left.told("setpoint").count(400.0) == count)
            assert cell.power == 400.0
    warned = [line for line in caplog.records if line.levelno == logging.WARNING]
    assert ["set the app to manual" in line.getMessage() for line in warned] == [True]


async def test_control_taken_by_the_app_is_left_to_it_where_the_terms_yield() -> None:
    cell, terms = Cell(), Terms(on_override="yield")
    async with serve(cell) as venus, driven(venus.port, terms=terms) as left:
        left.box.put(400.0)
        await left.hears("setpoint", 400.0)
        venus.registers.lose()
        await left.until(lambda: left.records[-1].self_regulating is True)
        writes, said = list(venus.writes), len(left.records)
        left.box.put(RELEASE)  # what the shell says then
        await left.until(lambda: len(left.records) > said + 2)
        assert venus.writes == writes
        assert left.store["owed"] is False


def force(venus: VenusServer, charge: int, discharge: int) -> None:
    """Be somebody else on Modbus."""
    for register, value in marstek.orders(float(discharge - charge)):
        venus.registers.write(register, [value])


YIELDS = Terms(on_override="yield")


async def test_a_charge_that_somebody_else_forces_stays_where_the_terms_yield() -> None:
    cell = Cell()
    async with serve(cell) as venus, driven(venus.port, terms=YIELDS) as left:
        left.box.put(400.0)
        await left.hears("setpoint", 400.0)
        force(venus, 2000, 0)
        await left.hears("setpoint", -2000.0)
        venus.writes.clear()
        said = len(left.records)
        left.box.put(RELEASE)  # what the shell says then
        await left.until(lambda: len(left.records) > said + 8)
        assert (venus.writes, cell.power) == ([], -2000.0)
        assert left.store["owed"] is False
        left.box.put(300.0)  # it is taken again
        await left.hears("setpoint", 300.0)
        assert (cell.power, left.store["owed"]) == (300.0, True)
    assert venus.writes[-1] == (CONTROL, OFF)


@pytest.mark.parametrize(
    ("terms", "force_"),
    [
        (Terms(), (2000, 0)),  # not to be yielded to
        (YIELDS, (0, 0)),  # forgotten, as v3 fw 150 does: else it would rest for good
        (YIELDS, (0, 250)),  # may be our own, under a limit
        (YIELDS, (0, 800)),  # our own of before
    ],
)
async def test_nothing_stays_forced_that_may_be_ours(terms: Terms, force_: tuple[int, int]) -> None:
    async with serve(Cell()) as venus, driven(venus.port, terms=terms) as left:
        for watts in (800.0, 400.0):
            left.box.put(watts)
            await left.hears("setpoint", watts)
        force(venus, *force_)
        await left.hears("setpoint", float(force_[1] - force_[0]))
        left.box.put(RELEASE)
        await left.until(lambda: venus.writes[-1:] == [(CONTROL, OFF)])
        await left.until(lambda: left.store["owed"] is False)


async def test_what_somebody_has_set_is_seen_before_it_is_written_over() -> None:
    async with serve(Cell()) as venus, driven(venus.port, terms=YIELDS, poll=3600.0) as left:
        left.box.put(400.0)
        await left.hears("setpoint", 400.0)
        venus.registers.write(DISCHARGE_POWER, [2200])
        left.box.put(430.0)
        await left.hears("setpoint", 430.0)  # nobody let go of it for that
        assert left.told("setpoint") == [400.0, 2200.0, 430.0]
        left.box.put(450.0)
        await left.hears("setpoint", 450.0)
        assert left.told("setpoint")[3:] == [450.0]


async def test_an_order_gives_way_to_the_release_that_what_was_seen_brings() -> None:
    async with serve(Cell()) as venus, driven(venus.port, terms=YIELDS, poll=3600.0) as left:
        left.box.put(400.0)
        await left.hears("setpoint", 400.0)
        venus.registers.write(DISCHARGE_POWER, [2200])
        venus.writes.clear()
        left.answers[2200.0] = RELEASE
        left.box.put(430.0)
        await left.until(lambda: left.records[-1].self_regulating)
        assert venus.writes == []


async def test_a_reading_that_is_wrong_once_is_nobodys_setpoint() -> None:
    async with serve(Cell()) as venus, driven(venus.port, terms=YIELDS, settle=0.2) as left:
        left.box.put(400.0)
        await left.hears("setpoint", 400.0)
        for watts in (410.0, 420.0, 430.0):
            venus.registers.write(DISCHARGE_POWER, [0])
            asyncio.get_running_loop().call_later(
                0.05, venus.registers.write, DISCHARGE_POWER, [round(watts) - 10]
            )
            left.box.put(watts)
            await left.hears("setpoint", watts)
        assert left.told("setpoint") == [400.0, 410.0, 420.0, 430.0]


async def test_the_battery_watchdog_is_outlived() -> None:
    cell = Cell()
    async with serve(cell) as venus:
        venus.registers.now = lambda: float(venus.reads)
        venus.registers.watchdog = 40.0  # reads; a look at control comes every fourth poll
        async with driven(venus.port, reassert=0.05) as left:
            left.box.put(400.0)
            await left.until(lambda: venus.reads > 130)
            assert None not in cell.commands


async def test_orders_that_were_forgotten_are_told_and_written_whole_when_repeated() -> None:
    async with serve(Cell()) as venus, driven(venus.port) as left:
        left.box.put(400.0)
        await left.hears("setpoint", 400.0)
        venus.registers.write(MODE, [0])  # as v3 fw 150 after a stall
        await left.hears("setpoint", 0.0)
        venus.writes.clear()
        left.box.put(420.0)
        await left.hears("setpoint", 420.0)
        assert venus.writes == [(DISCHARGE_POWER, 420), (CHARGE_POWER, 0), (MODE, 2)]


async def test_a_read_back_within_tolerance_is_no_other_setpoint() -> None:
    async with serve(Cell()) as venus, driven(venus.port) as left:
        left.box.put(2000.0)
        await left.hears("setpoint", 2000.0)
        venus.registers.write(DISCHARGE_POWER, [1850])
        await left.until(lambda: venus.reads > 60)
        assert left.told("setpoint") == [2000.0]
        venus.registers.write(DISCHARGE_POWER, [1700])
        await left.hears("setpoint", 1700.0)


async def test_a_battery_that_sleeps_over_its_orders_is_woken(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(venus_control, "Doze", partial(Doze, patience=0.1))
    monkeypatch.setattr(venus_control, "NUDGE", 0.03)
    cell = Cell()
    async with serve(cell) as venus, driven(venus.port) as left:
        venus.registers.nap = 0.02
        left.box.put(600.0)
        await left.hears("setpoint", 600.0)
        await left.until(lambda: cell.power == 600.0)
        assert venus.writes.count((CONTROL, OFF)) >= 1
        assert left.store["owed"] is True
    assert len([r for r in caplog.records if "does nothing: woken" in r.getMessage()]) == 1


async def test_a_battery_that_is_in_no_standby_is_not_woken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(venus_control, "Doze", partial(Doze, patience=0.1))
    monkeypatch.setattr(venus_control, "ASLEEP", (0,))  # the simulated one says 1
    async with serve(Cell()) as venus, driven(venus.port) as left:
        venus.registers.nap = 60.0
        left.box.put(600.0)
        await left.until(lambda: len(left.told("power")) > 30)
        assert (CONTROL, OFF) not in venus.writes


DOZES = [  # told W, does W, charge %, for so many seconds of doing nothing
    (600.0, 0.0, 60.0, 10.0),
    (-600.0, -12.0, 60.0, 10.0),
    (600.0, 20.0, 60.0, 0.0),
    (600.0, 590.0, 60.0, 0.0),
    (50.0, 0.0, 60.0, 0.0),  # too little to tell
    (600.0, 0.0, 15.0, 0.0),  # empty
    (-600.0, 0.0, 99.0, 0.0),  # full
    (600.0, 0.0, 99.0, 10.0),  # full, and told to discharge: the case there is
    (600.0, 0.0, None, 0.0),
    (None, 0.0, 60.0, 0.0),  # nothing of ours
    (600.0, None, 60.0, 0.0),
]


@pytest.mark.parametrize(("target", "power", "soc", "idle"), DOZES)
def test_doing_nothing_is_counted_where_something_was_told(target, power, soc, idle) -> None:
    assert Doze().after(10.0, target, power, soc).idle == idle


def test_a_battery_that_does_not_wake_is_woken_less_and_less_often() -> None:
    doze, times = Doze(), []
    for second in range(4 * 3600):
        doze = doze.after(1.0, 600.0, 0.0, 60.0)
        if doze.is_due:
            times.append(second + 1)
            doze = doze.woken()
    assert times[:4] == [30, 90, 210, 450]
    assert all(b - a <= 3600 for a, b in pairwise(times))
    assert doze.after(1.0, 600.0, 580.0, 60.0) == Doze()


async def test_a_slow_read_back_is_waited_for() -> None:
    async with serve(Cell(), echo=0.1) as venus, driven(venus.port, settle=0.5) as left:
        for watts in (800.0, -800.0, 300.0):
            left.box.put(watts)
            await left.hears("setpoint", watts)
        await left.until(lambda: venus.reads > 100)
        assert left.told("setpoint") == [800.0, -800.0, 300.0]
        assert venus.writes.count((CONTROL, ON)) == 1


async def test_control_that_does_not_stick_is_taken_on_a_fresh_session() -> None:
    async with serve(Cell(), slot_rest=0.01) as venus, driven(venus.port) as left:
        await left.until(lambda: bool(left.records))
        venus.registers.stuck = 1
        left.box.put(250.0)
        await left.hears("setpoint", 250.0)
        assert venus.sessions == 2
        assert venus.writes[:2] == [(CONTROL, ON), (CONTROL, ON)]


async def test_control_that_never_sticks_is_a_fault_with_a_cure() -> None:
    async with serve(Cell(), slot_rest=0.01) as venus, driven(venus.port) as left:
        await left.until(lambda: bool(left.records))
        venus.registers.stuck = 99
        left.box.put(250.0)
        with pytest.raises(OSError, match=r"127\.0\.0\.1:\d+ takes remote control .* manual mode"):
            await left.task
        assert left.told("setpoint") == []


# Release


@pytest.mark.parametrize("how", ["release", "end", "stop"])
async def test_release_gives_the_battery_back_and_proves_it(how: str) -> None:
    cell = Cell()
    async with serve(cell, echo=0.03) as venus, driven(venus.port) as left:
        left.box.put(-700.0)
        await left.hears("setpoint", -700.0)
        if how == "release":
            left.box.put(RELEASE)
            await left.until(lambda: left.records[-1].self_regulating is True)
        elif how == "end":
            left.box.close()
            await left.task
        else:
            await left.stop()
        assert venus.writes[-4:] == RELEASED
        assert cell.commands[-1] is None
        assert not venus.registers.control
        assert left.store["owed"] is False


async def test_a_released_battery_is_not_released_twice_and_can_be_taken_again() -> None:
    async with serve(Cell()) as venus:
        async with driven(venus.port) as left:
            left.box.put(500.0)
            await left.hears("setpoint", 500.0)
            left.box.put(RELEASE)
            await left.until(lambda: left.records[-1].self_regulating is True)
            left.box.put(300.0)
            await left.hears("setpoint", 300.0)
            assert venus.registers.control
            left.box.put(RELEASE)
            await left.until(lambda: left.store["owed"] is False)
            left.box.close()
            await left.task
        assert venus.writes.count((CONTROL, OFF)) == 2


async def test_a_release_that_comes_first_asks_nothing_else() -> None:
    cell = Cell()
    async with serve(cell) as venus:
        venus.registers.write(CONTROL, [ON])  # by a process that was killed
        async with driven(venus.port) as left:
            left.box.put(RELEASE)
            left.box.close()
            await left.task
        assert venus.writes == RELEASED
        assert venus.reads == 2
        assert cell.commands[-1] is None


async def test_a_battery_under_nobodys_control_needs_no_release() -> None:
    async with serve(Cell()) as venus:
        async with driven(venus.port) as left:
            left.box.put(RELEASE)
            left.box.close()
            await left.task
        assert venus.writes == []


async def test_a_release_that_is_interrupted_is_begun_again() -> None:
    async with serve(Cell()) as venus, driven(venus.port, patience=5) as left:
        left.box.put(500.0)
        await left.hears("setpoint", 500.0)
        venus.stall(0.1)
        left.box.put(RELEASE)
        await asyncio.sleep(0.03)
        await left.stop()
        assert not venus.registers.control
        assert left.store["owed"] is False


@settings(deadline=None, max_examples=15)
@given(told=st.lists(st.floats(-4000, 4000), min_size=1, max_size=6), family=st.sampled_from("vda"))
def test_whatever_is_told_the_registers_end_as_the_last_setpoint(
    told: list[float], family: str
) -> None:
    async def tell() -> None:
        cell = Cell()
        async with serve(cell, family=family.replace("v", "v3")) as venus:
            async with driven(venus.port) as left:
                for watts in told:
                    left.box.put(watts)
                    await asyncio.sleep(0.003)
                left.box.close()
                await left.task
                limit = left.told("max_discharge")[0]
                wanted = float(round(min(max(told[-1], -limit), limit)))
                assert left.told("setpoint")[-1] == wanted
                assert wanted in cell.commands
            assert cell.commands[-1] is None
            assert all(abs(watts or 0.0) <= limit for watts in cell.commands)
            assert venus.registers.wear == 0

    asyncio.run(tell())


async def test_release_zero_holds_zero_and_keeps_control() -> None:
    cell = Cell()
    async with serve(cell) as venus:
        async with driven(venus.port, terms=Terms(release="zero")) as left:
            left.box.put(500.0)
            await left.hears("setpoint", 500.0)
            left.box.put(RELEASE)
            await left.hears("setpoint", 0.0)
        assert cell.commands[-1] == 0.0
        assert venus.registers.control
        assert (CONTROL, OFF) not in venus.writes


async def test_a_release_that_is_not_obeyed_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serve(Cell(), slot_rest=0.01) as venus, driven(venus.port) as left:
        left.box.put(500.0)
        await left.hears("setpoint", 500.0)
        obey = venus.registers.write
        clings = lambda at, words: 0 if list(words) == [OFF] else obey(at, words)  # noqa: E731
        monkeypatch.setattr(venus.registers, "write", clings)
        left.box.put(RELEASE)
        with pytest.raises(OSError, match="does not let go of remote control"):
            await left.task
        assert left.store["owed"] is True


async def test_a_battery_that_was_left_behind_is_given_back_after_a_lease() -> None:
    cell, store = Cell(), Store({"owed": True})
    async with serve(cell) as venus:
        venus.registers.write(CONTROL, [ON])
        async with driven(venus.port, store=store, terms=Terms(lease=0.2)) as left:
            await left.until(lambda: store["owed"] is False)
        assert venus.writes == RELEASED
        assert cell.commands[-1] is None


async def test_a_battery_that_was_left_behind_goes_on_with_the_next_setpoint() -> None:
    cell, store = Cell(), Store({"owed": True})
    async with serve(cell) as venus:
        venus.registers.write(CONTROL, [ON])
        async with driven(venus.port, store=store, terms=Terms(lease=0.2)) as left:
            left.box.put(350.0)
            await left.hears("setpoint", 350.0)
            await left.until(lambda: venus.reads > 100)
            assert (CONTROL, OFF) not in venus.writes


async def test_control_taken_by_somebody_else_is_let_alone() -> None:
    async with serve(Cell()) as venus:
        venus.registers.write(CONTROL, [ON])
        async with driven(venus.port, terms=Terms(lease=0.05)) as left:
            await left.until(lambda: venus.reads > 60)
        assert venus.writes == []


# Away, slow, restarted


async def test_a_stall_is_waited_out_and_the_newest_setpoint_written_after_it() -> None:
    cell = Cell()
    async with serve(cell) as venus, driven(venus.port, poll=30.0) as left:
        left.box.put(100.0)
        await left.hears("setpoint", 100.0)
        venus.stall(60)
        for watts in (200.0, 300.0, 400.0):
            left.box.put(watts)
            await asyncio.sleep(0.01)
        venus.resume()
        await left.hears("setpoint", 400.0)
        assert left.told("setpoint") == [100.0, 200.0, 400.0]
        assert venus.sessions == 1


async def test_a_silent_battery_is_away_and_what_it_owes_is_remembered() -> None:
    cell = Cell()
    async with serve(cell, slot_rest=0.01) as venus:
        async with driven(venus.port, patience=0.4) as left:
            left.box.put(500.0)
            await left.hears("setpoint", 500.0)
            cell.online = False
            with pytest.raises(TimeoutError, match=r"127\.0\.0\.1:\d+ gave no answer in 0.4s"):
                await left.task
        assert left.store["owed"] is True
        cell.online = True
        async with driven(venus.port, store=left.store) as again:
            again.box.put(RELEASE)
            await again.until(lambda: left.store["owed"] is False)
        assert not venus.registers.control


async def test_a_session_held_by_a_ghost_is_a_fault_that_names_it() -> None:
    async with serve(Cell(), slot_rest=0.01) as venus:
        venus.zombie = True
        async with driven(venus.port) as left:
            with pytest.raises(OSError, match="no other Modbus client connected"):
                await left.task
        venus.zombie = False
        async with driven(venus.port) as left:
            await left.until(lambda: bool(left.records))


async def test_nobody_there_is_a_fault_that_names_the_address() -> None:
    async with serve(Cell()) as venus:
        port = venus.port
    async with driven(port) as left:
        with pytest.raises(OSError, match=rf"127\.0\.0\.1:{port}: Connection refused; is it on"):
            await left.task


async def test_a_restarted_battery_is_taken_again_with_its_setpoint() -> None:
    cell = Cell()
    async with serve(cell, slot_rest=0.01) as venus, driven(venus.port, poll=0.3) as left:
        left.box.put(600.0)
        await left.hears("setpoint", 600.0)
        venus.reboot()  # between two requests; within one it would be a fault
        assert cell.power == 12.0
        await left.until(lambda: left.told("setpoint").count(600.0) == 2)
        assert cell.power == 600.0
        assert venus.registers.control


async def test_a_battery_that_hangs_up_after_exceptions_is_read_all_the_same() -> None:
    absent = (44002, 44003, 35000)
    async with serve(Cell(power=50.0), slot_rest=0.01, absent=absent) as venus:
        venus.hangs_up = True
        async with driven(venus.port) as left:
            await left.until(lambda: len(left.records) > 12)
            assert left.told("power")[-1] == 50.0
            assert left.told("charged") != []
            assert left.told("temperature") == []
        assert venus.sessions == 3


async def test_a_refused_power_register_says_what_to_set() -> None:
    async with serve(Cell(), absent=(30006,)) as venus, driven(venus.port) as left:
        with pytest.raises(OSError, match=r"not a Venus of family v3; set `family`"):
            await left.task


async def test_a_refused_setpoint_gives_the_battery_back(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serve(Cell(), slot_rest=0.01) as venus, driven(venus.port) as left:
        left.box.put(500.0)
        await left.hears("setpoint", 500.0)
        obey = venus.registers.write
        picky = lambda at, words: 3 if list(words) == [700] else obey(at, words)  # noqa: E731
        monkeypatch.setattr(venus.registers, "write", picky)
        left.box.put(700.0)
        with pytest.raises(OSError, match=r"refuses the value .*42021, exception 3"):
            await left.task
        assert not venus.registers.control


async def test_garbage_is_a_fault_with_a_cure() -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(64)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    async with server, driven(server.sockets[0].getsockname()[1]) as left:
        with pytest.raises(OSError, match="not Modbus tcp; an RS485 gateway must"):
            await left.task


async def test_impossible_telemetry_is_told_once_and_kept_out(
    caplog: pytest.LogCaptureFixture,
) -> None:
    cell, before = Cell(soc=60.0), LOG.odd
    async with serve(cell) as venus, driven(venus.port) as left:
        await left.until(lambda: bool(left.records))
        cell.soc = 6400.0
        await left.until(lambda: venus.reads > 100)
        cell.soc = 61.0
        await left.hears("soc", 61.0)
        assert set(left.told("soc")) == {60.0, 61.0}
    assert sum("impossible soc" in line.getMessage() for line in caplog.records) == 1
    assert LOG.odd - before > 1


async def test_a_dip_of_the_energy_counters_is_discarded() -> None:
    async with serve(Cell()) as venus, driven(venus.port, poll=0.002) as left:
        await left.until(lambda: len(left.told("charged")) >= 2)
        count = len(left.told("charged"))
        venus.registers.dip = True
        await left.until(lambda: len(left.told("charged")) > count)
        venus.registers.dip = False
        await left.until(lambda: len(left.told("charged")) > count + 2)
        assert min(left.told("charged")) == 1.0e6
        assert min(left.told("discharged")) == 0.9e6


# Families, framing, sharing


@pytest.mark.parametrize(
    ("family", "name", "limit"),
    [
        ("v2", "BI_2.5_2.5", 2500.0),
        ("v2", "AC01", 2500.0),
        ("v2", "unheard", 2500.0),  # though 30001 answers there too
        ("v3", "VNSE3-0", 2500.0),
        ("d", "VNSD-0", 2500.0),
        ("a", "VNSA-0", 1450.0),
        ("v3", "unheard", 1450.0),  # newer, but which? the lowest limit is the safe one
        ("d", "", 1450.0),
    ],
)
async def test_the_family_is_recognised(family: str, name: str, limit: float) -> None:
    async with serve(Cell(power=-321.0), family=family) as venus:
        venus.registers.rename(name)
        async with driven(venus.port) as left:
            await left.until(lambda: bool(left.records))
            first = left.records[0]
            assert (first.power, first.cell_power, first.soc) == (-321.0, -321.0, 60.0)
            assert first.max_discharge == limit


async def test_the_family_can_be_forced() -> None:
    async with serve(Cell(power=77.0), family="v2") as venus:
        venus.registers.rename("VNSE3-0")
        async with driven(venus.port, family="c") as left:
            await left.until(lambda: bool(left.records))
            assert left.records[0].power == 77.0


async def test_rtu_frames_over_tcp_reach_a_plain_gateway() -> None:
    cell = Cell()
    async with serve(cell, family="v2", framing="rtu") as venus:
        async with driven(venus.port, framing="rtu", gap=0.005) as left:
            left.box.put(-450.0)
            await left.hears("setpoint", -450.0)
            assert cell.power == -450.0
        assert cell.commands[-1] is None


async def test_all_steps_of_one_battery_share_one_session() -> None:
    async with serve(Cell()) as venus, driven(venus.port) as left:
        voltage = modbus_read(
            host="127.0.0.1",
            port=venus.port,
            register=32104,
            unit="%",
            every=0.01,
            gap=0.001,
            log=LOG,
        )
        left.box.put(200.0)
        for _ in range(3):
            assert await anext(voltage) == 60.0
        await left.hears("setpoint", 200.0)
        await voltage.aclose()
        assert (venus.sessions, venus.turned_away) == (1, 0)


async def test_requests_keep_their_distance() -> None:
    async with serve(Cell()) as venus, driven(venus.port, gap=0.03, poll=0.001) as left:
        await left.until(lambda: bool(left.records))
        loop = asyncio.get_running_loop()
        begun, read = loop.time(), venus.reads
        await left.until(lambda: venus.reads >= read + 5)
        assert loop.time() - begun > 4 * 0.03 * 0.9


async def test_the_mode_is_told_by_name() -> None:
    async with serve(Cell()) as venus, driven(venus.port) as left:
        await left.hears("mode", "manual")
        assert left.records[0].self_regulating is False
        left.box.put(500.0)
        await left.hears("mode", "remote")


async def test_without_a_host_there_is_no_battery() -> None:
    box: Latest[float | Release] = Latest()
    box.put(500.0)
    box.close()
    device = marstek_modbus(box, host="", store=Store(), log=LOG)
    assert [record async for record in device] == [Battery(online=False)]


def test_fast_settings_are_settings() -> None:
    assert FAST.keys() <= read_node(marstek_modbus).settings.keys()
