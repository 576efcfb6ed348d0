"""`smooth` is an exponential mean over time, not over values."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowctl import Share
from flowctl.testing import play
from nodes.smooth import smooth
from tests.nodes.timelines import NUMBERS, timelines


@pytest.mark.parametrize("beat", [0.1, 0.5, 1.0, 5.0])
def test_after_the_time_constant_63_percent_of_a_step_are_there(beat):
    line = [(0, 0.0)] + [(at * beat, 100.0) for at in range(1, round(5.0 / beat) + 1)]
    assert play(smooth, line, over="5s")[-1] == (5.0, pytest.approx(63.212, abs=1e-3))


def test_it_starts_at_the_first_value_and_answers_each():
    line = [(3, 40.0), (4, 40.0), (9, 40.0)]
    assert play(smooth, line, over="5s") == line


def test_a_value_far_from_the_mean_may_be_followed_at_once():
    line = [(0, 0.0), (1, 100.0), (2, 1000.0), (3, 1000.0)]
    said = play(smooth, line, over="2s", bypass="200W")
    assert [mean for _, mean in said] == pytest.approx([0, 39.347, 1000, 1000], abs=1e-3)


def test_nan_leaves_no_trace():
    clean = [(0, 1.0), (1, 5.0), (2, 9.0)]
    dirty = [(0, 1.0), (0.5, math.nan), (1, 5.0), (1.5, math.inf), (2, 9.0)]
    assert play(smooth, dirty, over="3s") == play(smooth, clean, over="3s")


def test_a_smoothed_share_is_valid_as_long_as_the_newest():
    _, (_, share) = play(smooth, [(0, Share(0.0, 5.0)), (1, Share(9.0, 6.0, "soc"))], over="1s")
    assert (share.valid_until, share.reason) == (6.0, "soc")


@settings(deadline=None)
@given(timelines(NUMBERS), st.floats(0.1, 100.0))
def test_it_stays_between_the_least_and_the_largest_value(line, over):
    said = play(smooth, line, over=over)
    assert [at for at, _ in said] == [at for at, _ in line]
    for until, (_, mean) in enumerate(said, 1):
        seen = [value for _, value in line[:until]]
        assert min(seen) - 1e-6 <= mean <= max(seen) + 1e-6


@settings(deadline=None)
@given(NUMBERS, NUMBERS, st.lists(st.integers(1, 9999), max_size=8), st.floats(0.5, 50.0))
def test_more_readings_of_the_same_value_change_nothing(first, second, extra, over):
    plain = [(0, first), (10, second)]
    dense = [(0, first), *((at / 1000, second) for at in sorted(extra)), (10, second)]
    expected = play(smooth, plain, over=over)[-1][1]
    assert play(smooth, dense, over=over)[-1][1] == pytest.approx(expected, abs=1e-6)


def test_what_is_too_far_apart_for_any_number_does_not_stay():
    line = [(0, -1.7e308), (1, 1.7e308), (6000, 5.0), (9999, 5.0)]
    assert play(smooth, line, over="1s")[-1] == (9999.0, pytest.approx(5.0))
