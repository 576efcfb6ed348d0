"""How much energy a water heater is to get from the grid tonight: the law of `energy_fallback`."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from flowctl import Percent, WattHours

Season = Literal["spring", "summer", "fall", "winter"]
NORTH: Mapping[Season, int] = {"spring": 80, "summer": 172, "fall": 265, "winter": 355}
"""Days of the year on which seasons begin, northern half of the earth."""
UNKNOWN = 100.0  # %: nobody knows the weather, so nobody may count on the sun
SOLAR_MODE = 20.0  # level of the heater's selector in Domoticz from which the sun may heat it


class Needs(NamedTuple):
    """The user's wishes."""

    low_today: WattHours = 7000.0
    """A day with less than this may have to be completed."""
    low_two_days: WattHours = 11000.0
    """And so may two."""
    good_forecast: Percent = 20.0
    """Fewer clouds than this are good weather."""
    top_up: WattHours = 3000.0
    """After two good days and before a bad one, a day is completed up to this."""
    full: WattHours = 14000.0
    """What a full heater holds."""
    morning: WattHours = 4000.0
    """What the first showers need."""
    seasonal: bool = False
    """Whether seasons and the part of the sky that is covered count."""


class Day(NamedTuple):
    """What is known at the check."""

    today: WattHours
    yesterday: WattHours = 0.0
    clouds: Percent | None = None
    full: bool = False
    mode: float | None = None
    season: Season = "winter"


class Decision(NamedTuple):
    """What is to be added, and what today counts as when it is yesterday."""

    missing: WattHours
    counted: WattHours
    why: str


def decide(day: Day, needs: Needs) -> Decision:
    """Decide once a day."""
    if day.mode is not None and day.mode < SOLAR_MODE:
        return Decision(0.0, day.today, f"heater mode {day.mode:.0f} leaves nothing to decide")
    if day.full:
        return Decision(0.0, needs.full, "it was full today")
    if day.today >= needs.low_today:
        return Decision(0.0, day.today, f"{day.today:.0f}Wh today are enough")
    missing, why = (_seasonal if needs.seasonal else _plain)(day, needs)
    return Decision(missing, day.today + missing, why)


def season_of(day_of_year: int, begins: Mapping[Season, int] = NORTH) -> Season:
    """Return the season of a day of the year."""
    order = sorted(begins, key=lambda season: begins[season])
    begun = [season for season in order if begins[season] <= day_of_year]
    return begun[-1] if begun else order[-1]


def _plain(day: Day, needs: Needs) -> tuple[WattHours, str]:
    """Rule 12 as the first revision has it."""
    left_today, left_two_days, sky = _state(day, needs)
    good = _is_good(day, needs)
    if left_two_days > 0:
        if good:
            return min(left_today, left_two_days), f"{sky}: the smaller gap of one day and two"
        return left_today, f"{sky}: the whole gap of today"
    if good:
        return 0.0, f"{sky}: two days are enough"
    return max(0.0, needs.top_up - day.today), f"{sky}: up to {needs.top_up:.0f}Wh"


def _seasonal(day: Day, needs: Needs) -> tuple[WattHours, str]:
    """Rule 12 as the newest revision has it: eight branches, three of them in `decide`."""
    left_today, left_two_days, sky = _state(day, needs)
    good, part = _is_good(day, needs), _covered(day) / 100
    if left_two_days > 0:
        if good:
            gap = min(left_today, left_two_days, needs.morning)
            return gap, f"{sky}: the smaller gap of one day and two, for the morning"
        if day.today < needs.morning:
            gap = needs.morning - day.today + (needs.low_today - needs.morning) * part
            return gap, f"{sky}: the morning, and of the rest of today what clouds take"
        return left_today * part, f"{sky}: of the gap of today what clouds take"
    if good or day.season == "summer":
        return 0.0, f"{sky}, {day.season}: two days are enough"
    if day.season == "winter":
        return left_today, f"{sky}, winter: the whole gap of today"
    return left_today * part, f"{sky}, {day.season}: of the gap of today what clouds take"


def _state(day: Day, needs: Needs) -> tuple[WattHours, WattHours, str]:
    sky = "forecast unknown" if day.clouds is None else f"{day.clouds:.0f}% clouds"
    two_days = day.today + day.yesterday
    return needs.low_today - day.today, needs.low_two_days - two_days, sky


def _covered(day: Day) -> Percent:
    return UNKNOWN if day.clouds is None else day.clouds


def _is_good(day: Day, needs: Needs) -> bool:
    return _covered(day) < needs.good_forecast
