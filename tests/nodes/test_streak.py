"""`streak` counts how often in a row."""

import pytest
from hypothesis import given, settings

from flowctl.expression import Expression
from flowctl.testing import play
from nodes.streak import streak
from tests.nodes.timelines import NUMBERS, timelines

SMALL = Expression("0 < value and value < 120")


@pytest.mark.parametrize(
    ("values", "made"), [([5, 50, 500, 5], [1, 2, 0, 1]), ([0], [0]), ([float("nan"), 5], [0, 1])]
)
def test_it_counts_and_begins_anew(values, made):
    line = [(at, float(value)) for at, value in enumerate(values)]
    assert [count for _, count in play(streak, line, where=SMALL)] == made


@settings(deadline=None)
@given(timelines(NUMBERS))
def test_it_is_the_length_of_the_run(line):
    run = 0
    for (_, value), (_, count) in zip(line, play(streak, line, where=SMALL), strict=True):
        run = run + 1 if 0 < value < 120 else 0
        assert count == run
