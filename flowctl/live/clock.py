"""The clock of a running flow, over the event loop of asyncio."""

import asyncio
import heapq
import math
from collections.abc import Callable
from datetime import UTC, datetime
from operator import call

from flowctl.clock import Clock, Timer


class LiveClock(Clock):
    """The event loop's monotonic time: a step of the wall clock cannot disturb it.

    All timers share one of the loop's: those are dear to order, and a thousand flows tick at once.
    """

    def __init__(self) -> None:
        super().__init__()
        self._loop = asyncio.get_running_loop()
        self._start = self._loop.time()
        self._timers: list[tuple[float, int, list[Callable[[], object]]]] = []
        self._alarm: asyncio.TimerHandle | None = None
        self._rings = math.inf

    def time(self) -> float:
        """Seconds since this clock was made."""
        return self._loop.time() - self._start

    def wall(self) -> datetime:
        """The time of day as the system has it now."""
        return datetime.now(UTC)

    def later(self, delay: float, action: Callable[[], object]) -> Timer:
        """Arm a timer; equal times ring in the order they were asked for."""
        cell, due = [action], self._loop.time() + max(0.0, delay)
        heapq.heappush(self._timers, (due, next(self._order), cell))
        if due < self._rings:
            self._set_alarm(due)
        return Timer(cell.clear)

    def _set_alarm(self, due: float) -> None:
        if self._alarm:
            self._alarm.cancel()
        self._rings, self._alarm = due, self._loop.call_at(due, self._ring)

    def _ring(self) -> None:
        timers, now = self._timers, self._loop.time()
        self._rings = -math.inf  # what is asked for meanwhile sets no alarm of its own
        try:
            while timers and timers[0][0] <= now:
                _, _, cell = heapq.heappop(timers)
                if cell:
                    self.hand(call, cell.pop())
        finally:
            self._rings = math.inf
            if timers:
                self._set_alarm(timers[0][0])
