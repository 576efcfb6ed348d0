"""`feed_in_cap` keeps the export at the meter at what is allowed."""

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowctl.testing import play
from nodes.feed_in_cap import feed_in_cap
from tests.nodes.outlooks import OUTLOOKS, view


def target(load, asked=None, **how):
    outlook = view(load, left=50)
    if asked is not None:
        outlook = replace(outlook, target=asked)
    return play(feed_in_cap, [(1, outlook)], **{"most": 800.0, **how})[0][1].target


@pytest.mark.parametrize(
    ("load", "asked", "how", "wanted"),
    [
        (500, None, {}, 500),  # no export at all: nothing to do
        (500, 2500, {}, 1300),  # 800 W may leave the house
        (500, 2500, {"most": 0.0}, 500),
        (-2000, None, {}, -2000),  # all of the surplus is charged
        (-2000, 0, {}, -1200),  # nothing was to be charged, but so much may not be fed in
        (-2000, None, {"charge": "excess"}, -1200),
        (-600, None, {"charge": "excess"}, 0),  # may all be fed in: the batteries keep their room
        (500, None, {"charge": "excess"}, 500),
    ],
)
def test_the_export_stays_under_the_cap(load, asked, how, wanted):
    assert target(load, asked, **how) == wanted


@pytest.mark.parametrize(("told", "wanted"), [(0.0, 500), (math.nan, 1300), (-50.0, 500)])
def test_a_stream_goes_before_the_number(told, wanted):
    assert target(500, 2500, most_from=[(0, told)]) == wanted


@given(OUTLOOKS, st.floats(0, 5000), st.sampled_from(["all", "excess"]))
@settings(max_examples=50)
def test_no_target_exports_more_than_the_cap(line, most, charge):
    told = play(feed_in_cap, line, most=most, charge=charge)
    assert len(told) == len(line)
    for (_, before), (_, after) in zip(line, told, strict=True):
        assert after.target - after.load <= most + 1e-6
        if before.target >= 0:
            assert after.target <= before.target
        elif charge == "all":
            assert after.target == before.target
