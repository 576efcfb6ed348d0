"""Long times in which a recorded power says nothing."""

import random

import pytest

from nodes.sim.silences import silences, within
from nodes.sim.trace import Trace

DAY = 86400


def found(times, watts=None, above=-1.0):
    return silences(times, watts or [500.0] * len(times), above)


@pytest.mark.parametrize(("step", "hole"), [(1, 400), (6, 400), (60, 1800), (900, 9000)])
def test_a_hole_in_even_rows_is_told(step, hole):
    times = [t for t in range(0, DAY, step) if not 30_000 < t < 30_000 + hole]
    (told,) = found(times)
    assert 30_000 - step < told[0] <= 30_000
    assert told[1] >= hole


@pytest.mark.parametrize("step", [1, 6, 60, 900, 3600])
def test_rows_that_come_as_ever_leave_nothing_out(step):
    assert found(range(0, DAY, step)) == []
    assert found([t for t in range(0, DAY, step) if t % 7 or t % 2]) == []


def test_changes_alone_leave_nothing_out_but_where_a_house_would_have_changed():
    chance = random.Random(3)
    times = [0.0]
    while times[-1] < 7 * DAY:  # as an energy monitor logs: seconds, minutes, an hour in the night
        times.append(times[-1] + chance.choice([1, 1, 1, 2, 5, 60, 300, 900, 3600]))
    assert found(times) == []
    gone = [t for t in times if not 200_000 < t < 200_000 + 4 * 3600]
    assert [wait > 4 * 3600 for _, wait in found(gone)] == [True]


def test_more_hole_than_trace_is_told():
    times = [*range(3600), *range(40_000, 43_600)]
    assert found(times) == [(3599, 36_401)]


def test_a_night_in_which_a_roof_makes_nothing_is_none():
    times = [*range(0, 36_000, 60), *range(80_000, 120_000, 60)]
    watts = [900.0 if k != 599 else 3.0 for k in range(len(times))]
    assert found(times, watts, 20.0) == []
    assert found(times, watts) == [(35_940, 44_060)]


def test_they_count_from_where_a_run_begins_until_it_ends():
    waits = [(100.0, 1000.0), (2000.0, 900.0), (5000.0, 3000.0)]
    assert within(waits, 500.0, 6000.0) == [(0.0, 600.0), (1500.0, 900.0), (4500.0, 1000.0)]
    assert within(waits, 900.0, 5200.0) == [(1100.0, 900.0)]  # the rest is too short to be told


def test_what_is_made_up_leaves_nothing_out():
    times, watts = [*range(100), 9000], [500.0] * 101
    assert Trace(times, watts).silences(8000.0) == []
    told = Trace(times, watts, recorded=True).scaled(2.0).starting(50.0)
    assert told.silences(8000.0) == [(49.0, 7951.0)]
