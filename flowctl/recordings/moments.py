"""A moment within a recording, as people name it."""

import re
from collections.abc import Mapping
from datetime import datetime, time, timedelta, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flowctl import units
from flowctl.faults import FlowError
from flowctl.recordings.recording import header, read
from flowctl.zone import here

DAY = timedelta(days=1)
_SECONDS = re.compile(r"\d{8,}(?:\.\d+)?\Z")  # fewer digits are no date of our time
CURE = "write 18:42:10, 2026-01-31T18:42:10, +90s from the start, or end"


def zone_of(recording: Path) -> tzinfo:
    """Return the time zone that the header of a recording tells; without one, this machine's."""
    try:
        return ZoneInfo(str(header(recording)["zone"] or here()))
    except (KeyError, ZoneInfoNotFoundError, ValueError):
        return here()


def moment(
    text: str, recording: Path, zone: tzinfo, columns: Mapping[str, str] | None = None
) -> float:
    """Return a moment in seconds since the epoch: `18:42:10`, a date, `+90s`, `end`.

    Raises:
        FlowError: it is not a time, or the recording holds nothing.
    """
    if _SECONDS.match(text):
        return float(text)
    first, last = _ends(recording, columns, to_the_end=text == "end")
    if text == "end":
        return last
    if text.startswith("+"):
        return first + _seconds(text)
    try:
        return _of_day(time.fromisoformat(text), first, zone)
    except ValueError:
        pass
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise FlowError(f"--at {text} is not a time; {CURE}") from None
    return (found if found.tzinfo else found.replace(tzinfo=zone)).timestamp()


def _of_day(clock: time, first: float, zone: tzinfo) -> float:
    """Return the first time at or after the start at which the clock shows that."""
    place = clock.tzinfo or zone
    today = datetime.fromtimestamp(first, place).date()
    shown = clock.replace(tzinfo=None)
    days = (datetime.combine(today + DAY * k, shown, place) for k in range(2))
    twice = (day.replace(fold=fold).timestamp() for day in days for fold in (0, 1))
    return next(time for time in twice if time >= first)


def _seconds(text: str) -> float:
    try:
        return units.parse(text.removeprefix("+"), "s")
    except units.UnitError as error:
        raise FlowError(f"--at {text}: {error}") from None


def _ends(
    recording: Path, columns: Mapping[str, str] | None, *, to_the_end: bool
) -> tuple[float, float]:
    rows = iter(read(recording, columns))
    row = next(rows, None)
    if row is None:
        raise FlowError(f"{recording}: holds no value")
    first = last = row[0]
    if to_the_end:
        for found in rows:
            last = found[0]
    return first, last
