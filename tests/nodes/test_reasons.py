"""`reasons` puts a plan into words."""

import pytest
from hypothesis import given, settings

from flowctl import Plan
from flowctl.testing import play
from nodes.reasons import reasons
from tests.nodes.timelines import PLANS

PLAN = Plan(
    watts={"left": 500.0, "right": -300.4, "third": 0.0},
    reasons={"left": "its limit: 500W"},
    unmet=200.0,
)


@pytest.mark.parametrize(
    ("plan", "wishes", "said"),
    [
        (PLAN, {}, "left gives 500W (its limit: 500W), right takes 300W, third idles; 200W short"),
        (PLAN, {"of": "left"}, "left gives 500W (its limit: 500W)"),
        (PLAN, {"of": "fourth"}, "fourth is its own"),
        (Plan(watts={"left": -900.0}, unmet=-50.0), {}, "left takes 900W; 50W too much"),
        (Plan(watts={}), {}, "no battery can be commanded"),
        (Plan(watts={}, reasons={"left": "in Auto"}), {}, "left is its own (in Auto)"),
    ],
)
def test_a_plan_is_one_sentence(plan, wishes, said):
    assert play(reasons, [(1, plan)], **wishes) == [(1, said)]


@settings(deadline=None)
@given(PLANS)
def test_every_battery_is_named(plan):
    [(_, said)] = play(reasons, [(1, plan)])
    assert all(name in said for name in plan.watts)
    assert "\n" not in said
