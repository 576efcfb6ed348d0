"""`peak_budget` spends the energy of each quarter of an hour, and no more."""

import math
from datetime import UTC, datetime
from itertools import cycle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reactivex import Subject

from flowctl.store import Store
from flowctl.testing import play
from flowctl.virtual.clock import VirtualClock
from nodes.peak_budget import Budget, Spent, allowed, counted, peak_budget, read
from tests.nodes.timelines import NUMBERS, timelines

QUARTER = 900.0
BUDGET = Budget(limit=2500.0, over=QUARTER, longest=60.0)


def said(line, start=None, store=None, **wishes):
    """What a budget says in virtual time, begun at a time of day."""
    clock, grid, heard = VirtualClock(start or datetime(2026, 1, 1, tzinfo=UTC)), Subject(), []
    stream = peak_budget(grid, clock=clock, store=store if store is not None else Store(), **wishes)
    stream.subscribe(heard.append, scheduler=clock)
    for at, watts in line:
        clock.advance_to(at)
        clock.turn(grid.on_next, watts)
    return heard


@pytest.mark.parametrize(
    ("before", "now", "spent"),
    [
        (None, 1000.0, Spent(900.0, 250_000.0, 1000.0, 700.0)),
        (Spent(900.0, 5000.0, 990.0, 400.0), 1000.0, Spent(900.0, 9000.0, 1000.0, 700.0)),
        (Spent(900.0, 5000.0, 910.0, 400.0), 1000.0, Spent(900.0, 230_000.0, 1000.0, 700.0)),
        (Spent(0.0, 5000.0, 890.0, 400.0), 910.0, Spent(900.0, 4000.0, 910.0, 700.0)),
        (Spent(900.0, 5000.0, 1010.0, 400.0), 1000.0, Spent(900.0, 5000.0, 1000.0, 700.0)),
    ],
)
def test_energy_is_added_up_by_the_clock(before, now, spent):
    assert counted(before, now, 700.0, BUDGET) == spent


@pytest.mark.parametrize(
    ("joules", "now", "watts"),
    [
        (0.0, 0.0, 2500.0),
        (0.0, 450.0, 5000.0),
        (1_125_000.0, 450.0, 2500.0),
        (2_250_000.0, 450.0, 0.0),
        (9_000_000.0, 450.0, 0.0),
        (2_175_000.0, 899.0, 2500.0),
    ],
)
def test_what_is_left_is_spread_over_the_time_left(joules, now, watts):
    assert allowed(Spent(0.0, joules, now, 0.0), now, BUDGET) == pytest.approx(watts)


def test_quarters_are_those_of_the_wall_clock():
    start = datetime(2026, 1, 1, 17, 14, 50, tzinfo=UTC)
    line = [(0, 9000.0), (5, 9000.0), (10, 0.0), (15, 0.0)]
    made = said(line, start, limit=2500.0)
    assert made[1] < 1500
    assert made[2:] == pytest.approx([2500.0, 2513.97], abs=0.1)


def test_export_earns_nothing():
    made = said([(0, -5000.0), (30, -5000.0), (60, 0.0)], limit=2500.0)
    assert made[-1] == pytest.approx(2500.0 * 900 / 840)


def test_the_fuse_limits_it_anyway():
    assert said([(at, 0.0) for at in range(0, 800, 50)], limit=2500.0, most=6000.0)[-1] == 6000.0


def test_it_is_kept_over_a_restart():
    store = Store()
    said([(0, 9000.0), (60, 9000.0), (120, 9000.0)], store=store, limit=2500.0)
    start = datetime(2026, 1, 1, 0, 2, 10, tzinfo=UTC)
    [left] = said([(0, 0.0)], start, store, limit=2500.0)
    assert left == pytest.approx((2500 * 900 - 9000 * 130) / (900 - 130))


@pytest.mark.parametrize("kept", [None, "text", [1, 2], [1, 2, 3, "4"], [1, 2, 3, math.nan]])
def test_what_was_kept_may_be_nonsense(kept):
    assert read(kept) is None


@settings(deadline=None)
@given(timelines(NUMBERS, longest=400.0), st.floats(100, 1e5))
def test_it_never_allows_less_than_nothing(line, limit):
    assert all(watts >= 0 and math.isfinite(watts) for _, watts in play(peak_budget, line,
                                                                       limit=limit))  # fmt: skip


@settings(deadline=None)
@given(st.lists(st.floats(0, 20_000), min_size=1, max_size=20))
def test_a_house_that_obeys_stays_under_the_limit(wishes):
    spent, joules = None, 0.0
    for second, wish in zip(range(900), cycle(wishes), strict=False):
        spent = counted(spent, float(second), 0.0, BUDGET)
        watts = min(wish, allowed(spent, float(second), BUDGET))
        spent = spent._replace(watts=watts)
        joules += watts
    assert joules <= 2500.0 * QUARTER * 1.001
