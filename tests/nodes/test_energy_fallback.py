"""energy_fallback: once a day the water heater gets what the sun did not give."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reactivex import Subject

from flowctl import Battery, Log, Store
from flowctl.virtual.clock import VirtualClock
from nodes._helpers.days import DayEnergy
from nodes._helpers.fallback import Day, Needs, decide, season_of
from nodes._helpers.sky import Sky
from nodes.energy_fallback import energy_fallback

PLAIN, SEASONAL = Needs(), Needs(good_forecast=30.0, seasonal=True)

# Rule 12, first revision: today, yesterday, clouds -> to be added
PLAIN_TABLE = [
    (8000, 0, None, 0),  # enough today
    (7000, 0, 100, 0),
    (2000, 3000, 10, 5000),  # good weather: the smaller gap, 5000 of the day or 6000 of two
    (5000, 5500, 10, 500),
    (2000, 3000, 20, 5000),  # 20 % is not good any more: the gap of today
    (5000, 5500, 80, 2000),
    (5000, 5500, None, 2000),  # unknown is not good weather
    (5000, 6000, 10, 0),  # two days are enough, and the sun will come
    (5000, 6000, 80, 0),  # it will not, but there are 3000 Wh already
    (1000, 10000, 80, 2000),
    (1000, 10000, None, 2000),
    (1000, 10000, 10, 0),
]


@pytest.mark.parametrize(("today", "yesterday", "clouds", "missing"), PLAIN_TABLE)
def test_rule_12_of_the_first_revision(today, yesterday, clouds, missing):
    decision = decide(Day(today, yesterday, clouds), PLAIN)
    assert decision.missing == missing
    assert decision.counted == today + missing


# Rule 12, newest revision, by the number of its branch
SEASONAL_TABLE = [
    (0, 1000, 0, 100, "winter", False, 10.0, 0),
    (1, 1000, 0, 100, "winter", True, None, 0),
    (2, 2000, 3000, 10, "winter", False, 20.0, 4000),  # no more than the morning needs
    (2, 5000, 5500, 29, "summer", False, 20.0, 500),
    (3.1, 1000, 3000, 50, "winter", False, None, 3000 + 1500),
    (3.1, 1000, 3000, None, "summer", False, None, 3000 + 3000),
    (3.2, 5000, 3000, 50, "winter", False, None, 1000),
    (4, 5000, 8000, 10, "winter", False, None, 0),
    (5, 5000, 8000, 50, "winter", False, None, 2000),
    (6, 5000, 8000, 50, "spring", False, None, 1000),
    (6, 5000, 8000, None, "fall", False, None, 2000),
    (7, 5000, 8000, 90, "summer", False, None, 0),
    (8, 7000, 0, 90, "winter", False, None, 0),
]


@pytest.mark.parametrize(
    ("branch", "today", "yesterday", "clouds", "season", "full", "mode", "missing"), SEASONAL_TABLE
)
def test_rule_12_of_the_newest_revision(
    branch, today, yesterday, clouds, season, full, mode, missing
):
    day = Day(today, yesterday, clouds, full, mode, season)
    assert decide(day, SEASONAL).missing == pytest.approx(missing), branch


def test_a_heater_that_was_full_counts_as_full_tomorrow():
    assert decide(Day(2000, 0, 10, full=True), PLAIN).counted == 14000


@pytest.mark.parametrize(
    ("day", "season"),
    [(1, "winter"), (79, "winter"), (80, "spring"), (172, "summer"), (264, "summer"),
     (265, "fall"), (354, "fall"), (355, "winter"), (366, "winter")],
)  # fmt: skip
def test_seasons_of_the_northern_half(day, season):
    assert season_of(day) == season


HEATER = Battery(setpoint=0.0, max_charge=2000.0)


class Night:
    """One heater and its fallback; the store outlives a restart."""

    def __init__(self, store, start, **settings):
        self.clock, self.said = VirtualClock(start), []
        self.energy, self.heater, self.sky, self.full, self.mode = (Subject() for _ in range(5))
        energy_fallback(
            self.energy, self.heater, self.sky, self.full, self.mode, name="ecs",
            zone="Europe/Paris", clock=self.clock, store=store, log=Log("ecs"),
            **settings,
        ).subscribe(lambda told: self.said.append(dict(told)), scheduler=self.clock)  # fmt: skip
        self.clock.advance(0)

    def hears(self, today=2000.0, sky=None):
        self.clock.turn(self.heater.on_next, HEATER)
        if sky is not None:
            self.clock.turn(self.sky.on_next, sky)
        self.clock.turn(self.energy.on_next, DayEnergy(today=today))

    def until(self, day, hour, minute=0):
        then = datetime(2026, 6, day, hour, minute, tzinfo=UTC)
        self.clock.advance((then - self.clock.wall()).total_seconds())


def at(day, hour, minute=0):
    return datetime(2026, 6, day, hour, minute, tzinfo=UTC)


ASKED = {"command": "force", "name": "ecs", "power": 2000.0}


def test_at_the_hour_it_forces_the_heater_for_what_is_missing():
    night = Night(Store({"checked": "2026-06-01"}), at(1, 20))
    night.hears(today=2000.0, sky=Sky(day="2026-06-02", clouds=90.0))
    night.until(1, 22, 59)
    assert night.said == []
    night.until(1, 23, 1)  # 1:00 in Paris
    assert night.said == [
        {
            **ASKED,
            "duration": 9000.0,
            "yesterday": 7000,
            "why": "90% clouds: the whole gap of today",
        }
    ]
    night.until(2, 12)
    assert len(night.said) == 1


def test_good_weather_asks_for_less_and_an_unknown_sky_is_no_good_weather():
    store = {"checked": "2026-06-01", "yesterday": 8500.0}
    for sky, missing in ((5.0, 500), (None, 5000), (Sky(day="2026-06-02"), 5000)):
        night = Night(Store(store), at(1, 22))
        night.hears(today=2000.0, sky=sky)
        night.until(1, 23, 1)
        assert night.said[-1]["duration"] == missing / 2000 * 3600


def test_without_any_forecast_it_decides_all_the_same_and_waits_for_nothing():
    night = Night(Store({"checked": "2026-06-01"}), at(1, 22, 59))
    night.hears()
    night.clock.advance(90)
    assert night.said[-1]["why"] == "forecast unknown: the whole gap of today"


def test_enough_sun_asks_for_nothing_but_counts():
    night = Night(Store({"checked": "2026-06-01"}), at(1, 22, 59))
    night.hears(today=9000.0)
    night.clock.advance(90)
    assert night.said == [{"yesterday": 9000, "why": "9000Wh today are enough"}]


def test_a_full_heater_and_a_mode_that_is_not_solar_ask_for_nothing():
    for stream, value, counted in (("full", True, 14000), ("mode", 10.0, 2000)):
        night = Night(Store({"checked": "2026-06-01"}), at(1, 22, 59))
        night.clock.turn(getattr(night, stream).on_next, value)
        night.hears()
        night.clock.advance(90)
        assert "command" not in night.said[-1]
        assert night.said[-1]["yesterday"] == counted


def test_no_day_is_decided_twice_over_a_restart_and_the_last_decision_is_told():
    store = Store({"checked": "2026-06-01"})
    night = Night(store, at(1, 22, 59))
    night.hears()
    night.clock.advance(90)
    again = Night(Store(json.loads(json.dumps(dict(store)))), at(1, 23, 5))
    again.hears()
    again.until(2, 12)
    assert again.said == [{"yesterday": 7000}]


@pytest.mark.parametrize(("minutes", "decided"), [(90, True), (121, False)])
def test_a_check_that_was_missed_is_made_up_for_a_while(minutes, decided):
    start = at(1, 23) + timedelta(minutes=minutes)
    night = Night(Store({"checked": "2026-06-01"}), start)
    night.hears()
    night.clock.advance(60)
    assert bool(night.said) == decided


def test_it_waits_for_the_heater_and_its_energy():
    night = Night(Store({"checked": "2026-06-01"}), at(1, 22, 59))
    night.clock.advance(300)
    assert night.said == []
    night.hears()
    night.clock.advance(60)
    assert len(night.said) == 1


def test_factors_correct_what_was_measured_and_how_long_it_is_forced():
    night = Night(
        Store({"checked": "2026-06-01"}), at(1, 22, 59), measured_factor=0.5, duration_factor=1.5
    )
    night.hears(today=4000.0)
    night.clock.advance(90)
    assert night.said[-1]["duration"] == 5000 / 2000 * 3600 * 1.5


def test_each_season_may_have_its_own_needs():
    night = Night(
        Store({"checked": "2026-06-01"}), at(1, 22, 59), seasonal=True,
        low_today_by_season={"spring": 3000.0}, low_two_days_by_season={"spring": 5000.0},
    )  # fmt: skip
    night.hears(today=2000.0)
    night.clock.advance(90)
    assert night.said[-1]["duration"] == 1000 / 2000 * 3600


amounts = st.floats(0, 20000)
days = st.builds(
    Day,
    amounts,
    amounts,
    st.none() | st.floats(0, 100),
    st.booleans(),
    st.none() | st.sampled_from([0.0, 10.0, 20.0]),
    st.sampled_from(["spring", "summer", "fall", "winter"]),
)


@given(days, st.booleans())
def test_it_never_asks_for_less_than_nothing_or_for_more_than_a_day_needs(day, seasonal):
    decision = decide(day, Needs(seasonal=seasonal))
    assert 0 <= decision.missing <= 7000


@given(days, st.booleans())
def test_an_unknown_sky_never_asks_for_less_than_the_worst_one(day, seasonal):
    needs = Needs(seasonal=seasonal)
    unknown = decide(day._replace(clouds=None), needs)
    assert unknown.missing == decide(day._replace(clouds=100.0), needs).missing
