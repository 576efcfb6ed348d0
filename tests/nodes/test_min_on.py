"""`min_on` holds on and off for their least times."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowctl import Plan
from flowctl.testing import play
from nodes.min_on import min_on
from tests.nodes.timelines import timelines


@pytest.mark.parametrize(
    ("line", "wishes", "made"),
    [
        ([(0, True), (1, False), (10, False)], {"on": "10s"}, [True, True, False]),
        ([(0, False), (1, True), (5, True)], {"on": 0, "off": "5s"}, [False, False, True]),
        ([(0, 500.0), (1, 0.0), (10, 0.0)], {"on": "10s", "least": "80W"}, [500.0, 80.0, 0.0]),
        ([(0, -500.0), (1, 0.0)], {"on": "10s", "least": "80W"}, [-500.0, -80.0]),
        ([(0, -500.0), (1, 300.0), (2, 0.0)], {"on": "9s", "least": "80W"}, [-500, 300, 80]),
        ([(0, 0.0), (1, 500.0), (5, 500.0)], {"on": 0, "off": "5s"}, [0.0, 0.0, 500.0]),
        ([(0, 5.0), (9, 0.0), (10, 5.0), (19, 5.0)], {"on": "9s", "off": "10s"}, [5, 0, 0, 5]),
    ],
)
def test_times_on_and_off_are_kept(line, wishes, made):
    assert [value for _, value in play(min_on, line, **wishes)] == made


def test_on_a_plan_what_is_held_back_is_unmet():
    line = [(0, Plan(watts={"left": 0.0, "right": 300.0})),
            (1, Plan(watts={"left": 200.0, "right": 300.0}))]  # fmt: skip
    *_, (_, plan) = play(min_on, line, on=0, off="60s")
    assert (plan.watts, plan.unmet) == ({"left": 0.0, "right": 300.0}, 200.0)
    assert plan.reasons == {"left": "min_on: 0s on, 60s off"}


def test_one_that_went_away_is_told_nothing_more():
    gone = Plan(watts={"left": 0.0, "right": 300.0}, reasons={"left": "not available"})
    line = [(0, Plan(watts={"left": 200.0, "right": 300.0})), (1, gone)]
    assert play(min_on, line, on="60s")[1] == (1, gone)


@settings(deadline=None)
@given(timelines(st.booleans()), st.integers(0, 9), st.integers(0, 9))
def test_nothing_is_switched_too_early(line, on, off):
    said = play(min_on, line, on=float(on), off=float(off))
    assert [at for at, _ in said] == [at for at, _ in line]
    turns = [said[n] for n in range(len(said)) if n == 0 or said[n][1] != said[n - 1][1]]
    for (since, value), (until, _) in pairwise(turns):
        assert until - since >= (on if value else off) - 1e-6
