"""The simulated battery alone: how it answers, what it bears, what goes wrong."""

from dataclasses import replace
from itertools import groupby, pairwise
from math import exp, inf, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowctl import Battery
from nodes.sim.battery import HomeBattery
from nodes.sim.cells import HOUR
from nodes.sim.health import Health
from nodes.sim.leg import Leg
from nodes.sim.setup import BatteryFault, BatterySetup, Losses, Telemetry
from nodes.sim.trace import Trace
from nodes.sim.unit import Unit

PLAIN = BatterySetup(
    dead_time=2.0,
    lag=1.0,
    slew=1e9,
    wake=0.0,
    min_power=0.0,
    write_every=0.0,
    telemetry=Telemetry(every=0.0, age=0.0, noise=0.0),
)


def battery(**changed: object) -> HomeBattery:
    return HomeBattery("left", replace(PLAIN, **changed))


def after(seconds: float, unit: HomeBattery) -> float:
    unit.advance(unit.now + seconds)
    return unit.true_power(unit.now)


def settled(watts: float | None, **changed: object) -> float:
    unit = battery(**changed)
    unit.command(watts)
    return after(60.0, unit)


def test_it_is_what_the_servers_serve() -> None:
    unit: Unit = battery()
    assert (unit.power, unit.soc, unit.capacity, unit.online) == (0, 60, 5120, True)


def test_nothing_moves_before_the_dead_time_and_then_the_lag_counts() -> None:
    unit = battery()
    unit.command(1000.0)
    assert after(2.0, unit) == 0
    assert after(1.0, unit) == pytest.approx(1000 * (1 - exp(-1)))
    assert after(2.0, unit) == pytest.approx(1000 * (1 - exp(-3)))
    assert after(9.0, unit) == 1000


def test_it_moves_no_faster_than_its_slew_rate() -> None:
    unit = battery(slew=100.0)
    unit.command(-1000.0)
    assert after(2.0, unit) == 0
    assert after(5.0, unit) == pytest.approx(-500)
    assert after(4.0, unit) == pytest.approx(-900)
    assert after(1.0, unit) == pytest.approx(-1000 + 100 * exp(-1))


def test_from_idle_it_has_to_wake_up_and_only_then() -> None:
    unit = battery(wake=3.0)
    unit.command(1000.0)
    assert after(5.0, unit) == 0
    assert after(1.0, unit) > 600
    after(20.0, unit)
    unit.command(500.0)
    assert after(3.0, unit) < 700


TRICKLE = {"wake": 3.0, "min_power": 80.0, "dead_time": 0.0}


def begun(unit: HomeBattery) -> float:
    """How long after a command it begins to move, s."""
    unit.command(1000.0)
    since = unit.now
    while after(0.5, unit) < 1:
        pass
    return unit.now - since


@pytest.mark.parametrize(
    ("little", "changed", "waits"),
    [
        (1.0, {}, 0.5),
        (-39.0, {}, 0.5),
        (0.0, {}, 3.5),
        (None, {}, 3.5),
        (1.0, {"stays_awake": False}, 3.5),
        (-1.0, {"max_charge": 0.0}, 3.5),
        (1.0, {"faults": (BatteryFault(after=60.0, lasts=30.0, offline=True),)}, 3.5),
    ],
)
def test_told_a_trickle_it_gives_nothing_and_stays_awake(
    little: float | None, changed: dict[str, Any], waits: float
) -> None:
    unit = battery(**TRICKLE, **changed)
    unit.command(1000.0)
    after(20.0, unit)
    unit.command(little)
    assert after(80.0, unit) == 0
    assert begun(unit) == waits


def test_a_trickle_wakes_it_and_zero_lets_it_sleep_again() -> None:
    unit = battery(**TRICKLE)
    unit.command(1.0)
    assert after(10.0, unit) == 0
    assert unit.naps == [(3.0, inf)]
    unit.command(0.0)
    assert after(10.0, unit) == 0
    assert unit.naps == [(3.0, 10.0)]
    assert begun(unit) == 3.5


def test_one_that_wakes_up_for_a_trickle_wakes_up_once() -> None:
    unit = battery(**TRICKLE)
    unit.command(1.0)
    after(2.0, unit)
    assert begun(unit) == 1.5
    assert unit.naps == []


def test_what_its_own_logic_wants_a_little_of_lets_it_sleep() -> None:
    unit = battery(**TRICKLE, self_regulating=True)
    unit.regulate(30.0)
    after(10.0, unit)
    assert unit.naps == []


def test_kept_awake_its_electronics_lose_as_at_work() -> None:
    unit = battery(**TRICKLE, losses=Losses(standing=12.0))
    unit.command(1.0)
    after(3603.0, unit)
    assert unit.cells.lost / HOUR == pytest.approx(12.0, abs=0.01)
    assert unit.cells.stored / HOUR == pytest.approx(0.6 * 5120 - 12.0, abs=0.01)


def test_commands_land_one_after_the_other() -> None:
    unit = battery()
    for watts in (1000.0, -500.0, 200.0):
        unit.command(watts)
        after(1.0, unit)
    assert after(0.0, unit) > 600
    assert after(1.0, unit) < 0
    assert after(20.0, unit) == 200


def test_the_gateway_takes_one_command_per_interval_and_the_newest() -> None:
    unit = battery(write_every=2.0)
    for watts in (100.0, 200.0, 300.0):
        unit.command(watts)
    unit.advance(10.0)
    assert [(time, record.setpoint) for time, record in unit.told()] == [(0, 100), (2, 300)]


@pytest.mark.parametrize(
    ("asked", "changed", "given"),
    [
        (3000.0, {}, 2500),
        (-3000.0, {"max_charge": 800.0}, -800),
        (-100.0, {"max_charge": 0.0}, 0),
        (30.0, {"min_power": 80.0}, 0),
        (50.0, {"min_power": 80.0}, 80),
        (-50.0, {"min_power": 80.0}, -80),
        (123.0, {"resolution": 10.0}, 120),
        (123.4, {"resolution": 0.0}, 123.4),
        (1000.0, {"gain": 60.0}, 600),
        (1000.0, {"lost_writes": 100.0}, 0),
        (2000.0, {"faults": (BatteryFault(lasts=99, cap=300.0),)}, 300),
        (-2000.0, {"faults": (BatteryFault(lasts=99, cap=300.0),)}, -300),
        (1000.0, {"faults": (BatteryFault(lasts=99, gain=50.0),)}, 500),
        (1000.0, {"faults": (BatteryFault(lasts=99, offline=True),)}, 0),
        (1000.0, {"faults": (BatteryFault(lasts=99, deaf=True),)}, 0),
        (1000.0, {"soc": 11.0}, 0),
        (2500.0, {"soc": 14.0}, 1250),
        (-2500.0, {"soc": 11.0}, -2500),
        (-2500.0, {"soc": 100.0}, 0),
        (-2500.0, {"soc": 95.0, "capacity": 1e9}, -1500),
        (1000.0, {"soc": 100.0}, 1000),
        (nan, {}, 0),
        (inf, {}, 0),
        (None, {}, 0),
    ],
)
def test_a_command_comes_to_what_the_battery_can_do(
    asked: float | None, changed: dict[str, object], given: float
) -> None:
    assert settled(asked, **changed) == pytest.approx(given, abs=0.6)


def test_a_fault_comes_goes_and_comes_again() -> None:
    fault = BatteryFault(after=20.0, lasts=10.0, every=60.0, cap=300.0)
    unit = battery(faults=(fault,), lag=0.01, dead_time=0.0)
    unit.command(1000.0)
    powers = [round(after(5.0, unit)) for _ in range(20)]
    capped = [5.0 * (index + 1) for index, watts in enumerate(powers) if watts == 300]
    assert capped == [25, 30, 85, 90]
    assert set(powers) == {300, 1000}


def test_its_health_is_worked_out_only_as_a_fault_begins_or_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[Health] = []

    def noted(*given: Any) -> Health:
        made.append(Health(*given))
        return made[-1]

    monkeypatch.setattr("nodes.sim.battery.Health", noted)
    unit = battery(faults=(BatteryFault(after=20.0, lasts=10.0, every=60.0, cap=300.0),))
    seen = [after(0.5, unit) or unit.able() for _ in range(1200)]
    assert set(seen) == {(2500.0, 2500.0), (300.0, 300.0)}
    assert len(made) == 1 + 2 * 10


def test_power_is_cut_and_it_wakes_up_released() -> None:
    fault = BatteryFault(after=20.0, lasts=10.0, offline=True)
    unit = battery(faults=(fault,))
    unit.command(1000.0)
    assert after(15.0, unit) == 1000
    assert after(14.0, unit) == 0
    assert not unit.online
    unit.command(700.0)
    assert after(20.0, unit) == 0
    assert unit.online
    assert not unit.commanded


def test_a_deaf_battery_goes_on_as_it_was_told_last() -> None:
    unit = battery(faults=(BatteryFault(after=20.0, lasts=10.0, deaf=True),))
    unit.command(1000.0)
    after(25.0, unit)
    unit.command(0.0)
    assert after(4.0, unit) == 1000
    assert not unit.online
    assert [record.setpoint for _, record in unit.told()] == [1000]


def test_released_it_idles() -> None:
    unit = battery()
    unit.command(1000.0)
    after(20.0, unit)
    assert unit.commanded
    unit.command(None)
    assert not unit.commanded
    assert after(20.0, unit) == 0
    assert [record for _, record in unit.told()] == [
        Battery(setpoint=1000.0, self_regulating=False),
        Battery(setpoint=0.0),
    ]


def test_left_alone_a_self_regulating_one_follows_the_meter_until_commanded() -> None:
    unit = battery(self_regulating=True, lag=0.1)
    for second in range(60):
        unit.advance(float(second))
        unit.regulate(800 - unit.true_power(unit.now))
    assert after(2.0, unit) == pytest.approx(800, abs=25)
    unit.command(-300.0)
    assert after(20.0, unit) == -300
    assert not unit.self_regulating
    unit.command(None)
    after(3.0, unit)
    assert unit.self_regulating
    assert unit.told()[-1][1] == Battery(self_regulating=True)


def test_one_that_ignores_commands_follows_its_own_meter_and_accepts_nothing() -> None:
    unit = battery(self_regulating=True, ignores_commands=True, lag=0.1)
    unit.regulate(40.0)
    unit.command(1000.0)
    assert after(10.0, unit) == 32
    assert (unit.online, unit.listens, unit.self_regulating) == (True, False, True)
    assert unit.told() == []


def test_an_empty_battery_gives_again_only_after_some_charge() -> None:
    unit = battery(soc=11.6, capacity=1000.0)
    unit.command(1000.0)
    after(40.0, unit)
    assert unit.soc < 11.5
    assert after(20.0, unit) == 0
    unit.command(-1000.0)
    after(30.0, unit)
    assert 11.5 < unit.soc < 13
    unit.command(1000.0)
    assert after(20.0, unit) == 0


def test_telemetry_is_old_noisy_and_glitches() -> None:
    telemetry = Telemetry(every=2.0, age=1.5, noise=20.0, zeros=10.0)
    unit = battery(telemetry=telemetry, dead_time=0.0, lag=0.01)
    while unit.now < 2000:
        unit.advance(unit.next_record)
        unit.measure()
        if not unit.commanded:
            begun = unit.now
            unit.command(1000.0)
    told = [(time, record) for time, record in unit.told() if record.power is not None]
    powers = [record.power for time, record in told if time > begun + 1.7]
    early = [record.power or 0 for time, record in told if time < begun + 1.4]
    assert all(abs(power) < 100 for power in early)
    assert 0.05 < powers.count(0.0) / len(powers) < 0.16
    near = [power for power in powers if power]
    assert abs(sum(near) / len(near) - 1000) < 5
    assert all(abs(power - 1000) < 120 for power in near)
    assert [round(b[0] - a[0], 6) for a, b in pairwise(told)] == [2.0] * (len(told) - 1)


def test_telemetry_that_is_renewed_seldom_is_told_again() -> None:
    unit = battery(telemetry=Telemetry(every=1.0, age=0.0, noise=5.0, renews=7.0))
    unit.command(1000.0)
    while unit.now < 200:
        unit.advance(unit.next_record)
        unit.measure()
    told = [record.power for _, record in unit.told() if record.power is not None]
    stood = [len(list(same)) for _, same in groupby(told)]
    assert set(stood[1:-1]) <= {7, 14, 21}  # by chance the same again
    assert len(stood) > 25


def test_a_record_tells_what_a_device_would() -> None:
    unit = battery(telemetry=Telemetry(every=2.0, age=0.0, noise=0.0), min_power=80.0)
    unit.advance(unit.next_record)
    unit.measure()
    assert unit.told()[0][1] == Battery(
        power=0.0,
        soc=60.0,
        capacity=5120.0,
        max_charge=2500.0,
        max_discharge=2500.0,
        min_power=80.0,
        write_every=0.0,
        self_regulating=False,
        online=True,
        charged=0.0,
        discharged=0.0,
    )
    assert unit.told() == []


def test_units_of_one_make_differ_by_their_spread() -> None:
    made = [HomeBattery(name, replace(PLAIN, spread=20.0)) for name in "abcdefgh"]
    assert len({unit.dead_time for unit in made}) == len(made)
    assert all(1.6 <= unit.dead_time <= 2.4 for unit in made)


SETUPS = st.builds(
    BatterySetup,
    dead_time=st.floats(0, 6),
    lag=st.floats(0.05, 4),
    slew=st.floats(50, 1500),
    wake=st.floats(0, 3),
    min_power=st.floats(0, 150),
    resolution=st.sampled_from([0.0, 1.0, 10.0]),
    soc=st.floats(0, 100),
    capacity=st.floats(50, 5000),
    write_every=st.floats(0, 3),
    lost_writes=st.floats(0, 30),
    faults=st.lists(
        st.builds(
            BatteryFault,
            after=st.floats(0, 60),
            lasts=st.floats(1, 40),
            cap=st.none() | st.floats(0, 2000),
            gain=st.none() | st.floats(0, 150),
            offline=st.booleans(),
            deaf=st.booleans(),
        ),
        max_size=2,
    ).map(tuple),
)
COMMANDS = st.lists(st.tuples(st.floats(0, 20), st.none() | st.floats(-4000, 4000)), max_size=12)


@given(SETUPS, COMMANDS)
def test_energy_is_neither_made_nor_forgotten(
    setup: BatterySetup, commands: list[tuple[float, float | None]]
) -> None:
    unit = HomeBattery("left", setup)
    for pause, watts in commands:
        unit.command(watts)
        unit.advance(unit.now + pause)
    unit.advance(float(int(unit.now) + 1))
    begun, cells = setup.soc / 100 * setup.capacity * HOUR, unit.cells
    delivered = unit.energy(unit.now)
    assert begun - cells.stored == pytest.approx(delivered + cells.lost, abs=0.01)
    assert (cells.discharged - cells.charged) * HOUR == pytest.approx(delivered, abs=0.01)
    assert cells.lost >= 0


@given(SETUPS, COMMANDS)
def test_it_never_leaves_its_limits(
    setup: BatterySetup, commands: list[tuple[float, float | None]]
) -> None:
    unit = HomeBattery("left", setup)
    for pause, watts in commands:
        unit.command(watts)
        end = unit.now + pause
        while unit.now < end:
            before = unit.true_power(unit.now)
            unit.advance(min(end, unit.now + 0.37))
            power = unit.true_power(unit.now)
            assert abs(power) <= 2500 + 1e-6
            assert abs(power - before) <= setup.slew * 0.37 + 1
        assert 0 <= unit.soc <= 100


@given(SETUPS, COMMANDS, st.floats(0.01, 3.0))
def test_its_course_does_not_depend_on_the_size_of_the_steps(
    setup: BatterySetup, commands: list[tuple[float, float | None]], step: float
) -> None:
    coarse, fine = HomeBattery("left", setup), HomeBattery("left", setup)
    for pause, watts in commands:
        coarse.command(watts)
        fine.command(watts)
        end = coarse.now + pause
        coarse.advance(end)
        while fine.now < end:
            fine.advance(min(end, fine.now + step))
        assert fine.true_power(end) == coarse.true_power(end)
    assert fine.told() == coarse.told()
    assert fine.cells.stored == coarse.cells.stored


@given(st.floats(-3000, 3000), st.floats(-3000, 3000), st.floats(0.05, 4), st.floats(50, 1500))
def test_the_energy_of_a_move_is_the_area_under_its_power(
    begin: float, target: float, lag: float, slew: float
) -> None:
    leg = Leg(0.0, 0.5, begin, 0.0, target, lag, slew)
    step = 0.01
    area = sum(leg.power_at((n + 0.5) * step) * step for n in range(1000))
    assert leg.energy_at(10.0) == pytest.approx(area, abs=8.0)  # it counts as there within 0.5 W


def sunny(watts: float, **changed: Any) -> HomeBattery:
    sun = Trace((0.0, 1.0), (watts, watts), length=1e9)
    return HomeBattery("left", replace(PLAIN, **changed), sun=sun)


def test_panels_on_its_own_side_fill_it_without_any_ac_power() -> None:
    unit = sunny(1000.0, soc=50.0, capacity=1000.0)
    unit.advance(360.0)
    assert unit.soc == pytest.approx(60.0, abs=0.1)
    assert unit.energy(360.0) == 0.0


def test_what_a_full_one_cannot_keep_is_lost() -> None:
    unit = sunny(1000.0, soc=99.0, capacity=1000.0)
    unit.advance(720.0)
    assert unit.soc == 100.0


def test_an_empty_one_passes_on_what_its_panels_make() -> None:
    unit = sunny(400.0, soc=5.0, max_charge=0.0)
    unit.advance(2.0)
    unit.command(2000.0)
    unit.advance(30.0)
    assert unit.true_power(30.0) == pytest.approx(380.0, abs=1)
    assert unit.able() == (0.0, pytest.approx(380.0))


def test_it_tells_panels_and_cells_apart() -> None:
    unit = sunny(400.0, soc=50.0, telemetry=Telemetry(every=1.0, age=0.0, noise=0.0))
    unit.command(100.0)
    unit.advance(20.0)
    unit.measure()
    _, record = unit.told()[-1]
    assert (record.power, record.pv_power, record.cell_power) == (100.0, 400.0, -300.0)


def test_a_full_one_tells_that_its_panels_make_no_more_than_it_gives() -> None:
    told = Telemetry(every=1.0, age=0.0, noise=0.0)
    unit = sunny(
        1000.0,
        soc=100.0,
        telemetry=told,
        losses=Losses(standing=0.0, proportional=0.0, at_full_power=0.0),
    )
    for watts, made in ((0.0, 0.0), (300.0, 300.0)):
        unit.command(watts)
        unit.advance(unit.now + 20.0)
        unit.measure()
        _, record = unit.told()[-1]
        assert (record.power, record.pv_power, record.cell_power) == (watts, made, 0.0)
