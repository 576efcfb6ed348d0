"""`sum` adds quantities as they are when the first one speaks."""

import math

import pytest
from hypothesis import given, settings

from flowctl.testing import play
from nodes.sum import sum
from tests.nodes.timelines import NUMBERS, timelines

GRID = [(1, 100.0), (3, 200.0), (5, 300.0)]
SOLAR = [(2, 1000.0), (4, 2000.0)]


@pytest.mark.parametrize(
    ("missing", "others", "said"),
    [
        ("wait", [SOLAR], [(3, 1200.0), (5, 2300.0)]),
        ("zero", [SOLAR], [(1, 100.0), (3, 1200.0), (5, 2300.0)]),
        ("wait", [SOLAR, [(4, -500.0)]], [(5, 1800.0)]),
        ("wait", [SOLAR, []], []),
        ("zero", [SOLAR, []], [(1, 100.0), (3, 1200.0), (5, 2300.0)]),
        ("wait", [[(2, math.nan), (4, 1.0)]], [(5, 301.0)]),
        ("wait", [], GRID),
    ],
)
def test_it_adds_the_newest_of_each(missing, others, said):
    assert play(sum, GRID, others=others, missing=missing) == said


def test_only_the_first_input_makes_it_speak():
    assert play(sum, [(1, 5.0)], others=[[(0, 1.0), (2, 2.0), (3, 3.0)]]) == [(1, 6.0)]


@settings(deadline=None)
@given(timelines(NUMBERS), timelines(NUMBERS), timelines(NUMBERS))
def test_it_is_the_sum_of_what_holds_at_that_moment(first, second, third):
    said = play(sum, first, others=[second, third], missing="zero")
    assert [at for at, _ in said] == [at for at, _ in first]
    alone = [
        (at, value, made)
        for (at, value), (_, made) in zip(first, said, strict=True)
        if all(at != when for when, _ in [*second, *third])
    ]
    for at, value, made in alone:
        assert made == pytest.approx(value + newest(second, at) + newest(third, at), abs=1e-6)


def newest(line, at):
    return next((value for when, value in reversed(line) if when <= at), 0.0)
