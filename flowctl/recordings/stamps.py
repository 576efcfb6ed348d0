"""The times of a table's rows: seconds, milliseconds since the epoch, or dates."""

import math
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from flowctl.faults import FlowError
from flowctl.numerals import written

MILLI_FROM = 1e11  # a time beyond the year 5000 is in milliseconds
HOUR = 3600.0
SUNDAY, LATEST = 6, 4  # clocks are put back on that day, before this hour


class Stamps:
    """Reads the times of rows, one after the other.

    `zone` is where dates without a zone were written, `start` the date of second 0.

    Raises:
        FlowError: there is no such zone.
    """

    def __init__(self, zone: str, start: float, *, comma: bool = False) -> None:
        try:
            self._place: tzinfo = ZoneInfo(zone)
        except (KeyError, ValueError, OSError):
            raise FlowError(f"no time zone '{zone}'; one is named like Europe/Berlin") from None
        self._zone, self._start, self._comma = zone, start, comma
        self._last, self._step = -math.inf, 0.0
        self._doubled = False  # whether several rows are of one time, as in no autumn

    def read(self, cell: str) -> float:
        """Return the next time, s since the epoch; in autumn an hour comes twice.

        Raises:
            ValueError: it is none, or of an hour that comes twice where clocks are other ones.
        """
        time = self._seconds(cell)
        if self._step > 0 and -HOUR <= time - self._last <= 0:
            time = self._again(cell, time)
        if time != self._last:
            self._last, self._step = time, time - self._last
        return time

    def _again(self, cell: str, time: float) -> float:
        """Return the time of a row that is not later than the one before.

        Of the same time it is where rows lie closer together.
        """
        again = self._seconds(cell, fold=1)
        same = time == self._last
        if same and (self._doubled or not HOUR / 2 <= self._step < math.inf):
            return time
        if again > self._last or (again == self._last and not same):
            return again
        if self._step < math.inf and _might_come_twice(cell):
            said = f"'{cell}' comes twice, as an hour does in autumn, but not in {self._zone}"
            raise ValueError(f"{said}: set TZ to the zone it was written in, like Europe/Berlin")
        self._doubled = self._doubled or same
        return time

    def _seconds(self, cell: str, fold: int = 0) -> float:
        seconds = written(cell, comma=self._comma)
        if seconds is None:
            date = _date(cell)
            date = date if date.tzinfo else date.replace(tzinfo=self._place, fold=fold)
            return date.timestamp()
        return (seconds / 1000 if seconds > MILLI_FROM else seconds) + self._start


def _date(cell: str) -> datetime:
    try:
        return datetime.fromisoformat(cell.strip())
    except ValueError:
        said = f"'{cell}' is no time: write seconds, or 2026-06-01T18:00:00+02:00"
        raise ValueError(said) from None


def _might_come_twice(cell: str) -> bool:
    """Tell whether clocks that show this might be put back somewhere."""
    try:
        date = datetime.fromisoformat(cell.strip())
    except ValueError:
        return False
    return date.tzinfo is None and date.weekday() == SUNDAY and date.hour < LATEST
