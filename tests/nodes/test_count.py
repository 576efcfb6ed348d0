"""`count` counts what happens, over restarts too."""

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reactivex import Subject

from flowctl import Store
from flowctl.testing import play
from nodes.count import count
from tests.nodes.timelines import timelines


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([5.0, 5.0, "x"], [1, 2, 3]),
        ([True, True, False, True], [1, 1, 1, 2]),
        ([False, False, True], [0, 0, 1]),
        ([1.0, math.nan, 2.0], [1, 2]),
        ([], []),
    ],
)
def test_it_counts_values_and_how_often_a_bool_turns_true(values, said):
    line = list(enumerate(values))
    assert [value for _, value in play(count, line)] == said


@pytest.mark.parametrize(
    ("held", "said"), [({}, 1.0), ({"count": 41.0}, 42.0), ({"count": "?"}, 1.0)]
)
def test_it_goes_on_where_it_was_before_a_restart(held, said):
    heard, source = [], Subject()
    count(source, store=Store(held)).subscribe(heard.append)
    source.on_next("pulse")
    assert heard == [said]
    assert held == {"count": said}


@settings(deadline=None)
@given(timelines(st.booleans()))
def test_it_never_falls_and_ends_at_the_number_of_rises(line):
    said = [value for _, value in play(count, line)]
    bools = [False] + [value for _, value in line]
    assert said == sorted(said)
    assert len(said) == len(line)
    rises = [1 for before, after in pairwise(bools) if after > before]
    assert not said or said[-1] == len(rises)
