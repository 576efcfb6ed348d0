"""Prices per kWh: the same always, by time of day, or by date as a market made them."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from itertools import pairwise
from typing import Protocol

from flowctl.backtest.times import HOUR
from flowctl.faults import FlowError
from flowctl.numerals import speaks, unsure
from flowctl.recordings.course import course
from flowctl.recordings.tables import OF_OUR_TIME

MINUTES = 24 * 60  # of a day
DATES = "the times of prices are dates, e.g. 2026-06-01T00:00+02:00"


class Prices(Protocol):
    """What a kWh costs at any time."""

    def at(self, when: datetime) -> float:
        """Return the price at a time."""

    def check(self, start: datetime, end: datetime) -> None:
        """Raise `FlowError` where a price is not known from `start` to `end`."""


@dataclass(frozen=True)
class ByDay:
    """A price for each minute of a day."""

    minutes: Sequence[float]

    def at(self, when: datetime) -> float:
        """Return the price at a time."""
        return self.minutes[when.hour * 60 + when.minute]

    def check(self, start: datetime, end: datetime) -> None:
        """Know it always."""


@dataclass(frozen=True)
class ByDate:
    """Prices from their dates on, each until the next one."""

    file: str
    times: Sequence[float]
    prices: Sequence[float]
    end: float
    """Until when the last one holds, s since the epoch."""

    def at(self, when: datetime) -> float:
        """Return the price at a time."""
        return self.prices[max(0, bisect_right(self.times, when.timestamp()) - 1)]

    def check(self, start: datetime, end: datetime) -> None:
        """Raise `FlowError` where the file ends before the run, or begins after it."""
        if start.timestamp() < self.times[0] or end.timestamp() > self.end:
            known = f"{_shown(self.times[0], start.tzinfo)} to {_shown(self.end, start.tzinfo)}"
            run = f"{start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}"
            cure = "say --at for another date, or --for for less"
            raise FlowError(f"{self.file}: has prices from {known}, not from {run}; {cure}")


def constant(price: float) -> ByDay:
    """Return a price that never changes."""
    return ByDay([price] * MINUTES)


def dated(file: str, plus: float = 0.0) -> ByDate:
    """Read prices from a table or a recording, `FILE#COLUMN`; `plus` comes on top of each.

    Raises:
        FlowError: the file cannot be read, or holds no prices by date.
    """
    found = course(file)
    if odd := next(filter(speaks, (price for _, price in found)), None):
        raise FlowError(f"{file}: {unsure(odd)}")
    rows = [(t, float(price)) for t, price in found if isinstance(price, int | float)]
    if not rows:
        raise FlowError(f"{file}: holds no price; {DATES}, and each holds until the next")
    if rows[0][0] < OF_OUR_TIME:
        raise FlowError(f"{file}: tells no dates; {DATES}")
    times = [t for t, _ in rows]
    longest = max((after - before for before, after in pairwise(times)), default=HOUR)
    lasts = min(HOUR, longest or HOUR)
    return ByDate(file, times, [price + plus for _, price in rows], times[-1] + lasts)


def _shown(time: float, zone: tzinfo | None) -> str:
    return f"{datetime.fromtimestamp(time, zone):%Y-%m-%d %H:%M}"
