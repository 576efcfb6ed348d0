"""`concentrate` gives a small change to one battery."""

import math
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowctl import Battery, Plan
from flowctl.testing import play
from nodes.concentrate import concentrate
from nodes.split import split
from tests.nodes.batteries import told
from tests.nodes.timelines import PLANS, timelines


def run(*plans, left=(), **wishes):
    line = [(at, Plan(watts=dict(zip(("left", "right"), watts, strict=True))))
            for at, watts in enumerate(plans)]  # fmt: skip
    said = play(concentrate, line, batteries={"left": left, "right": []}, **wishes)
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
    assert [plan for _, plan in play(concentrate, line, batteries={})] == [plan for _, plan in line]


def test_what_is_held_says_so():
    line = [(0, Plan(watts={"left": 500.0, "right": 400.0})),
            (1, Plan(watts={"left": 510.0, "right": 410.0}, valid_until=7.0))]  # fmt: skip
    *_, (_, plan) = play(concentrate, line, batteries={})
    assert plan.reasons["right"] == "concentrate: left takes changes below 60W"
    assert plan.valid_until == 7.0


@pytest.mark.parametrize("sign", [1, -1])
def test_one_at_its_limit_leaves_the_change_to_the_next(sign):
    left = [(0, Battery(max_discharge=800.0, max_charge=800.0))]
    plans = [(740, 700), (755, 715), (770, 730), (785, 745), (795, 755)]
    made = [(740, 700), (770, 700), (800, 700), (800, 730), (800, 750)]
    assert run(*[(sign * a, sign * b) for a, b in plans], left=left) == [
        (sign * a, sign * b) for a, b in made
    ]


def test_one_that_would_have_to_turn_round_ends_it_though_another_has_room():
    left = [(0, Battery(max_charge=0.0))]
    assert run((0, 0), (9, 0), (0, -18), left=left) == [(0, 0), (9, 0), (0, -18)]


def test_one_that_can_do_less_than_it_is_held_at_ends_it():
    left = [(0, Battery(max_discharge=800.0)), (1.5, Battery(max_discharge=500.0))]
    assert run((480, 480), (490, 490), (495, 495), left=left) == [
        (480, 480), (500, 480), (500, 490),
    ]  # fmt: skip
    assert run((480, 480), (500, 500), (500, 510), left=left)[1:] == [(520, 480), (500, 510)]


def test_one_that_tells_no_limit_has_the_one_that_is_set():
    made = run((590, 500), (600, 510), (610, 520), limit="600W")
    assert made == [(590, 500), (590, 520), (610, 520)]  # at last it has what the plan gives it


@settings(deadline=None)
@given(st.sampled_from([-520.0, 1500.0]), st.lists(st.floats(-59, 59), max_size=30))
def test_nobody_is_given_more_than_it_can_do_and_nothing_gets_lost(start, steps):
    two = told(left={"max_charge": 300.0, "max_discharge": 800.0}, right={})
    totals = [float(total) for total in accumulate([start, *steps])]
    plans = play(split, list(enumerate(totals)), batteries=two)
    for (_, before), (_, after) in zip(plans, play(concentrate, plans, batteries=two), strict=True):
        assert -300.001 <= after.watts["left"] <= 800.001
        assert math.fsum(after.watts.values()) == pytest.approx(math.fsum(before.watts.values()))


@settings(deadline=None)
@given(timelines(PLANS))
def test_the_sum_is_never_changed(line):
    said = play(concentrate, line, batteries={})
    for (_, before), (_, after) in zip(line, said, strict=True):
        whole = math.fsum(before.watts.values())
        assert math.fsum(after.watts.values()) == pytest.approx(whole, abs=1e-3)
        assert after.watts.keys() == before.watts.keys()
