"""`fair_share` divides an error and draws outputs together."""

import math

import pytest
from hypothesis import given, settings

from flowctl import Battery
from flowctl.testing import play
from nodes._helpers.saturation import Saturation, saturated
from nodes.fair_share import fair_share, pulled
from tests.nodes.batteries import FLEETS, GRIDS, told, watts

EVEN = {"left": 1.0, "right": 1.0}


def test_each_gets_its_part_on_top_of_what_it_measures():
    two = told(left={"power": 300.0}, right={"power": 300.0})
    assert watts(play(fair_share, [(1, 100.0)], batteries=two)) == {"left": 350.0, "right": 350.0}
    weighted = play(fair_share, [(1, 100.0)], batteries=two, weights={"left": 3.0}, balance=0)
    assert watts(weighted) == {"left": 375.0, "right": 325.0}


@pytest.mark.parametrize(
    ("powers", "pull"),
    [
        ((300.0, 300.0), 0.0),
        ((275.0, 325.0), 0.0),
        ((250.0, 350.0), 10.0),
        ((100.0, 400.0), 45.0),
        ((0.0, 2000.0), 80.0),
        ((-90.0, 110.0), 10.0),
    ],
)
def test_outputs_are_drawn_together(powers, pull):
    made = pulled(dict(zip(EVEN, powers, strict=True)), EVEN, 0.2, 80.0)
    assert made == pytest.approx({"left": pull, "right": -pull})


def test_one_that_cannot_charge_takes_no_part_in_it():
    two = told(left={"power": 0.0, "max_charge": 0.0}, right={"power": 0.0})
    assert watts(play(fair_share, [(1, -100.0)], batteries=two)) == {"left": 0.0, "right": -100.0}
    giving = told(left={"power": 300.0, "max_charge": 0.0}, right={"power": 300.0})
    assert watts(play(fair_share, [(1, -100.0)], batteries=giving))["left"] == 250.0


def test_one_that_went_away_gets_one_zero():
    right = [(0, Battery(power=0.0)), (2, Battery(online=False))]
    said = play(fair_share, [(at, 100.0) for at in (1, 3, 4)],
                batteries={"left": [], "right": right})  # fmt: skip
    assert [dict(plan.watts) for _, plan in said] == [
        {"left": 50.0, "right": 50.0}, {"left": 100.0, "right": 0.0}, {"left": 100.0},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "power", "at", "score"),
    [
        (None, 0.0, 0.0, 0.0),
        (Saturation(0.0, 0.0, None, 50.0), 0.0, 51.0, 0.0),
        (Saturation(0.0, 0.0, None, 99.0), 0.0, 100.0, 0.15),
        (Saturation(0.15, 0.0, 99.0, 100.0), 0.0, 101.0, 0.2775),
        (Saturation(0.5, 0.0, 99.0, 158.0), 0.0, 159.0, 1.0),
        (Saturation(0.5, 0.0, 99.0, 100.0), 300.0, 101.0, 0.4975),
    ],
)
def test_a_battery_that_does_nothing_saturates(before, power, at, score):
    assert saturated(before, 700.0, power, at).score == pytest.approx(score)


def test_the_saturated_one_gets_less_and_says_so():
    line = [(at, 100.0) for at in range(200)]
    two = told(left={"power": 0.0, "setpoint": 500.0}, right={"power": 0.0})
    _, plan = play(fair_share, line, batteries=two, balance=0, away=None)[-1]
    assert plan.watts == {"left": 0.0, "right": 100.0}
    assert plan.reasons["left"].endswith("saturated 100%")


@settings(deadline=None)
@given(GRIDS, FLEETS)
def test_without_balance_nobody_is_moved_against_the_error(line, fleet):
    said = play(fair_share, line, batteries=fleet, balance=0.0)
    assert [at for at, _ in said] == [at for at, _ in line]
    assert all(math.isfinite(share) for _, plan in said for share in plan.watts.values())
