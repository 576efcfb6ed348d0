"""`deadband` holds what hardly changes, and never falls silent."""

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings

from flowctl import Plan, Share
from flowctl.testing import play
from nodes.deadband import deadband
from tests.nodes.timelines import NUMBERS, PLANS, timelines


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([100.0, 110.0, 120.0, 121.0], [100.0, 100.0, 100.0, 121.0]),
        ([100.0, 95.0, 79.0, 90.0], [100.0, 100.0, 79.0, 79.0]),
        ([10.0, 0.0, 15.0, -21.0], [10.0, 0.0, 0.0, -21.0]),
        ([math.nan, 5.0, math.inf, 6.0], [5.0, 5.0]),
    ],
)
def test_it_repeats_until_the_change_matters(values, said):
    line = list(enumerate(values))
    assert [value for _, value in play(deadband, line, by="20W")] == said


def test_each_share_of_a_plan_is_held_by_itself():
    line = [
        (1, Plan(watts={"left": 100.0, "right": 200.0}, valid_until=10.0)),
        (2, Plan(watts={"left": 110.0, "right": 300.0}, valid_until=11.0)),
        (3, Plan(watts={"left": 0.0, "right": 310.0}, valid_until=12.0)),
        (4, Plan(watts={"right": 290.0}, valid_until=13.0)),
        (5, Plan(watts={"left": 15.0, "right": 290.0}, valid_until=14.0)),
    ]
    plans = [plan for _, plan in play(deadband, line, by="20W")]
    assert [dict(plan.watts) for plan in plans] == [
        {"left": 100.0, "right": 200.0},
        {"left": 100.0, "right": 300.0},
        {"left": 0.0, "right": 300.0},
        {"right": 300.0},
        {"left": 15.0, "right": 300.0},
    ]
    assert [plan.valid_until for plan in plans] == [10.0, 11.0, 12.0, 13.0, 14.0]
    assert plans[1].reasons == {"left": "deadband: 20W"}


def test_a_share_that_is_held_is_valid_as_long_as_the_new_one():
    line = [(1, Share(100.0, 10.0, "soc")), (2, Share(105.0, 11.0, "ramp"))]
    _, (_, held) = play(deadband, line, by="20W")
    assert (held, held.valid_until, held.reason) == (100.0, 11.0, "ramp")


@settings(deadline=None)
@given(timelines(NUMBERS))
def test_every_value_is_answered_by_one_no_further_off_than_the_band(line):
    said = play(deadband, line, by=500.0)
    assert [at for at, _ in said] == [at for at, _ in line]
    pairs = zip(line, said, strict=True)
    assert all(abs(value - made) <= 500.0 for (_, value), (_, made) in pairs)
    changes = pairwise(said)
    assert all(a == b or b == 0 or abs(a - b) > 500.0 for (_, a), (_, b) in changes)


@settings(deadline=None)
@given(timelines(PLANS))
def test_no_share_is_further_off_than_the_band(line):
    said = play(deadband, line, by=500.0)
    for (_, plan), (_, made) in zip(line, said, strict=True):
        assert made.watts.keys() == plan.watts.keys()
        assert all(abs(plan.watts[name] - made.watts[name]) <= 500.0 for name in plan.watts)
        assert made.valid_until == plan.valid_until
