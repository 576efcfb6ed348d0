"""`idle_hold` keeps a trickle after work."""

import pytest
from hypothesis import given, settings

from flowctl import Plan
from flowctl.testing import play
from nodes.idle_hold import idle_hold
from tests.nodes.timelines import NUMBERS, timelines


@pytest.mark.parametrize(
    ("line", "made"),
    [
        ([(0, 0.0), (1, 500.0), (2, 0.0)], [0.0, 500.0, 1.0]),
        ([(0, -500.0), (1, 0.0)], [-500.0, -1.0]),
        ([(0, 500.0), (1, 0.0), (299, 0.0), (300, 0.0)], [500.0, 1.0, 1.0, 0.0]),
        ([(0, 500.0), (200, 0.0), (250, 9.0), (500, 0.0), (550, 0.0)], [500.0, 1.0, 9.0, 1.0, 0.0]),
    ],
)
def test_zero_after_work_is_a_trickle_for_a_while(line, made):
    assert [watts for _, watts in play(idle_hold, line, lasts="5m")] == made


def test_the_trickle_is_the_users():
    line = [(0, 500.0), (1, 0.0), (21, 0.0)]
    assert [watts for _, watts in play(idle_hold, line, lasts="20s", watts="20W")] == [500, 20, 0]


def test_on_a_plan_each_battery_rests_by_itself():
    line = [(0, Plan(watts={"left": 500.0, "right": 0.0})),
            (1, Plan(watts={"left": 0.0, "right": 0.0}))]  # fmt: skip
    (_, first), (_, second) = play(idle_hold, line)
    assert first is line[0][1]
    assert second.watts == {"left": 1.0, "right": 0.0}
    assert second.reasons == {"left": "idle_hold: 1W keeps its relay closed"}


@settings(deadline=None)
@given(timelines(NUMBERS))
def test_only_zero_is_ever_changed(line):
    said = play(idle_hold, line)
    assert [at for at, _ in said] == [at for at, _ in line]
    for (_, before), (_, after) in zip(line, said, strict=True):
        assert after == before or (before == 0 and abs(after) == 1.0)
