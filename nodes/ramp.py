"""Follow a quantity no faster than a given rate."""

import math
from typing import Annotated

from reactivex import abc
from reactivex.disposable import CompositeDisposable

from flowctl import Clock, Ge, Gt, Observable, Quantity, QuantityPerSecond, Seconds
from nodes._helpers.operators import Receiver, like
from nodes._helpers.timing import Deadline


def ramp(
    values: Annotated[Observable[Quantity], "what to follow"],
    *,
    up: Annotated[QuantityPerSecond, Gt(0), "fastest rise"],
    down: Annotated[
        Annotated[QuantityPerSecond, Gt(0)] | None, "fastest fall; the same as `up` if not given"
    ] = None,
    every: Annotated[
        Seconds, Ge(0.01), "time between two steps on the way; the flow must keep up"
    ] = 0.2,
    clock: Clock,
) -> Observable[Quantity]:
    """Follow the input at most at the rate `up` or `down`; one per value and, on the way, `every`.

    Starts at the first value. A step is never larger than `every` allows, however long the input
    was quiet. Silent once the input is reached, until its next value; what goes out on the way is
    as valid as the value it goes to. NaN and infinities are not heard.
    """
    rates = (up, up if down is None else down)

    def subscribe(
        out: abc.ObserverBase[float], _: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        way = Way(clock, rates, every, out.on_next)
        heard = values.subscribe(way.receive, out.on_error, out.on_completed, scheduler=clock)
        return CompositeDisposable(heard, way.timer)

    return Observable(subscribe)


class Way:
    """Where the output is, and where it goes to."""

    def __init__(
        self, clock: Clock, rates: tuple[float, float], every: float, say: Receiver[float]
    ) -> None:
        self._clock, self._rates, self._every, self._say = clock, rates, every, say
        self._now: float | None = None
        self._at = self._target = 0.0
        self.timer = Deadline(clock, self._move)

    def receive(self, value: float) -> None:
        """Go to another target from now on."""
        if math.isfinite(value):
            self._target = value
            self._move()

    def _move(self) -> None:
        at = self._clock.time()
        start = float(self._target) if self._now is None else self._now
        seconds = min(at - self._at, self._every)
        self._now, self._at = slewed(start, self._target, self._rates, seconds), at
        if self._now == self._target:
            self.timer.clear()
        else:
            self.timer.set(at + self._every)
        self._say(like(self._target, self._now))


def slewed(now: float, target: float, rates: tuple[float, float], seconds: float) -> float:
    """Go from `now` to a target as far as the rates, up and down, allow in that time."""
    up, down = rates
    return min(max(float(target), now - down * seconds), now + up * seconds)
