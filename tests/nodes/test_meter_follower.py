"""`meter_follower` does with a reading what a battery does that follows a meter of its own."""

import pytest
from hypothesis import given, settings

from flowctl import Battery, Plan
from flowctl.testing import play
from nodes.meter_follower import meter_follower
from tests.nodes.batteries import FLEETS, told, watts
from tests.nodes.timelines import PLANS, timelines

VENUS_C = {"band": "20W", "first": "50W", "most": "400W", "wait": "50W"}
VENUS_D = {"band": "13W", "bias": "5W"}
B2500 = {"part": "90%", "first": "34W", "base": "measured"}


def plans(*shares):
    """One plan per second for the left one."""
    return [(at, Plan(watts={"left": float(share)})) for at, share in enumerate(shares)]


def lefts(said):
    return [plan.watts["left"] for _, plan in said]


@pytest.mark.parametrize(
    ("share", "setpoint", "wishes"),
    [
        (310.0, 500.0, {}),  # of 300 W measured: a reading of 10 W
        (311.0, 511.0, {}),
        (289.0, 489.0, {}),
        (1300.0, 1500.0, {}),
        (313.0, 500.0, VENUS_D),
        (314.0, 509.0, VENUS_D),
        (200.0, 395.0, VENUS_D),
        (310.0, 300.0, B2500),
        (320.0, 318.0, B2500),
        (900.0, 334.0, B2500),
        (320.0, 500.0, VENUS_C),
        (330.0, 530.0, VENUS_C),
        (400.0, 550.0, VENUS_C),
    ],
)
def test_a_reading_moves_the_setpoint(share, setpoint, wishes):
    one = told(left={"power": 300.0, "setpoint": 500.0})
    said = play(meter_follower, plans(share), batteries=one, **wishes)
    assert watts(said) == {"left": pytest.approx(setpoint)}


def test_steps_of_a_venus_c_grow_while_they_go_the_same_way():
    still = told(left={"power": 0.0, "setpoint": 0.0})
    said = play(meter_follower, plans(*[1000] * 5, *[-1000] * 3), batteries=still, **VENUS_C)
    assert lefts(said) == [50, 100, 200, 400, 400, 0, -50, -100]  # the turn waits once


def test_a_jump_of_the_reading_waits_one_step_unless_the_battery_moved_itself():
    still = told(left={"power": 0.0, "setpoint": 0.0})
    said = play(meter_follower, plans(30, 90, 150), batteries=still, **VENUS_C)
    assert lefts(said) == [30, 0, 50]
    moves = {"left": [(0, Battery(power=0.0, setpoint=0.0)), (0.5, Battery(power=30.0))]}
    assert lefts(play(meter_follower, plans(30, 120), batteries=moves, **VENUS_C)) == [30, 90]


def test_one_that_is_not_known_is_left_as_it_is_and_the_changed_say_why():
    plan = Plan(watts={"left": 100.0, "stranger": 9.0})
    one = told(left={"power": 0.0, "setpoint": 50.0})
    [(_, made)] = play(meter_follower, [(1, plan)], batteries=one)
    assert made.watts == {"left": 150.0, "stranger": 9.0}
    assert made.reasons == {"left": "meter_follower: its own loop"}


@settings(deadline=None)
@given(timelines(PLANS), FLEETS)
def test_a_plan_keeps_its_names(line, fleet):
    said = play(meter_follower, line, batteries=fleet, first=50.0, most=400.0, wait=50.0)
    for (_, before), (_, after) in zip(line, said, strict=True):
        assert after.watts.keys() == before.watts.keys()
