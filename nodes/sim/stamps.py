"""The times of a trace's rows, by the clock of this machine."""

import math
from datetime import datetime

from nodes._helpers.rows import seconds

HOUR = 3600.0
SUNDAY, LATEST = 6, 4  # clocks are put back on that day, before this hour
CURE = "in autumn an hour comes twice, but not in {}; set TZ to the zone it is of: Europe/Berlin"


class Stamps:
    """Reads the times of rows, one after the other; in autumn an hour comes twice."""

    def __init__(self) -> None:
        self._last, self._step = -math.inf, math.inf
        self._doubled = False  # whether several rows are of one time, as in no autumn

    def read(self, stamp: object) -> float:
        """Return the next time, s.

        Raises:
            ValueError: it is none, or time runs back.
        """
        time = seconds(stamp, None)
        if time <= self._last:
            time = self._again(stamp, time)
        if time != self._last:
            self._last, self._step = time, time - self._last
        return time

    def _again(self, stamp: object, time: float) -> float:
        """Return the time of a row that is not later than the one before.

        Of the same time it is where rows lie closer together.
        """
        again, same = seconds(stamp, None, fold=1), time == self._last
        if same and (self._doubled or not HOUR / 2 <= self._step < math.inf):
            return time
        if again > self._last or (again == self._last and not same):
            return again
        near = self._last - time <= HOUR and _might_come_twice(stamp)
        if near or not same:
            said = f"time runs back at {shown(stamp)}"
            raise ValueError(f"{said}: {CURE.format(_clock(time))}" if near else said)
        self._doubled = True
        return time


def shown(stamp: object) -> str:
    """Print the time of a row as it is told."""
    return f"{stamp:.12g} s" if isinstance(stamp, float) else str(stamp)


def _clock(time: float) -> str:
    return datetime.fromtimestamp(time).astimezone().tzname() or "this zone"


def _might_come_twice(stamp: object) -> bool:
    """Tell whether clocks that show this might be put back somewhere."""
    try:
        date = datetime.fromisoformat(str(stamp).strip())
    except ValueError:
        return False
    return date.tzinfo is None and date.weekday() == SUNDAY and date.hour < LATEST
