"""full_detection: told to draw, and drawing nothing, again and again: it is full."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reactivex import Subject

from flowctl import Battery, Log, Store
from flowctl.testing import play
from flowctl.virtual.clock import VirtualClock
from nodes.full_detection import Nothing, Rule, full_detection, step

ON, OFF = Battery(setpoint=-1500.0), Battery(setpoint=0.0)


def every(seconds, *watts, start=0):
    return [(start + seconds * n, value) for n, value in enumerate(watts)]


def said(measured, load=((0, ON),), **settings):
    heard = play(full_detection, measured, load=load, zone="UTC", rest=0, **settings)
    return [(at, full) for at, full in heard if at or full]


def test_six_readings_of_nothing_in_a_row_make_it_full():
    heard = said(every(2, *[0.0] * 8, start=1))
    assert heard == [(1 + 2 * n, n >= 5) for n in range(8)]


@pytest.mark.parametrize(
    ("seen", "at", "watts", "told", "then"),
    [
        (Nothing(), 0.0, 0.0, 1500.0, Nothing(1, 0.0, 0.0)),
        (Nothing(3, 4.0, 0.0), 6.0, 4.9, 101.0, Nothing(4, 6.0, 0.0)),
        (Nothing(3, 4.0, 0.0), 6.0, 5.0, 101.0, Nothing()),  # it draws
        (Nothing(3, 4.0, 0.0), 6.0, 0.0, 100.0, Nothing(3, 4.0, 0.0)),  # it was told nothing
        (Nothing(3, 4.0, 0.0), 14.0, 0.0, 1500.0, Nothing(4, 14.0, 0.0)),
        (Nothing(3, 4.0, 0.0), 14.1, 0.0, 1500.0, Nothing(1, 14.1, 14.1)),  # too long ago
    ],
)
def test_what_counts(seen, at, watts, told, then):
    assert step(seen, at, watts, told, Rule()) == then


def test_a_quick_meter_that_is_late_does_not_make_it_full():
    heard = said(every(0.2, *[0.0] * 60, start=1))
    assert next(t for t, full in heard if full) == 11.0


def test_one_reading_that_draws_begins_the_count_anew():
    measured = every(2, 0, 0, 0, 0, 0, 2.0, 1500.0, 0, 0, 0, 0, 0, 0, start=1)
    heard = said([(t, float(w)) for t, w in measured])
    assert [full for _, full in heard] == [False] * 5 + [True] * 8


def test_a_load_that_is_off_is_not_full():
    assert not any(full for _, full in said(every(2, *[0.0] * 20), load=[(0, OFF)]))


def test_a_meter_that_reads_errors_now_and_then_does_not_make_it_full():
    assert not any(full for _, full in said(every(11, *[0.0] * 20, start=1)))


class Kept:
    def __init__(self, store, start):
        self.clock, self.said = VirtualClock(start), []
        self.measured, self.load = Subject(), Subject()
        full_detection(
            self.measured, self.load, zone="Europe/Paris", clock=self.clock, store=store,
            log=Log("ecs"),
        ).subscribe(self.said.append, scheduler=self.clock)  # fmt: skip
        self.clock.advance(0)


def test_it_stays_full_over_a_restart_and_until_the_day_begins():
    store = Store()
    kept = Kept(store, datetime(2026, 6, 1, 14, 0, tzinfo=UTC))
    assert kept.said == [False]
    kept.clock.turn(kept.load.on_next, ON)
    for _ in range(6):
        kept.clock.turn(kept.measured.on_next, 0.0)
        kept.clock.advance(2)
    again = Kept(store, datetime(2026, 6, 2, 3, 59, tzinfo=UTC))  # 5:59 in Paris
    assert again.said == [True]
    again.clock.advance(61)
    assert again.said == [True, False]


def test_a_load_that_turns_out_to_be_dead_was_not_full():
    measured = every(2, *[0.0] * 8, start=1)
    for away, full in ((15.5, False), (300.0, True)):
        heard = said(measured, load=[(0, ON), (away, Battery(online=False)), (away + 1, OFF)])
        assert heard[-1][1] is full


def test_readings_of_a_dead_load_do_not_count():
    load = [(0, ON), (4, Battery(online=False))]
    assert not any(full for _, full in said(every(2, *[0.0] * 20), load=load))


readings = st.lists(st.tuples(st.floats(0.1, 20), st.floats(0, 3000), st.floats(0, 3000)))


@given(readings)
def test_a_load_that_draws_is_never_full(readings):
    seen, at = Nothing(), 0.0
    for gap, watts, told in readings:
        at += gap
        seen = step(seen, at, max(watts, 5.0), told, Rule())
        assert seen.readings == 0
