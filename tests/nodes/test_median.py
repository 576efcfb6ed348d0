"""`median` says the middle of what was lately."""

import math
import statistics

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowctl import Share
from flowctl.testing import play
from nodes.median import median
from tests.nodes.timelines import timelines


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([1, 2, 3, 4, 5], [1, 1.5, 2, 3, 4]),
        ([5, 5, 2000, 5, 5], [5, 5, 5, 5, 5]),
        ([5, 5, 900, 901, 902], [5, 5, 5, 900, 901]),
        ([7, math.nan, 7, math.inf, 9], [7, 7, 8]),
    ],
)
def test_it_says_the_middle_of_the_window(values, said):
    line = [(at, float(value)) for at, value in enumerate(values)]
    assert [value for _, value in play(median, line, over="3s")] == said


def test_after_a_long_silence_only_the_new_value_counts():
    assert play(median, [(0, 1.0), (1, 2.0), (100, 9.0)], over="8s")[-1] == (100, 9.0)


def test_a_window_of_three_beats_holds_three_values():
    line = [(tenth / 10, float(tenth % 3)) for tenth in range(30)]
    assert [value for _, value in play(median, line, over="300ms")][2:] == [1.0] * 28


def test_the_median_of_shares_is_valid_as_long_as_the_newest():
    _, (_, share) = play(median, [(0, Share(1.0, 5.0)), (1, Share(3.0, 6.0, "soc"))], over="8s")
    assert (share, share.valid_until, share.reason) == (2.0, 6.0, "soc")


@settings(deadline=None)
@given(timelines(), st.integers(1, 10))
def test_it_agrees_with_the_statistics_of_the_window(line, over):
    line = [(at, value) for at, value in line if math.isfinite(value)]
    said = play(median, line, over=float(over))
    for index, (at, made) in enumerate(said):
        window = [value for then, value in line[: index + 1] if then > at - over + 1e-6]
        assert made == statistics.median(window)
