"""The hour that comes twice in the autumn of tables, where rows tell the time of clocks."""

import math
from collections.abc import Callable
from datetime import datetime
from typing import Generic, TypeVar

S = TypeVar("S")
HOUR = 3600.0
SUNDAY, LATEST = 6, 4  # clocks are put back on that day, before this hour


class Autumn(Generic[S]):
    """Reads the times of rows, one after the other.

    `seconds` reads a time, of an hour that comes twice the first one, or the second with a fold of
    1, as dates have it; `zone` is the name of where clocks show these.
    """

    def __init__(self, seconds: Callable[[S, int], float], zone: str) -> None:
        self._seconds, self._zone = seconds, zone
        self._last, self._step = -math.inf, 0.0
        self._doubled = False  # whether several rows are of one time, as in no autumn

    def read(self, stamp: S) -> float:
        """Return the next time, s; it may be before the last one.

        Raises:
            ValueError: it is none, or of an hour that comes twice where clocks are other ones.
        """
        time = self._seconds(stamp, 0)
        if self._step > 0 and -HOUR <= time - self._last <= 0:
            time = self._again(stamp, time)
        if time != self._last:
            self._last, self._step = time, time - self._last
        return time

    def _again(self, stamp: S, time: float) -> float:
        """Return the time of a row that is not later than the one before.

        Of the same time it is where rows lie closer together.
        """
        again, same = self._seconds(stamp, 1), time == self._last
        if same and (self._doubled or not HOUR / 2 <= self._step < math.inf):
            return time
        if again > self._last or (again == self._last and not same):
            return again
        if self._step < math.inf and _might_come_twice(stamp):
            said = f"'{stamp}' comes twice, as an hour does in autumn, but not in {self._zone}"
            raise ValueError(f"{said}: set TZ to the zone it was written in, like Europe/Berlin")
        self._doubled = self._doubled or same
        return time


def _might_come_twice(stamp: object) -> bool:
    """Tell whether clocks that show this might be put back somewhere."""
    try:
        date = datetime.fromisoformat(str(stamp).strip())
    except ValueError:
        return False
    return date.tzinfo is None and date.weekday() == SUNDAY and date.hour < LATEST
