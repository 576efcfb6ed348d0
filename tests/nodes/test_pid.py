"""`pid` is the textbook's regulator, with its integral kept in hand."""

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowctl import Battery
from flowctl.testing import Bench, play
from nodes.pid import Gains, Memory, Reading, pid, regulate
from tests.nodes.batteries import FLEETS, GRIDS, told

WIDE = {"low": -math.inf, "high": math.inf}


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
    said = [watts for _, watts in play(pid, line, kp=0.5, ki=0.1, deadband="15W")]
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
    said = play(pid, line, kp=0, ki=0.1, step="1s")
    assert [watts for _, watts in said] == pytest.approx([10.0, 20.0, 30.0])


def test_limits_not_given_are_those_of_all_batteries():
    told_all = told(left={"max_discharge": 300.0, "max_charge": 100.0},
                    right={"max_discharge": 500.0, "max_charge": 0.0})  # fmt: skip
    line = [(1, 500.0), (2, -50.0)]
    assert play(pid, line, batteries=told_all, kp=4, ki=0) == [(1, 800.0), (2, -100.0)]
    told_all |= told(third={"max_discharge": 500.0})
    assert play(pid, line, batteries=told_all, kp=4, ki=0) == [(1, 1300.0), (2, -200.0)]


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
    flow = """
streams:
  meter: [homewizard_p1: h]
  plan: [from: meter, pid: {batteries: [left, right]}, split: {batteries: [left, right]}]
  left: [from: plan.left, marstek_modbus: a]
  right: [from: plan.right, marstek_modbus: b]
"""
    full = Battery(max_charge=2500.0, max_discharge=2500.0, soc=60.0)
    with Bench(flow) as bench:
        watts = {"left": 0.0, "right": 0.0}
        for second in range(120):
            for name in watts:
                bench.say(name, replace(full, power=watts[name]))
            bench.say("meter", 9000.0 - sum(watts.values()))
            bench.advance(1.0)
            watts = {name: bench.heard(name)[-1][1] for name in watts}
            if second > 60:
                assert sum(watts.values()) == 5000.0
                assert bench.stream("plan")[-1][1].unmet == pytest.approx(4000.0)
