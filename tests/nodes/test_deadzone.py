"""`deadzone` takes a small error for none."""

import pytest
from hypothesis import given, settings

from flowctl import Share
from flowctl.testing import play
from nodes.deadzone import deadzone
from tests.nodes.timelines import ANY_FLOATS, timelines


@pytest.mark.parametrize(
    ("value", "wishes", "made"),
    [
        (30.0, {}, 0.0),
        (-30.0, {}, 0.0),
        (31.0, {}, 31.0),
        (100.0, {"subtract": True}, 70.0),
        (-100.0, {"subtract": True}, -70.0),
        (0.0, {"subtract": True}, 0.0),
    ],
)
def test_inside_the_zone_it_is_zero(value, wishes, made):
    assert play(deadzone, [(1, value)], by="30W", **wishes) == [(1, made)]


def test_a_share_stays_valid():
    [(_, share)] = play(deadzone, [(1, Share(5.0, 9.0, "soc"))], by="30W")
    assert (share, share.valid_until, share.reason) == (0.0, 9.0, "soc")


@settings(deadline=None)
@given(timelines(ANY_FLOATS))
def test_what_goes_out_is_never_larger_and_never_turned(line):
    finite = [value for _, value in line if abs(value) < 1e9]
    said = [value for _, value in play(deadzone, line, by=50.0, subtract=True)]
    assert all(abs(b) <= abs(a) and a * b >= 0 for a, b in zip(finite, said, strict=True))
