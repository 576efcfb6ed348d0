"""`concentrate` gives a small change to one battery."""

import math

import pytest
from hypothesis import given, settings

from flowctl import Plan
from flowctl.testing import play
from nodes.concentrate import concentrate
from tests.nodes.timelines import PLANS, timelines


def run(*plans, **wishes):
    line = [(at, Plan(watts=dict(zip(("left", "right"), watts, strict=True))))
            for at, watts in enumerate(plans)]  # fmt: skip
    said = play(concentrate, line, **wishes)
    return [tuple(plan.watts.values()) for _, plan in said]


@pytest.mark.parametrize(
    ("plans", "made"),
    [
        ([(500, 400), (520, 420)], [(500, 400), (540, 400)]),
        ([(500, 400), (480, 380)], [(500, 400), (460, 400)]),
        ([(-500, -400), (-520, -420)], [(-500, -400), (-540, -400)]),
        ([(500, 400), (530, 430)], [(500, 400), (530, 430)]),
        ([(500, 400), (520, 420), (540, 440)], [(500, 400), (540, 400), (580, 400)]),
        ([(500, 400), (300, 620)], [(500, 400), (300, 620)]),
        ([(10, 0), (-10, -10)], [(10, 0), (-10, -10)]),
    ],
)
def test_the_most_active_one_takes_it(plans, made):
    assert run(*plans) == made


@pytest.mark.parametrize("sign", [1, -1])
def test_one_whose_part_stands_is_at_a_limit_and_takes_nothing(sign):
    plans = [(800, 300), (800, 330), (800, 360), (790, 350)]
    made = [(800, 300), (800, 330), (800, 360), (780, 360)]
    assert run(*[(sign * a, sign * b) for a, b in plans]) == [(sign * a, sign * b) for a, b in made]


def test_who_leads_when_it_comes_to_its_limit_gives_back_what_is_too_much():
    plans = [(760, 300), (780, 320), (800, 340), (800, 370)]
    assert run(*plans) == [(760, 300), (800, 300), (840, 300), (800, 370)]


def test_it_ends_when_shares_are_far_from_their_parts():
    plans = [(500 + 25 * n, 400 + 25 * n) for n in range(6)]
    assert run(*plans, balanced="60W")[:4] == [(500, 400), (550, 400), (600, 400), (575, 475)]


def test_a_battery_that_comes_or_goes_ends_it():
    line = [(0, Plan(watts={"left": 500.0})), (1, Plan(watts={"left": 260.0, "right": 260.0}))]
    assert [plan for _, plan in play(concentrate, line)] == [plan for _, plan in line]


def test_what_is_held_says_so():
    line = [(0, Plan(watts={"left": 500.0, "right": 400.0})),
            (1, Plan(watts={"left": 510.0, "right": 410.0}, valid_until=7.0))]  # fmt: skip
    *_, (_, plan) = play(concentrate, line)
    assert plan.reasons["right"] == "concentrate: left takes changes below 60W"
    assert plan.valid_until == 7.0


@settings(deadline=None)
@given(timelines(PLANS))
def test_the_sum_is_never_changed(line):
    for (_, before), (_, after) in zip(line, play(concentrate, line), strict=True):
        whole = math.fsum(before.watts.values())
        assert math.fsum(after.watts.values()) == pytest.approx(whole, abs=1e-3)
        assert after.watts.keys() == before.watts.keys()
