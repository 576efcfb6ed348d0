"""`pid` is the textbook's regulator, with its integral kept in hand."""

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowctl import Battery
from flowctl.faults import FlowError
from flowctl.language.check import load
from flowctl.testing import Bench, play
from flowctl.virtual.detached import rehearse
from nodes._helpers.fleet import Fleet
from nodes.pid import LIMITED, Gains, Memory, Reading, limits, pid, regulate
from tests.nodes.batteries import FLEETS, GRIDS, told

WIDE = {"low": -math.inf, "high": math.inf}
FAR = {"low": "-9kW", "high": "9kW"}
FLOW = """
streams:
  meter: [homewizard_p1: h]
  plan: [from: meter, pid: {batteries: [left, right]}, split: {batteries: [left, right]}]
  left: [from: plan.left, marstek_modbus: {host: a, lease: 10m}]
  right: [from: plan.right, marstek_modbus: {host: b, lease: 10m}]
"""
FULL = Battery(max_charge=2500.0, max_discharge=2500.0, soc=60.0)


@pytest.mark.parametrize(
    ("gains", "reading", "integral", "said"),
    [
        (Gains(0.5, 0, 0, **WIDE), Reading(100, 100, 1), 0, 50),
        (Gains(0, 0.2, 0, **WIDE), Reading(100, 100, 1), 20, 20),
        (Gains(0, 0.2, 0, **WIDE), Reading(100, 100, 10), 200, 200),
        (Gains(0, 0, 2.0, **WIDE), Reading(100, 100, 1), 0, 200),
        (Gains(0, 0, 2.0, **WIDE), Reading(100, 100, 4), 0, 50),
        (Gains(0, 0, 2.0, **WIDE, smooth=3), Reading(100, 100, 1), 0, 50),
        (Gains(1, 0, 0, -80, 80), Reading(100, 100, 1), 0, 80),
        (Gains(0, 1, 0, -80, 80), Reading(100, 100, 1), 80, 80),
        (Gains(0, 1, 0, -80, 80, windup=500), Reading(100, 100, 1), 100, 80),
        (Gains(0, 1, 0, -80, 80, windup=90), Reading(100, 100, 1), 90, 80),
        (Gains(1, 1, 1, **WIDE, deadband=100), Reading(100, 100, 1), 0, 0),
    ],
)
def test_one_step_from_rest(gains, reading, integral, said):
    memory = regulate(Memory(0.0, 0.0), reading, gains)
    assert (memory.integral, memory.said) == (pytest.approx(integral), pytest.approx(said))


def test_at_a_limit_the_integral_gives_in_and_turns_back_at_once():
    line = [(at, 1000.0) for at in range(60)] + [(60, -100.0)]
    said = play(pid, line, kp=0.3, ki=0.15, high="800W", low=0)
    assert said[-2][1] == 800.0
    assert said[-1][1] < 800.0
    wound = play(pid, line, kp=0.3, ki=0.15, high="800W", low=0, windup="1MW")
    assert wound[-1][1] == 800.0


def test_inside_the_deadband_the_output_stays():
    line = [(0, 0.0), (1, 100.0), (2, 15.0), (3, -15.0)]
    said = [watts for _, watts in play(pid, line, kp=0.5, ki=0.1, deadband="15W", **FAR)]
    assert said == [0.0, 60.0, 60.0, 60.0]


def test_it_starts_at_what_batteries_do():
    two = told(left={"power": 300.0}, right={"power": -50.0})
    assert play(pid, [(1, 100.0)], batteries=two, kp=0.5) == [(1, 300.0)]


def test_a_new_target_gives_the_derivative_no_kick():
    line = [(0, 100.0), (1, 100.0), (2, 100.0)]
    said = play(pid, line, kp=0, ki=0, kd="2s", aim=[(0, 0.0), (1.5, -500.0)])
    assert [watts for _, watts in said] == [0.0, 0.0, 0.0]


def test_the_derivative_may_be_of_what_batteries_give():
    left = [(0, told(left={"power": 0.0})["left"][0][1])]
    left.append((1.5, told(left={"power": 300.0})["left"][0][1]))
    line = [(1, 0.0), (2, 0.0)]
    said = play(pid, line, batteries={"left": left}, kp=0, ki=0, kd="0.1s", derivative="output")
    assert said == [(1, 0.0), (2, pytest.approx(-30.0))]


def test_a_fixed_step_counts_every_reading_the_same():
    line = [(0, 100.0), (10, 100.0), (10.5, 100.0)]
    said = play(pid, line, kp=0, ki=0.1, step="1s", **FAR)
    assert [watts for _, watts in said] == pytest.approx([10.0, 20.0, 30.0])


def test_limits_not_given_are_those_of_all_batteries():
    told_all = told(left={"max_discharge": 300.0, "max_charge": 100.0},
                    right={"max_discharge": 500.0, "max_charge": 0.0})  # fmt: skip
    line = [(1, 500.0), (2, -50.0)]
    assert play(pid, line, batteries=told_all, kp=4, ki=0) == [(1, 800.0), (2, -100.0)]
    told_all |= told(third={"max_discharge": 500.0})
    assert play(pid, line, batteries=told_all, kp=4, ki=0) == [(1, 1300.0), (2, -200.0)]


@pytest.mark.parametrize(
    ("right", "most"),
    [
        (Battery(max_discharge=800.0, max_charge=800.0), 3300.0),
        (Battery(max_discharge=800.0, max_charge=800.0, online=False), 2500.0),
        (Battery(online=False), 2500.0),
        (Battery(), math.inf),
    ],
)
def test_the_integral_is_held_at_what_those_that_are_there_give(right, most):
    fleet = Fleet({"left": None, "right": None})
    fleet.hear("left", Battery(max_discharge=2500.0, max_charge=2500.0), 0.0)
    fleet.hear("right", right, 0.0)
    assert limits(fleet, None, None) == (-most, most)


def test_one_that_is_offline_does_not_wind_the_integral_up():
    full = {"power": 2500.0, "max_discharge": 2500.0, "max_charge": 2500.0}
    two = told(left=full, right={**full, "online": False})
    line = [(at, 1500.0) for at in range(600)] + [(600, -2000.0)]
    said = [watts for _, watts in play(pid, line, batteries=two)]
    assert said[-2] == 4000.0  # what is needed, so that it is known to be unmet
    assert said[-1] < 2500.0  # the integral does not know of it


@pytest.mark.parametrize("grid", [700.0, -700.0])
def test_with_all_offline_it_says_what_is_needed_and_keeps_nothing(grid):
    away = {"power": 300.0, "max_discharge": 800.0, "max_charge": 800.0, "online": False}
    said = play(pid, [(1, grid), (2, grid), (3, 0.0)], batteries=told(left=away))
    assert said == [(1, grid), (2, grid), (3, 0.0)]


def test_what_batteries_fail_to_deliver_can_stop_the_integral():
    capped = told(left={"power": 300.0})
    line = [(at, 700.0) for at in range(1, 300)]
    free = play(pid, line, batteries=capped, kp=0.3, ki=0.1)[-1][1]
    bound = play(pid, line, batteries=capped, kp=0.3, ki=0.1, track="delivered")[-1][1]
    assert free > 10_000
    assert bound < 800


def test_limits_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match="exchange them"):
        play(pid, [], low="1kW", high="-1kW")


@pytest.mark.parametrize("wishes", [{}, {"low": 0}, {"high": "5kW"}, {"track": "delivered"}])
def test_an_integral_that_nothing_limits_is_refused(wishes):
    with pytest.raises(ValueError, match="nothing limits the integral, which"):
        play(pid, [(1, 0.0)], **wishes)


@pytest.mark.parametrize(
    "wishes",
    [FAR, {"windup": "5kW"}, {"ki": 0}, {"batteries": told(left={"max_discharge": 300.0})}],
)
def test_what_limits_the_integral_or_has_none_is_taken(wishes):
    assert play(pid, [(1, 0.0)], **wishes) == [(1, 0.0)]


def test_the_check_names_the_cure():
    text = FLOW.replace("pid: {batteries: [left, right]}", "pid: 0.3")
    with pytest.raises(FlowError) as refused:
        rehearse(load(text, env={}))
    (fault,) = refused.value.faults
    assert (fault.where, fault.cure) == ("plan/pid", LIMITED)


def test_after_a_gap_both_parts_answer_with_no_more_than_the_error():
    line = [(0, 0.0), (1, 100.0), (61, 100.0)]
    said = [watts for _, watts in play(pid, line, kp=0.3, ki=0.15, **FAR)]
    assert said == pytest.approx([0.0, 45.0, 115.0])  # what was there, and 100 W


@pytest.mark.parametrize(("kp", "ki"), [(0.9, 0.5), (2.0, 0.5), (0.3, 2.0), (0.3, 0.15)])
def test_at_a_meter_of_a_second_gains_are_what_is_written(kp, ki):
    said = play(pid, [(0, 0.0), (1, 100.0)], kp=kp, ki=ki, **FAR)
    assert said[-1][1] == pytest.approx(100.0 * (kp + ki))


@pytest.mark.parametrize("every", [1, 2, 5, 10, 30, 60])
def test_with_its_defaults_it_comes_to_rest_behind_a_slow_meter(every):
    with Bench(FLOW) as bench:
        grids = served(bench, 1600.0, 40, every)
    assert all(abs(grid) < 50.0 for grid in grids[30:])  # two dead bands of devices


def served(bench, load, readings, every=1):
    """Play a house whose batteries do what they are told before the next reading; its grid."""
    watts, grids = {"left": 0.0, "right": 0.0}, []
    for _ in range(readings):
        for name in watts:
            bench.say(name, replace(FULL, power=watts[name]))
        grids.append(load - sum(watts.values()))
        bench.say("meter", grids[-1])
        bench.advance(float(every))
        watts = {name: bench.heard(name)[-1][1] for name in watts}
    return grids


GAINS = st.floats(0, 2)


@settings(deadline=None)
@given(GRIDS, FLEETS, GAINS, GAINS, GAINS)
def test_the_output_stays_within_its_limits(line, fleet, kp, ki, kd):
    said = play(pid, line, batteries=fleet, kp=kp, ki=ki, kd=kd, low=-800.0, high=2500.0)
    assert [at for at, _ in said] == [at for at, _ in line]
    assert all(-800.0 <= watts <= 2500.0 for _, watts in said)


@settings(deadline=None)
@given(st.floats(0.05, 0.7), st.floats(0.05, 0.4), st.floats(-2000, 2000))
def test_it_brings_an_ideal_battery_to_zero_grid(kp, ki, load):
    memory, gains = Memory(0.0, 0.0), Gains(kp, ki, 0.0, **WIDE)
    for _ in range(2000):
        grid = load - memory.said
        memory = regulate(memory, Reading(grid, grid, 0.5), gains)
    assert memory.said == pytest.approx(load, abs=1.0)


def test_at_the_limit_of_the_batteries_it_says_what_is_needed():
    full = {"power": 2500.0, "max_discharge": 2500.0, "max_charge": 2500.0}
    line = [(at, 4000.0) for at in range(60)] + [(60, -4000.0)]
    how = {"batteries": told(left=full, right=full), "kp": 1.0, "ki": 0.2}
    said = [watts for _, watts in play(pid, line, **how)]
    assert said[-2] == 9000.0  # what is left to the grid is needed, too
    assert said[-1] < 1100.0  # and the integral does not know of it
    bound = [watts for _, watts in play(pid, line, high="5kW", **how)]
    assert bound[-2] == 5000.0  # this much and no more was asked for
    assert bound[-1] == said[-1]


def test_in_a_flow_the_rest_is_unmet():
    with Bench(FLOW) as bench:
        served(bench, 9000.0, 60)
        assert served(bench, 9000.0, 60)[1:] == [4000.0] * 59
        assert all(plan.unmet == pytest.approx(4000.0) for _, plan in bench.stream("plan")[-60:])
