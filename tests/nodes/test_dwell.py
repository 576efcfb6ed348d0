"""`dwell` holds each new value for a least time."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowctl import Plan
from flowctl.testing import play
from nodes.dwell import dwell
from tests.nodes.timelines import NUMBERS, timelines


@pytest.mark.parametrize(
    ("line", "made"),
    [
        ([(0, 1.0), (2, 2.0), (5.9, 3.0), (6, 4.0), (7, 5.0)], [1, 1, 1, 4, 4]),
        ([(0, 1.0), (20, 1.0), (21, 2.0), (22, 3.0)], [1, 1, 2, 2]),
    ],
)
def test_a_value_is_held_and_then_the_newest_is_taken(line, made):
    assert [value for _, value in play(dwell, line, time="6s")] == made


def test_on_a_plan_each_share_is_held_by_itself():
    line = [(0, Plan(watts={"left": 1.0})), (3, Plan(watts={"left": 2.0, "right": 5.0})),
            (6, Plan(watts={"left": 3.0, "right": 6.0}, valid_until=8.0))]  # fmt: skip
    *_, (_, plan) = play(dwell, line, time="6s")
    assert (plan.watts, plan.valid_until) == ({"left": 3.0, "right": 5.0}, 8.0)
    assert plan.reasons == {"right": "dwell: held for 6s"}


@settings(deadline=None)
@given(timelines(NUMBERS), st.floats(0.1, 9))
def test_changes_are_never_closer_than_the_time(line, time):
    said = play(dwell, line, time=time)
    assert [at for at, _ in said] == [at for at, _ in line]
    turns = [said[n][0] for n in range(len(said)) if n == 0 or said[n][1] != said[n - 1][1]]
    gaps = [after - before for before, after in pairwise(turns)]
    assert all(gap >= time - 1e-5 for gap in gaps)
