"""`quantize` rounds to whole steps."""

import pytest
from hypothesis import given, settings

from flowctl import Plan
from flowctl.testing import play
from nodes.quantize import quantize
from tests.nodes.timelines import NUMBERS, timelines


@pytest.mark.parametrize(
    ("value", "made"), [(12.0, 10.0), (13.0, 15.0), (-13.0, -15.0), (2.0, 0.0), (7.5, 10.0)]
)
def test_it_says_the_nearest_multiple(value, made):
    assert play(quantize, [(1, value)], to="5W") == [(1, made)]


def test_on_a_plan_each_share_is_rounded():
    [(_, plan)] = play(quantize, [(1, Plan(watts={"left": 12.0, "right": 15.0}))], to="5W")
    assert plan.watts == {"left": 10.0, "right": 15.0}
    assert plan.reasons == {"left": "quantize: steps of 5"}


@settings(deadline=None)
@given(timelines(NUMBERS))
def test_it_moves_nothing_by_more_than_half_a_step(line):
    for (_, before), (_, after) in zip(line, play(quantize, line, to=50.0), strict=True):
        assert abs(after - before) <= 25.0 + 1e-6
        assert after % 50.0 in (0.0, 50.0)
