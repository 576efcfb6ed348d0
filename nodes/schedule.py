"""Tell by the calendar whether it is time."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Annotated, Any

from reactivex import abc
from reactivex.disposable import CompositeDisposable

from flowctl import Clock, Gt, Observable, Quantity, Seconds, UnitFrom
from nodes._helpers.days import read_zone
from nodes._helpers.timing import Deadline

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = 24 * 60  # minutes
LOOK = 60.0  # s between two looks at the calendar
WINDOW = re.compile(r"(\d\d?):(\d\d)\s*-\s*(\d\d?):(\d\d)")


@dataclass(frozen=True, slots=True)
class Window:
    """From one minute of a day until another, which may be in the next day."""

    begin: int
    end: int


def schedule(
    *,
    between: Annotated[
        str | list[str], "times of day, e.g. `22:00-06:00`; several by commas or as a list"
    ],
    days: Annotated[str, "days on which a window begins, e.g. `mon-fri, sun`"] = "mon-sun",
    zone: Annotated[str, "time zone, e.g. Europe/Amsterdam; if not given, the machine's"] = "",
    inside: Annotated[Quantity | bool | str | None, "what is said when it is time"] = True,
    outside: Annotated[
        Quantity | bool | str | None, "what is said when not; null: nothing"
    ] = False,
    unit: Annotated[str | None, "unit of what is said, e.g. W"] = None,
    every: Annotated[
        Seconds | None, Gt(0), "say it again this often; if not given, only what changes"
    ] = None,
    clock: Clock,
) -> Annotated[Observable[Any], UnitFrom("unit")]:
    """Say `inside` when a window begins and `outside` when it ends, and at the start what holds.

    Out: true or false, or the values given. Silent between changes unless `every` is given; a
    setpoint needs it, or the lease of the device runs out. A window includes its first minute and
    not its last; `22:00-06:00` goes on past midnight and belongs to the day on which it begins;
    `00:00-24:00` is the whole day. When clocks go forward, a time that is left out is the moment of
    the change; when they go back, a time that comes twice is its first. The calendar is looked at
    every full minute, so a corrected system clock is noticed within a minute.

    Raises:
        ValueError: a text is no window, day or zone.
    """
    windows, begin_on, where = _windows(between), _days(days), read_zone(zone)

    def subscribe(
        out: abc.ObserverBase[Any], _: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        now: bool | None = None

        def look() -> None:
            nonlocal now
            wall = clock.wall()
            timer.set(clock.time() + LOOK - wall.second - wall.microsecond / 1e6)
            before, now = now, is_time(wall, windows, begin_on, where)
            if now != before:
                say()

        def say() -> None:
            value = inside if now else outside
            if every is not None:
                again.set(clock.time() + every)
            if value is not None:
                out.on_next(value)

        timer, again = Deadline(clock, look), Deadline(clock, say)
        timer.set(clock.time())
        return CompositeDisposable(timer, again)

    return Observable(subscribe)


def is_time(
    wall: datetime, windows: Sequence[Window], begin_on: Sequence[int], zone: tzinfo | None
) -> bool:
    """Tell whether a moment lies in a window that began today or yesterday."""
    today = wall.astimezone(zone).date()
    began = [day for day in (today - timedelta(days=1), today) if day.weekday() in begin_on]
    return any(
        moment(day, window.begin, zone) <= wall < moment(day, window.end, zone)
        for day in began
        for window in windows
    )


def moment(day: date, minute: int, zone: tzinfo | None) -> datetime:
    """Return the first moment at which the local clock shows a minute of a day, or a later one."""
    local = datetime.combine(day, datetime.min.time()) + timedelta(minutes=minute)
    found = local.replace(tzinfo=zone).astimezone(UTC)
    while _shown(earlier := found - timedelta(minutes=1), zone) >= local:
        found = earlier  # the minute was left out; go back to the change
    return found


def _shown(moment: datetime, zone: tzinfo | None) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)


def _windows(between: str | list[str]) -> tuple[Window, ...]:
    texts = between.split(",") if isinstance(between, str) else between
    return tuple(_window(text.strip()) for text in texts)


def _window(text: str) -> Window:
    found = WINDOW.fullmatch(text)
    if not found:
        raise ValueError(f"'{text}' is no time window; write e.g. '22:00-06:00'")
    hour, minute, end_hour, end_minute = map(int, found.groups())
    begin, end = hour * 60 + minute, end_hour * 60 + end_minute
    if max(minute, end_minute) > 59 or begin >= DAY or end > DAY:
        raise ValueError(f"'{text}': times of day go from 00:00 to 24:00")
    if begin == end:
        raise ValueError(f"'{text}' begins when it ends; the whole day is '00:00-24:00'")
    return Window(begin, end if end > begin else end + DAY)


def _days(text: str) -> tuple[int, ...]:
    found: list[int] = []
    for part in text.lower().split(","):
        names = [name.strip()[:3] for name in part.split("-")]
        if len(names) > 2 or not all(name in DAYS for name in names):
            raise ValueError(f"'{part.strip()}' is no day; write e.g. 'mon-fri' or 'sat, sun'")
        first, last = DAYS.index(names[0]), DAYS.index(names[-1])
        found += [day % 7 for day in range(first, last + 1 + (7 if last < first else 0))]
    return tuple(found)
