"""Windows of time on days of the week: how they are written, and whether it is one now."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = 24 * 60  # minutes
WINDOW = re.compile(r"(\d\d?):(\d\d)\s*-\s*(\d\d?):(\d\d)")


@dataclass(frozen=True, slots=True)
class Window:
    """From one minute of a day until another, which may be in the next day."""

    begin: int
    end: int


def read_windows(between: str | list[str]) -> tuple[Window, ...]:
    """Read times of day, by commas or as a list.

    Raises:
        ValueError: a text is not a window.
    """
    texts = between.split(",") if isinstance(between, str) else between
    return tuple(_window(text.strip()) for text in texts)


def read_days(text: str) -> tuple[int, ...]:
    """Read days of the week and spans of them; 0 is Monday.

    Raises:
        ValueError: a word is not a day.
    """
    found: list[int] = []
    for part in text.lower().split(","):
        names = [name.strip()[:3] for name in part.split("-")]
        if len(names) > 2 or not all(name in DAYS for name in names):
            raise ValueError(f"'{part.strip()}' is not a day; write e.g. 'mon-fri' or 'sat, sun'")
        first, last = DAYS.index(names[0]), DAYS.index(names[-1])
        found += [day % 7 for day in range(first, last + 1 + (7 if last < first else 0))]
    return tuple(found)


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


def _window(text: str) -> Window:
    found = WINDOW.fullmatch(text)
    if not found:
        raise ValueError(f"'{text}' is not a time window; write e.g. '22:00-06:00'")
    hour, minute, end_hour, end_minute = map(int, found.groups())
    begin, end = hour * 60 + minute, end_hour * 60 + end_minute
    if max(minute, end_minute) > 59 or begin >= DAY or end > DAY:
        raise ValueError(f"'{text}': times of day go from 00:00 to 24:00")
    if begin == end:
        raise ValueError(f"'{text}' begins when it ends; the whole day is '00:00-24:00'")
    return Window(begin, end if end > begin else end + DAY)
