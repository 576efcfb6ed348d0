"""Time, handed in: what every clock of flowctl can do, and what a turn is.

A *turn* is one event and everything it causes in the same instant. Steps with further inputs wait
in the turn until all steps above them have spoken, so a diamond gives one result. A turn never
re-enters itself: what is injected during a turn becomes the next turn of the same instant.
"""

import heapq
from abc import abstractmethod
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, TypeVar

from reactivex import abc, typing
from reactivex.disposable import Disposable
from reactivex.scheduler.scheduler import Scheduler

State = TypeVar("State")


class Timer(abc.DisposableBase):
    """An armed timer: reactivex's own disposable holds a lock, which nobody here contends for."""

    __slots__ = ("_cancel",)

    def __init__(self, cancel: Callable[[], object]) -> None:
        self._cancel = cancel

    def dispose(self) -> None:
        """Disarm it; often is as good as once."""
        self._cancel()


class Clock(Scheduler):
    """A reactivex scheduler that also tells the seconds of this run and keeps turns apart."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: list[tuple[int, int, Callable[[Any], object], Any]] = []
        self._next: deque[tuple[Callable[[Any], object], Any]] = deque()
        self._order = count()
        self._busy = False

    @abstractmethod
    def time(self) -> float:
        """Seconds of this run: monotonic, from 0; the only time a law may subtract."""

    @abstractmethod
    def wall(self) -> datetime:
        """The time of day, aware; for calendars and logs, never for intervals."""

    @abstractmethod
    def later(self, delay: float, action: Callable[[], object]) -> abc.DisposableBase:
        """Do something after some seconds, as a turn of its own."""

    def turn(self, action: Callable[..., object], *args: Any) -> None:
        """Do something and all it causes as one turn; within a turn: as the next one."""
        self.hand(lambda _: action(*args), None)

    def hand(self, receive: Callable[[Any], object], value: Any) -> None:
        """Hand a value on as a turn: what those do who have many."""
        if self._busy:
            self._next.append((receive, value))
            return
        self._busy = True
        try:
            receive(value)
            while self._waiting or self._next:
                self._settle()
                if self._next:
                    receive, value = self._next.popleft()
                    receive(value)
        finally:
            self._busy = False

    def defer(self, rank: int, action: Callable[[Any], object], value: Any) -> None:
        """Hand a value on once all work of lower rank in this turn is done."""
        heapq.heappush(self._waiting, (rank, next(self._order), action, value))
        if not self._busy:
            self.turn(lambda: None)

    def _settle(self) -> None:
        waiting = self._waiting
        while waiting:
            _, _, action, value = heapq.heappop(waiting)
            action(value)

    # The reactivex side: every form of scheduling ends in `later`.

    @property
    def now(self) -> datetime:
        """A monotonic date for reactivex; a step of the wall clock does not move it."""
        return EPOCH + timedelta(seconds=self.time())

    def schedule(
        self, action: typing.ScheduledAction[State], state: State | None = None
    ) -> abc.DisposableBase:
        """Do an action as soon as possible."""
        return self.schedule_relative(0.0, action, state)

    def schedule_relative(
        self,
        duetime: typing.RelativeTime,
        action: typing.ScheduledAction[State],
        state: State | None = None,
    ) -> abc.DisposableBase:
        """Do an action after a delay."""
        inner: list[abc.DisposableBase] = []

        def act() -> None:
            inner.append(self.invoke_action(action, state))

        timer = self.later(max(0.0, self.to_seconds(duetime)), act)

        def cancel() -> None:
            for item in (timer, *inner):
                item.dispose()

        return Disposable(cancel)

    def schedule_absolute(
        self,
        duetime: typing.AbsoluteTime,
        action: typing.ScheduledAction[State],
        state: State | None = None,
    ) -> abc.DisposableBase:
        """Do an action at a date of this clock."""
        return self.schedule_relative(self.to_datetime(duetime) - self.now, action, state)


EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
