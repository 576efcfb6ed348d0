"""`changed` says only what is news."""

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings

from flowctl import Battery, Plan
from flowctl.testing import play
from nodes.changed import changed
from tests.nodes.timelines import NUMBERS, timelines


@pytest.mark.parametrize(
    ("values", "by", "said"),
    [
        ([1.0, 1.0, 2.0, 2.0, 1.0], 0.0, [1.0, 2.0, 1.0]),
        ([0.0, 10.0, 11.0, 20.0, 22.0], "10W", [0.0, 11.0, 22.0]),
        (["on", "on", "off"], 0.0, ["on", "off"]),
        ([True, True, False], 0.0, [True, False]),
        ([Battery(soc=1.0), Battery(soc=1.0), Battery(soc=2.0)], 0.0,
         [Battery(soc=1.0), Battery(soc=2.0)]),
        ([1.0, math.nan, 1.0, math.inf], 0.0, [1.0]),
        ([1.0, "on", 1.0], 0.0, [1.0, "on", 1.0]),
    ],
)  # fmt: skip
def test_it_passes_the_first_value_and_every_change(values, by, said):
    line = list(enumerate(values))
    assert [value for _, value in play(changed, line, by=by)] == said


def test_a_plan_is_news_when_a_share_or_a_battery_is():
    line = [
        (1, Plan(watts={"left": 100.0}, valid_until=5.0)),
        (2, Plan(watts={"left": 105.0}, valid_until=6.0)),
        (3, Plan(watts={"left": 111.0}, valid_until=7.0)),
        (4, Plan(watts={"left": 111.0, "right": 0.0}, valid_until=8.0)),
    ]
    assert [at for at, _ in play(changed, line, by="10W")] == [1, 3, 4]


def test_after_a_while_the_next_value_passes_in_any_case():
    line = [(at, 5.0) for at in range(0, 100, 7)]
    assert [at for at, _ in play(changed, line, at_least="20s")] == [0, 21, 42, 63, 84]
    line = [(tenth / 10, 5.0) for tenth in range(10)]
    assert [at for at, _ in play(changed, line, at_least="200ms")] == [0, 0.2, 0.4, 0.6, 0.8]


def test_it_invents_nothing_while_nothing_comes():
    assert play(changed, [(1, 5.0)], at_least="2s", rest=100.0) == [(1, 5.0)]


@settings(deadline=None)
@given(timelines(NUMBERS))
def test_neighbours_differ_and_nothing_that_matters_is_left_out(line):
    said = play(changed, line, by=500.0)
    assert all(pair in line for pair in said)
    assert all(abs(a - b) > 500.0 for (_, a), (_, b) in pairwise(said))
    last = None
    for at, value in line:
        last = value if (at, value) in said else last
        assert abs(value - last) <= 500.0
