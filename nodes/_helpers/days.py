"""Days that begin when a user says, by the wall clock: counters and flags that last one day."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flowctl import Check, Clock, Seconds, WattHours
from nodes._helpers.timing import Deadline

LOOK = 30.0  # s between two looks at the calendar


@dataclass(frozen=True, slots=True, kw_only=True)
class DayEnergy:
    """Energy of a day."""

    today: WattHours
    yesterday: WattHours | None = None


def read_zone(name: str) -> tzinfo | None:
    """Return a time zone by its name; an empty name is the machine's.

    Raises:
        ValueError: there is not one of that name.
    """
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"no time zone is called '{name}'; e.g. Europe/Paris") from None


Zone = Annotated[str, Check(read_zone)]


def day_of(wall: datetime, begins: Seconds, zone: tzinfo | None) -> str:
    """Return the date of the day that a moment belongs to, if days begin so long after midnight."""
    local = wall.astimezone(zone).replace(tzinfo=None)
    return (local - timedelta(seconds=begins)).date().isoformat()


def gone(wall: datetime, begins: Seconds, zone: tzinfo | None) -> Seconds:
    """Return how long ago the day of a moment began, by the clock on the wall."""
    local = wall.astimezone(zone).replace(tzinfo=None) - timedelta(seconds=begins)
    return (local - datetime.combine(local.date(), datetime.min.time())).total_seconds()


def looking(clock: Clock, look: Callable[[], object]) -> Deadline:
    """Look at the calendar now, as a turn of its own, and every half a minute."""

    def again() -> None:
        timer.set(clock.time() + LOOK)
        look()

    timer = Deadline(clock, again)
    timer.set(clock.time())
    return timer
