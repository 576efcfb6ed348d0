"""`cross_charge_guard` lets no battery charge another."""

import math

import pytest
from hypothesis import given, settings

from flowctl import Plan
from flowctl.testing import play
from nodes.cross_charge_guard import cross_charge_guard
from tests.nodes.batteries import watts
from tests.nodes.timelines import PLANS


@pytest.mark.parametrize(
    ("shares", "made"),
    [
        ((800.0, -300.0), (500.0, 0.0)),
        ((-800.0, 300.0), (-500.0, 0.0)),
        ((300.0, -300.0), (0.0, 0.0)),
        ((300.0, 200.0), (300.0, 200.0)),
        ((0.0, 0.0), (0.0, 0.0)),
    ],
)
def test_the_sum_stays_and_nobody_works_against_it(shares, made):
    plan = Plan(watts=dict(zip(("left", "right"), shares, strict=True)), unmet=7.0)
    [(_, guarded)] = play(cross_charge_guard, [(1, plan)])
    assert tuple(guarded.watts.values()) == pytest.approx(made)
    assert guarded.unmet == 7.0


def test_shares_of_the_right_sign_give_way_in_proportion():
    plan = Plan(watts={"left": 600.0, "right": 200.0, "third": -400.0}, reasons={"left": "soc"})
    [(_, made)] = play(cross_charge_guard, [(1, plan)])
    assert made.watts == {"left": 300.0, "right": 100.0, "third": 0.0}
    assert made.reasons["third"] == "cross_charge_guard: would feed another battery"


def test_a_good_plan_passes_untouched():
    plan = Plan(watts={"left": 300.0, "right": 0.0})
    assert play(cross_charge_guard, [(1, plan)]) == [(1, plan)]


@settings(deadline=None)
@given(PLANS)
def test_no_share_is_against_the_sum(plan):
    made = watts(play(cross_charge_guard, [(1, plan)]))
    whole = math.fsum(plan.watts.values())
    assert math.fsum(made.values()) == pytest.approx(whole, abs=1e-3)
    assert all(share * whole >= 0 for share in made.values())
