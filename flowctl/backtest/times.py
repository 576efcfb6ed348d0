"""Lengths of time and dates of a run."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

HOUR, MINUTE = 3600.0, 60.0
QUARTER = 900  # s: clocks change at a full quarter of an hour


def span(seconds: float) -> str:
    """Print a length of time."""
    if seconds >= HOUR:
        return f"{seconds / HOUR:.4g} h"
    return f"{seconds / MINUTE:.3g} min" if seconds >= MINUTE else f"{seconds:.3g} s"


def changes(start: datetime, seconds: float) -> Iterator[tuple[int, int]]:
    """Yield `(second, by how many seconds)` of each change of the clock during a run."""
    before = start.utcoffset() or timedelta()
    first = round(QUARTER - start.timestamp() % QUARTER)
    for second in range(first, int(seconds) + 1, QUARTER):
        now = later(start, second).utcoffset() or timedelta()
        if now != before:
            yield second, round((now - before).total_seconds())
        before = now


def later(start: datetime, seconds: float) -> datetime:
    """Return the date so many seconds on: a plain sum ignores changes of the clock."""
    return (start.astimezone(UTC) + timedelta(seconds=seconds)).astimezone(start.tzinfo)
