"""`scale` multiplies and shifts."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowctl import Share
from flowctl.testing import play
from nodes.scale import scale
from tests.nodes.timelines import timelines


@pytest.mark.parametrize(
    ("by", "offset", "value", "made"),
    [
        (-1.0, 0.0, 300.0, -300.0),
        (0.1, -40.0, 650.0, 25.0),
        (1000.0, "50W", 1.5, 1550.0),
        (0.0, 0.0, 7.0, 0.0),
    ],
)
def test_it_says_value_times_factor_plus_offset(by, offset, value, made):
    assert play(scale, [(1, value)], by=by, offset=offset) == [(1, pytest.approx(made))]


def test_half_a_share_is_valid_as_long_as_the_whole():
    [(_, half)] = play(scale, [(1, Share(300.0, 9.0, "soc"))], by=0.5)
    assert (half, half.valid_until, half.reason) == (150.0, 9.0, "soc")


@settings(deadline=None)
@given(timelines(), st.floats(-1e3, 1e3), st.floats(-1e3, 1e3))
def test_one_value_makes_one_and_no_nan_leaves(line, by, offset):
    said = play(scale, line, by=by, offset=offset)
    assert said == [(at, value * by + offset) for at, value in line if math.isfinite(value)]


def test_what_grows_beyond_all_numbers_is_not_said():
    assert play(scale, [(1, 1e300), (2, 1.0)], by=1e300) == [(2, 1e300)]
