"""Timers for operators: a deadline that moves for free, and a beat that does not drift."""

import math
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from reactivex import abc

from flowctl import Clock

TINY = 1e-6  # s: sums of floats miss their mark by less, and no clock here is finer
LAST = 10**9  # rank of what waits until all that can be heard in this turn has been
T = TypeVar("T")


class Deadline(abc.DisposableBase):
    """One timer for one moving due time.

    Moving it later costs two assignments: the armed timer wakes at the old time, sees that there
    is time left and arms itself again. Only moving it earlier cancels and arms at once.
    """

    __slots__ = ("_action", "_clock", "_due", "_timer", "_wakes")

    def __init__(self, clock: Clock, action: Callable[[], object]) -> None:
        self._clock, self._action = clock, action
        self._due = self._wakes = math.inf
        self._timer: abc.DisposableBase | None = None

    def set(self, due: float) -> None:
        """Do the action once at a time of the clock, instead of what was asked before."""
        self._due = due
        if due < self._wakes:
            self._arm()

    def clear(self) -> None:
        """Ask for nothing; a timer that is armed will wake and find nothing to do."""
        self._due = math.inf

    def dispose(self) -> None:
        """Cancel the timer; nothing happens any more."""
        self._due = self._wakes = math.inf
        if self._timer:
            self._timer.dispose()
            self._timer = None

    def _arm(self) -> None:
        if self._timer:
            self._timer.dispose()
        self._wakes = self._due
        self._timer = self._clock.later(max(0.0, self._due - self._clock.time()), self._wake)

    def _wake(self) -> None:
        self._timer, self._wakes = None, math.inf
        if self._due == math.inf:
            return
        if self._due - self._clock.time() > TINY:
            self._arm()
            return
        self._due = math.inf
        self._action()


class Held(abc.DisposableBase, Generic[T]):
    """One value held back: a newer one takes its place, and it passes when its time has come."""

    __slots__ = ("_out", "_say", "_time", "_timer", "passed", "waiting")

    def __init__(self, clock: Clock, out: abc.ObserverBase[T]) -> None:
        self._out, self._say, self._time = out, out.on_next, clock.time
        self._timer = Deadline(clock, self._release)
        self.waiting: list[T] = []
        """The value that is held, if any."""
        self.passed = -math.inf
        """When a value last passed."""

    def say(self, value: T) -> None:
        """Pass a value now, instead of one that may be held."""
        if self.waiting:
            self.waiting.clear()
            self._timer.clear()
        self.passed = self._time()
        self._say(value)

    def hold(self, value: T, until: float) -> None:
        """Pass a value at a time of the clock, if no newer one comes."""
        self.waiting[:] = [value]
        self._timer.set(until)

    def finish(self) -> None:
        """Pass what is held, then end."""
        if self.waiting:
            self._release()
        self._timer.dispose()
        self._out.on_completed()

    def dispose(self) -> None:
        """Pass nothing any more."""
        self._timer.dispose()

    def _release(self) -> None:
        self.say(self.waiting[0])


def beat(clock: Clock, every: float, action: Callable[[int], object], first: int = 0) -> Deadline:
    """Do an action at every multiple of a period from now on, told the number of the beat.

    Each beat is reckoned from the start, so late ones do not add up; missed ones are left out.
    """
    start, number = clock.time(), first

    def strike() -> None:
        nonlocal number
        struck = max(number, int((clock.time() - start + TINY) / every))
        number = struck + 1
        timer.set(start + number * every)
        action(struck)

    timer = Deadline(clock, strike)
    timer.set(start + first * every)
    return timer


def once_per_turn(clock: Clock, action: Callable[[], object]) -> Callable[[], None]:
    """Make a call that does an action when all of this turn has been heard; asked often, done once.

    The engine brings it forward to the step's own place in the turn.
    """
    asked = False

    def act(_: None) -> None:
        nonlocal asked
        asked = False
        action()

    def ask() -> None:
        nonlocal asked
        if not asked:
            asked = True
            clock.defer(LAST, act, None)

    return ask


def at_last(count: int, action: Callable[[], object]) -> Callable[[], None]:
    """Make a call that does an action when it is called for the last of so many times."""
    left = count

    def call() -> None:
        nonlocal left
        left -= 1
        if not left:
            action()

    return call


def end_of_turn(clock: Clock, out: abc.ObserverBase[Any]) -> Callable[[], None]:
    """Make a call that ends a stream after all that it still says in this turn."""
    return lambda: clock.defer(LAST, lambda _: out.on_completed(), None)
