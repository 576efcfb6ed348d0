"""The virtual clock: a heap of timers that jumps from one to the next."""

import heapq
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from operator import call

from flowctl.clock import Clock, Timer

NANO = 1_000_000_000  # whole nanoseconds: 0.1 added ten times is one second
MICRO = 1_000_000
START = datetime(2026, 1, 1, tzinfo=UTC)


class VirtualClock(Clock):
    """Time passes only when told to. Equal times run in the order they were asked for.

    `HistoricalScheduler` and `VirtualTimeScheduler` of reactivex hang, or jump a second, when more
    than a hundred timers fall on one instant, so this is our own.
    """

    def __init__(self, start: datetime = START) -> None:
        super().__init__()
        self._start = start.astimezone(UTC)  # sums of zoned dates ignore changes of the clock
        self._began = round(self._start.timestamp() * MICRO)
        self._now, self._seconds = 0, 0.0
        self._timers: list[tuple[int, int, list[Callable[[], object]]]] = []

    def time(self) -> float:
        """Virtual seconds since the start."""
        return self._seconds

    def wall(self) -> datetime:
        """The start plus the virtual seconds."""
        return self._start + timedelta(seconds=self._seconds)

    def stamp(self) -> float:
        """The date of now as recordings tell it: seconds since the epoch, to the microsecond."""
        return (self._began + (self._now + 500) // 1000) / MICRO  # by integers: cheaper

    def later(self, delay: float, action: Callable[[], object]) -> Timer:
        """Arm a timer; it runs when the clock is advanced to it."""
        cell = [action]
        due = self._now + max(0, round(delay * NANO))
        heapq.heappush(self._timers, (due, next(self._order), cell))
        return Timer(cell.clear)

    def advance(self, seconds: float) -> None:
        """Let seconds pass; run every timer due up to and including the new time."""
        self.advance_to(self._now / NANO + seconds)

    def advance_to(self, time: float) -> None:
        """Let time pass until a time of this clock (never backwards)."""
        target, timers = round(time * NANO), self._timers
        if timers and timers[0][0] <= target:
            self._ring(target)
        if target > self._now:
            self._now, self._seconds = target, target / NANO

    def _ring(self, target: int) -> None:
        timers = self._timers
        while timers and timers[0][0] <= target:
            due, _, cell = heapq.heappop(timers)
            if due > self._now:
                self._now, self._seconds = due, due / NANO
            if cell:
                self.hand(call, cell.pop())

    def next_due(self) -> float | None:
        """When the next timer is due, in seconds of this clock."""
        timers = self._timers
        while timers and not timers[0][2]:
            heapq.heappop(timers)
        return timers[0][0] / NANO if timers else None
