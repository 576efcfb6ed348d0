"""The times of a table's rows: seconds, milliseconds since the epoch, or dates."""

from datetime import datetime
from zoneinfo import ZoneInfo

from flowctl.autumn import Autumn
from flowctl.faults import FlowError
from flowctl.numerals import written

MILLI_FROM = 1e11  # a time beyond the year 5000 is in milliseconds


def stamps(zone: str, start: float, *, comma: bool = False) -> Autumn[str]:
    """Return what reads the times of rows, s since the epoch, one after the other.

    `zone` is where dates without a zone were written, `start` the date of second 0.

    Raises:
        FlowError: there is no such zone.
    """
    try:
        place = ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        raise FlowError(f"no time zone '{zone}'; one is named like Europe/Berlin") from None

    def read(cell: str, fold: int) -> float:
        seconds = written(cell, comma=comma)
        if seconds is not None:
            return (seconds / 1000 if seconds > MILLI_FROM else seconds) + start
        date = _date(cell)
        return (date if date.tzinfo else date.replace(tzinfo=place, fold=fold)).timestamp()

    return Autumn(read, zone)


def _date(cell: str) -> datetime:
    try:
        return datetime.fromisoformat(cell.strip())
    except ValueError:
        said = f"'{cell}' is no time: write seconds, or 2026-06-01T18:00:00+02:00"
        raise ValueError(said) from None
