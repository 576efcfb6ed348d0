"""aim: the batteries give a wanted total, in place of what the house needs."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reactivex import Subject

from flowctl import Ability, Expression, Outlook
from nodes.aim import MOST, aim, step

STILL = Ability(setpoint=700.0, dead_time=2.0, lag=1.0, can_charge=0.0, can_discharge=1e3)
FLYING = replace(STILL, flights=((0.0, 500.0),))
SEEN = Outlook(at=1.0, meter=100.0, load=700.0, target=650.0, batteries={"left": FLYING})


def aimed(*totals: float, mode: str | None = None, when: str | None = None) -> float:
    """The target that an outlook has after these totals."""
    outlook, at, modes, said = Subject(), Subject(), Subject(), []
    others = {"mode": modes} if when else {}
    aim(outlook, at, others, when=Expression(when) if when else None).subscribe(said.append)
    for total in totals:
        at.on_next(total)
    if mode:
        modes.on_next(mode)
    outlook.on_next(SEEN)
    assert [one.load for one in said] == [700.0]
    return said[0].target


CASES = [
    ((), None, None, 650.0),
    ((-1500.0,), None, None, -1500.0),
    ((0.0,), None, None, 0.0),
    ((5.0, 6.0), None, None, 6.0),
    ((math.nan,), None, None, 650.0),
    ((5.0,), "grid", "mode != 'grid'", 650.0),
    ((5.0,), "target", "mode != 'grid'", 5.0),
    ((5.0,), None, "mode == 'target'", 650.0),
]


@pytest.mark.parametrize(("totals", "mode", "when", "target"), CASES)
def test_the_newest_total_is_the_target_while_the_condition_holds(totals, mode, when, target):
    assert aimed(*totals, mode=mode, when=when) == target


@given(st.lists(st.floats(), max_size=5))
def test_no_total_makes_a_target_that_is_not_finite(totals):
    assert math.isfinite(aimed(*totals))


def test_one_outlook_gives_one():
    outlook, at, said = Subject(), Subject(), []
    aim(outlook, at).subscribe(said.append)
    at.on_next(5.0)
    assert said == []
    outlook.on_next(SEEN)
    outlook.on_next(SEEN)
    assert len(said) == 2


SHORT = replace(STILL, power=650.0)
TRIMS = [
    ({"left": replace(FLYING, power=0.0)}, 650.0, 0.0, 650.0),
    ({"left": replace(FLYING, power=0.0)}, 650.0, 20.0, 670.0),
    ({"left": STILL}, 650.0, 20.0, 668.0),  # it tells nothing of its power
    ({"left": SHORT}, 650.0, 0.0, 655.0),
    ({"left": SHORT, "right": SHORT}, -650.0, 0.0, -640.0),
    ({"left": SHORT, "right": replace(SHORT, available=False)}, 650.0, 0.0, 655.0),
    ({"left": SHORT, "right": FLYING}, 650.0, 0.0, 650.0),
    ({"left": replace(STILL, power=0.0)}, 100.0, 0.0, 110.0),  # no offset, but an answer to come
    ({"left": SHORT}, 0.0, 50.0, 0.0),
    ({"left": SHORT}, -5.0, 0.0, 0.0),
]


@pytest.mark.parametrize(("batteries", "total", "trim", "target"), TRIMS)
def test_what_is_lacking_at_rest_is_added_slowly_whatever_the_house_draws(
    batteries, total, trim, target
):
    for load in (-3000.0, 700.0, 3000.0):
        _, seen = step(trim, replace(SEEN, load=load, batteries=batteries), total)
        assert seen.target == pytest.approx(target)


def test_the_trim_comes_to_what_is_lacking():
    trim, seen = 0.0, replace(SEEN, batteries={"left": replace(STILL, power=686.0)})
    for _ in range(60):
        trim, aimed_ = step(trim, seen, 700.0)
    assert aimed_.target == pytest.approx(714.0, abs=0.1)


@given(st.lists(st.tuples(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4)), max_size=20))
def test_the_target_is_near_the_total_and_never_of_the_other_sign(moments):
    trim = 0.0
    for power, total in moments:
        seen = replace(SEEN, batteries={"left": replace(STILL, power=power)})
        trim, seen = step(trim, seen, total)
        assert abs(seen.target - total) <= MOST
        assert seen.target * total >= 0
