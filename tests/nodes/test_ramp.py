"""`ramp` follows no faster than its rates."""

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowctl import Share
from flowctl.testing import play
from nodes.ramp import ramp
from tests.nodes.timelines import NUMBERS, timelines


def test_it_starts_at_the_first_value_and_goes_on_until_it_is_there():
    line = [(0, 100.0), (5, 150.0)]
    assert play(ramp, line, up="100W/s", every="200ms") == [
        (0, 100.0), (5, 120.0), (5.2, 140.0), (5.4, 150.0),
    ]  # fmt: skip


def test_it_falls_at_a_rate_of_its_own():
    line = [(0, 100.0), (5, 0.0)]
    said = play(ramp, line, up="10W/s", down="200W/s", every="200ms")
    assert said == [(0, 100.0), (5, 60.0), (5.2, 20.0), (5.4, 0.0)]


def test_it_turns_when_the_input_does():
    line = [(0, 0.0), (1, 1000.0), (1.5, 0.0)]
    said = play(ramp, line, up="100W/s", every="200ms")
    assert said == [
        (0, 0.0), (1, 20.0), (1.2, 40.0), (1.4, 60.0), (1.5, pytest.approx(50.0)),
        (1.7, pytest.approx(30.0)), (1.9, pytest.approx(10.0)), (2.1, 0.0),
    ]  # fmt: skip


def test_a_value_that_reaches_its_goal_early_is_the_last_word():
    line = [(0, 0.0), (1, 1000.0), (1.1, 30.0)]
    assert play(ramp, line, up="100W/s", every="200ms") == [(0, 0.0), (1, 20.0), (1.1, 30.0)]


def test_every_value_is_answered_and_a_fast_input_needs_no_timer():
    line = [(tenth / 10, 5.0) for tenth in range(10)]
    assert play(ramp, line, up="100W/s") == line


def test_what_goes_out_on_the_way_is_valid_as_long_as_its_goal():
    line = [(0, Share(0.0, 5.0)), (1, Share(30.0, 6.0, "soc"))]
    *_, (at, last) = play(ramp, line, up="100W/s")
    assert (at, last, last.valid_until, last.reason) == (1.2, 30.0, 6.0, "soc")


@settings(deadline=None)
@given(timelines(), st.floats(10.0, 1e5), st.floats(10.0, 1e5), st.floats(0.05, 2.0))
def test_no_step_is_steeper_than_the_rates_allow(line, up, down, every):
    said = play(ramp, line, up=up, down=down, every=every, rest=1.0)
    for (before, old), (after, new) in pairwise(said):
        seconds = min(after - before, every) + 1e-6
        assert -down * seconds - 1e-3 <= new - old <= up * seconds + 1e-3


@settings(deadline=None)
@given(timelines(NUMBERS))
def test_it_arrives_and_then_is_silent(line):
    said = play(ramp, line, up=1e4, every=0.5, rest=60.0)
    if line:
        assert said[-1][1] == line[-1][1]
        assert said[-1][0] <= line[-1][0] + 21.0
    assert {at for at, _ in line} <= {at for at, _ in said}


@settings(deadline=None)
@given(timelines())
def test_no_nan_leaves(line):
    assert all(math.isfinite(value) for _, value in play(ramp, line, up=1e4, rest=1.0))
