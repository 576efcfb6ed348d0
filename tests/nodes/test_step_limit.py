"""`step_limit` goes no further in one step than it may, from where batteries are."""

import pytest
from hypothesis import given, settings

from flowctl import Battery, Plan
from flowctl.testing import play
from nodes.step_limit import step_limit
from tests.nodes.batteries import FLEETS, GRIDS, told
from tests.nodes.timelines import PLANS, timelines

ONE = told(left={"power": 300.0, "setpoint": 500.0})


@pytest.mark.parametrize(
    ("value", "wishes", "made"),
    [
        (1000.0, {}, 650.0),
        (-1000.0, {}, 350.0),
        (-1000.0, {"down": "300W"}, 200.0),
        (550.0, {}, 550.0),
        (1000.0, {"base": "measured"}, 450.0),
    ],
)
def test_a_step_begins_at_what_is(value, wishes, made):
    assert play(step_limit, [(1, value)], batteries=ONE, up="150W", **wishes) == [(1, made)]


def test_on_a_plan_each_battery_has_its_own_step():
    two = ONE | told(right={"setpoint": -200.0})
    plan = Plan(watts={"left": 900.0, "right": -250.0, "stranger": 9.0})
    [(_, made)] = play(step_limit, [(1, plan)], batteries=two, up="100W")
    assert made.watts == {"left": 600.0, "right": -250.0, "stranger": 9.0}
    assert made.reasons == {"left": "step_limit: 100W a step"}


def test_the_step_grows_while_the_battery_follows_and_is_small_again_where_it_turns():
    powers = [0.0, 30.0, 90.0, 190.0, 290.0, 290.0]
    left = [(at, Battery(power=watts)) for at, watts in enumerate(powers)]
    line = [(at + 0.5, 2000.0 if at < 5 else -2000.0) for at in range(6)]
    said = play(step_limit, line, batteries={"left": left}, up="30W", grow="100W", base="measured")
    assert [watts for _, watts in said] == [30.0, 90.0, 190.0, 290.0, 390.0, 260.0]


def test_a_battery_that_does_not_move_gets_no_larger_step():
    line = [(at, 2000.0) for at in range(5)]
    said = play(step_limit, line, batteries=told(left={"power": 0.0}), up="30W", grow="100W",
                base="measured")  # fmt: skip
    assert [watts for _, watts in said] == [30.0] * 5


@settings(deadline=None)
@given(GRIDS, FLEETS)
def test_it_lies_between_where_it_was_and_where_it_goes(line, fleet):
    said = play(step_limit, line, batteries=fleet, up=50.0, down=200.0)
    assert [at for at, _ in said] == [at for at, _ in line]
    assert all(abs(made) <= max(abs(value), 5250.0) for (_, value), (_, made) in
               zip(line, said, strict=True))  # fmt: skip


@settings(deadline=None)
@given(timelines(PLANS), FLEETS)
def test_a_plan_keeps_its_names(line, fleet):
    for (_, before), (_, after) in zip(
        line, play(step_limit, line, batteries=fleet, up=50.0, grow=200.0), strict=True
    ):
        assert after.watts.keys() == before.watts.keys()
