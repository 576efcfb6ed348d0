"""cloud_forecast: how cloudy it will be, in the words of five services; what is unknown is said."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowctl.testing import play
from nodes._helpers.days import read_zone
from nodes._helpers.sky import Sky, clouds
from nodes.cloud_forecast import HOURS, cloud_forecast
from tests.nodes.skies import forecast_solar, open_meteo, openweathermap, solcast, wttr

PARIS = read_zone("Europe/Paris")
DAY = date(2026, 6, 1)
THREE = {9: 30, 12: 60, 15: 90}

ANSWERS = [
    (wttr(("2026-05-31", {}), ("2026-06-01", THREE)), 60),
    (wttr(("2026-06-01", {12: 100})), 100 / 3),
    # 7, 10, 13, 16 UTC are 9, 12, 15, 18 in Paris
    (openweathermap("2026-06-01T07:00", 30, 60, 90, 0), 60),
    (openweathermap("2026-06-01T06:00", 30, 60, 90, 0), 60),  # 8, 11, 14: near enough
    (open_meteo("2026-06-01", THREE), 60),
    (open_meteo("2026-06-01", {12: 45}), 45),
    (forecast_solar(d20260601=12000, d20260602=100), 40),
    (forecast_solar(d20260601=30000), 0),
    (solcast("2026-06-01T08:00", 4, 4, 2, 2), 70),
]


@pytest.mark.parametrize(("answer", "covered"), ANSWERS)
def test_the_mean_of_the_day_is_read_out_of_what_each_service_tells(answer, covered):
    assert clouds(answer, DAY, HOURS, PARIS, clear_day=20_000.0) == pytest.approx(covered)


UNKNOWN = [
    None,
    "busy",
    [],
    {},
    {"cod": 401, "message": "Invalid API key"},
    {"weather": []},
    {"weather": [{"date": "soon", "hourly": []}]},
    wttr(("2026-05-31", THREE)),
    openweathermap("2026-06-03T07:00", 30),
    {"list": [{"dt": "x"}]},
    {"hourly": {"time": ["2026-06-01T12:00"]}},
    forecast_solar(d20260602=5),
    {"result": None, "message": {"code": 429}},
    {"forecasts": []},
]


@pytest.mark.parametrize("answer", UNKNOWN)
def test_what_holds_no_forecast_of_the_day_is_no_forecast(answer):
    with pytest.raises((ValueError, TypeError, KeyError, AttributeError)):
        clouds(answer, DAY, HOURS, PARIS, clear_day=20_000.0)


def test_a_forecast_of_energy_wants_to_know_a_clear_day():
    with pytest.raises(ValueError, match="give clear_day"):
        clouds(forecast_solar(d20260601=12000), DAY, HOURS, PARIS)


# In virtual time it is midnight of 1 January 2026 (UTC) at second 0.
ANSWER = wttr(("2026-01-01", {9: 90, 12: 90, 15: 90}), ("2026-01-02", {9: 15, 12: 15, 15: 15}))
H = 3600.0


def test_before_eight_it_is_of_today_and_after_it_of_tomorrow():
    line = [(7.9 * H, ANSWER), (8.1 * H, ANSWER)]
    said = play(cloud_forecast, line, zone="UTC", good_for="10h", rest=0)
    assert [sky for _, sky in said] == [
        Sky(day="2026-01-01"),
        Sky(day="2026-01-01", clouds=90),
        Sky(day="2026-01-02", clouds=15),
    ]


def test_nobody_knows_at_the_start_and_once_the_last_answer_is_old():
    said = play(cloud_forecast, [(H, ANSWER)], zone="UTC", good_for="2h", rest=4 * H)
    assert [sky.clouds for _, sky in said] == [None, 90, None]
    assert 3 * H < said[-1][0] <= 3 * H + 60


def test_what_makes_no_sense_changes_nothing_and_is_told_once(caplog):
    line = [(H, ANSWER), *((H + 60 * n, odd) for n, odd in enumerate(UNKNOWN, 1))]
    said = play(cloud_forecast, line, zone="UTC", rest=0)
    assert [sky.clouds for _, sky in said] == [None, 90]
    assert len([r for r in caplog.records if "talks nonsense" in r.message]) == 1


covers = st.dictionaries(st.sampled_from([9, 12, 15]), st.integers(-50, 200), min_size=1)


@given(covers)
def test_clouds_are_a_part_of_the_sky(covered):
    assert 0 <= clouds(wttr(("2026-06-01", covered)), DAY, HOURS, PARIS) <= 100
