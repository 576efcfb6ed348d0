"""Forecasts of clouds, or of what the roof will make, as weather services tell them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from statistics import fmean
from typing import Any

from flowctl import Percent, WattHours
from nodes._helpers.fields import pick, read_number

NEAR = 1.6  # h that a forecast's hour may be away from the wanted one: services tell every third
Point = tuple[datetime, Percent]
"""Local time without a zone, and clouds then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sky:
    """What a day will be like."""

    day: str
    clouds: Percent | None = None
    """Part of the sky that is covered, or of the sun that is missing; `None`: nobody knows."""


def clouds(
    told: Any,
    day: date,
    hours: Sequence[float],
    zone: tzinfo | None,
    clear_day: WattHours | None = None,
) -> Percent:
    """Read the clouds of a day out of what a service told, whichever it is.

    Raises:
        ValueError: it is no forecast that is known here, or not of this day.
    """
    if not isinstance(told, Mapping):
        raise ValueError(f"not a forecast: {type(told).__name__}")
    if "weather" in told and "list" not in told:
        return _mean(_wttr(told), day, hours)
    if "list" in told:
        return _mean(_openweathermap(told, zone), day, hours)
    if "hourly" in told:
        return _mean(_open_meteo(told), day, hours)
    made = _solcast(told, day, zone) if "forecasts" in told else _forecast_solar(told, day)
    if clear_day is None:
        raise ValueError("it tells energy; give clear_day: what the roof makes on a clear day")
    return min(100.0, max(0.0, 100.0 * (1 - made / clear_day)))


def _mean(points: Iterator[Point], day: date, hours: Sequence[float]) -> Percent:
    """Return the mean of the points nearest to the wanted hours."""
    known = {when.hour + when.minute / 60: cover for when, cover in points if when.date() == day}
    found: list[Percent] = []
    for hour in hours:
        nearest = min(known, key=lambda there: abs(there - hour), default=99.0)
        if abs(nearest - hour) <= NEAR:
            found.append(known[nearest])
    if not found:
        raise ValueError(f"it says nothing about {day.isoformat()}")
    return min(100.0, max(0.0, fmean(found)))


def _wttr(told: Mapping[str, Any]) -> Iterator[Point]:
    """Source: wttr.in, format=j1: weather[].date, hourly[].time as 0, 300, ... 2100 local."""
    for one in told["weather"]:
        day = datetime.fromisoformat(str(pick(one, "date")))
        for slot in pick(one, "hourly"):
            hour = int(read_number(pick(slot, "time"))) // 100
            yield day.replace(hour=hour % 24), read_number(pick(slot, "cloudcover"))


def _openweathermap(told: Mapping[str, Any], zone: tzinfo | None) -> Iterator[Point]:
    """Source: OpenWeatherMap 5 day / 3 hour forecast: list[].dt in Unix seconds, clouds.all."""
    for slot in told["list"]:
        when = datetime.fromtimestamp(read_number(pick(slot, "dt")), UTC)
        yield _local(when, zone), read_number(pick(slot, "clouds.all"))


def _open_meteo(told: Mapping[str, Any]) -> Iterator[Point]:
    """Source: Open-Meteo forecast API, hourly=cloud_cover: hourly.time local as asked for."""
    hourly = told["hourly"]
    covers = pick(hourly, "cloud_cover" if "cloud_cover" in hourly else "cloudcover")
    for text, cover in zip(pick(hourly, "time"), covers, strict=False):
        if cover is not None:
            yield datetime.fromisoformat(str(text)).replace(tzinfo=None), read_number(cover)


def _forecast_solar(told: Mapping[str, Any], day: date) -> WattHours:
    """Source: Forecast.Solar estimate: result.watt_hours_day by date, Wh."""
    return read_number(pick(pick(told, "result.watt_hours_day"), day.isoformat()))


def _solcast(told: Mapping[str, Any], day: date, zone: tzinfo | None) -> WattHours:
    """Source: Solcast rooftop_sites forecasts: pv_estimate in kW over the half hour before."""
    made = [
        500.0 * read_number(pick(slot, "pv_estimate"))
        for slot in told["forecasts"]
        if _local(datetime.fromisoformat(str(pick(slot, "period_end"))), zone).date() == day
    ]
    if not made:
        raise ValueError(f"it says nothing about {day.isoformat()}")
    return sum(made)


def _local(when: datetime, zone: tzinfo | None) -> datetime:
    return when.astimezone(zone).replace(tzinfo=None)
