"""aim: the batteries give a wanted total, in place of what the house needs."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reactivex import Subject

from flowctl import Expression, Outlook
from nodes.aim import aim

SEEN = Outlook(at=1.0, meter=100.0, load=700.0, target=650.0, batteries={})


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
