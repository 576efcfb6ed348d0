"""day_energy: a power becomes the energy of each day."""

import logging
from datetime import UTC, datetime

import pytest
from hypothesis import given
from reactivex import Subject

from flowctl import Store
from flowctl.testing import play
from flowctl.virtual.clock import VirtualClock
from nodes._helpers.days import DayEnergy, day_of, gone, read_zone
from nodes.day_energy import day_energy
from tests.nodes.timelines import ANY_FLOATS, timelines

HOUR = 3600.0


class Kept:
    """One operator over restarts: the store stays, the clock goes on from a date."""

    def __init__(self, store, start, **settings):
        self.clock, self.source, self.said = VirtualClock(start), Subject(), []
        made = day_energy(self.source, zone="UTC", clock=self.clock, store=store, **settings)
        self.subscription = made.subscribe(self.said.append, scheduler=self.clock)
        self.clock.advance(0)

    def say(self, watts):
        self.clock.turn(self.source.on_next, watts)


def at(day, hour, minute=0):
    return datetime(2026, 6, day, hour, minute, tzinfo=UTC)


def test_a_reading_counts_until_the_next_one():
    said = play(day_energy, [(0, 1000.0), (36, 500.0), (72, 0.0)], zone="UTC", rest=0)
    assert said[0] == (0, DayEnergy(today=0.0))
    assert [(t, e.today) for t, e in said[1:]] == [(0, 0.0), (36, 10.0), (72, 15.0)]


def test_a_long_gap_does_not_count():
    said = play(day_energy, [(0, 1000.0), (61, 500.0), (97, 0.0)], zone="UTC", rest=0)
    assert [e.today for _, e in said[1:]] == [0, 0, 5]


def test_what_flows_out_counts_down():
    said = play(day_energy, [(0, -1000.0), (36, 0.0)], zone="UTC", rest=0)
    assert said[-1][1].today == -10


def test_a_day_begins_when_it_is_said_and_the_last_one_is_kept():
    store = Store()
    kept = Kept(store, at(1, 5, 59), day_begins=6 * HOUR)
    kept.say(3600.0)
    kept.clock.advance(30)
    kept.say(3600.0)
    assert kept.said[-1] == DayEnergy(today=30.0)
    kept.clock.advance(40)
    assert kept.said[-1] == DayEnergy(today=0.0, yesterday=30.0)
    kept.say(0.0)
    assert kept.said[-1] == DayEnergy(today=40.0, yesterday=30.0)


def test_both_days_are_kept_over_restarts_and_said_at_the_start():
    store = Store()
    first = Kept(store, at(1, 12))
    first.say(3600.0)
    first.clock.advance(10)
    first.say(0.0)
    first.subscription.dispose()
    again = Kept(store, at(1, 12, 5))
    assert again.said == [DayEnergy(today=10.0)]
    again.subscription.dispose()
    tomorrow = Kept(store, at(2, 12))
    assert tomorrow.said == [DayEnergy(today=0.0, yesterday=10.0)]


def test_after_a_day_in_which_nothing_ran_yesterday_is_not_known():
    store = Store({"day": "2026-06-01", "today": 500.0, "yesterday": 100.0})
    assert Kept(store, at(3, 12)).said == [DayEnergy(today=0.0)]


def test_the_count_is_saved_now_and_then_not_at_each_reading():
    saved = []
    store = Store({}, lambda key, value: saved.append((key, value)))
    kept = Kept(store, at(1, 12), save_every=60.0)
    saved.clear()
    for _ in range(61):
        kept.say(3600.0)
        kept.clock.advance(1)
    assert saved == [("day", "2026-06-01"), ("today", 60.0)]


def test_a_broken_store_begins_empty():
    assert Kept(Store({"today": "much", "day": 5}), at(1, 12)).said[0].today == 0


def test_an_unknown_zone_is_refused():
    with pytest.raises(ValueError, match="no time zone is called 'Paris'"):
        play(day_energy, [], zone="Paris")


@pytest.mark.parametrize(
    ("moment", "begins", "day", "since"),
    [
        (datetime(2026, 6, 2, 3, 59, tzinfo=UTC), 6, "2026-06-01", 23 * HOUR + 3540),
        (datetime(2026, 6, 2, 4, 0, tzinfo=UTC), 6, "2026-06-02", 0),
        (datetime(2026, 12, 2, 4, 59, tzinfo=UTC), 6, "2026-12-01", 23 * HOUR + 3540),
        (datetime(2026, 6, 1, 22, 0, tzinfo=UTC), 0, "2026-06-02", 0),
    ],
)
def test_days_go_by_the_clock_on_the_wall(moment, begins, day, since):
    zone = read_zone("Europe/Paris")
    assert day_of(moment, begins * HOUR, zone) == day
    assert gone(moment, begins * HOUR, zone) == since


@given(timelines(ANY_FLOATS))
def test_nothing_odd_ever_enters_the_count(timeline):
    for _, energy in play(day_energy, timeline, zone="UTC", rest=0):
        assert abs(energy.today) <= 1e5 * 60 / 3600 * 12 + 1
    assert logging.getLogger("day_energy")
