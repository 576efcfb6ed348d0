"""Lengths of time and dates of a run."""

from datetime import UTC, datetime, timedelta

HOUR, MINUTE = 3600.0, 60.0


def span(seconds: float) -> str:
    """Print a length of time."""
    if seconds >= HOUR:
        return f"{seconds / HOUR:.4g} h"
    return f"{seconds / MINUTE:.3g} min" if seconds >= MINUTE else f"{seconds:.3g} s"


def later(start: datetime, seconds: float) -> datetime:
    """Return the date so many seconds on: a plain sum ignores changes of the clock."""
    return (start.astimezone(UTC) + timedelta(seconds=seconds)).astimezone(start.tzinfo)
