"""When traces begin, where they tell dates."""

from collections.abc import Mapping
from datetime import datetime

from flowctl.backtest.times import later
from flowctl.backtest.world import DAY
from flowctl.faults import FlowError
from flowctl.recordings.tables import OF_OUR_TIME
from flowctl.zone import here


class Dates:
    """The dates of the traces of a house and of its roof; second 0 is `begin` into the house's."""

    def __init__(self, firsts: Mapping[str, float], pv: str | None, begin: float) -> None:
        self._first = _date(firsts["house"])
        self._sun = _date(firsts["pv"]) if pv else None
        self._pv, self._begin = pv, begin
        self.start = later(self._first, begin) if self._first else None
        """Date and time of second 0."""

    def roof(self) -> float | None:
        """The second of the roof's trace at second 0; `None`: as far into it as into the house's.

        Where it is of other days, its clock shows the same as the house's.

        Raises:
            FlowError: it is of the same day, and begins only later.
        """
        if self._first is None or self._sun is None or self._first == self._sun:
            return None
        ahead = (self._first - self._sun).total_seconds()
        place = self._begin + (ahead if abs(ahead) < DAY else ahead % DAY)
        if place < 0:
            said = f"begins at {self._sun:%Y-%m-%d %H:%M}, the house's at {self._first:%H:%M}"
            cure = f"say --begin {-ahead:g}s or more"
            raise FlowError(f"--pv {self._pv}: {said}; {cure}")
        return place


def _date(first: float) -> datetime | None:
    """The date of a first value, if it is one."""
    return datetime.fromtimestamp(first, here()) if first > OF_OUR_TIME else None
