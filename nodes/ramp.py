"""Follow a quantity no faster than a given rate."""

import math
from typing import Annotated

from reactivex import abc
from reactivex.disposable import CompositeDisposable

from flowctl import Clock, Gt, Observable, Quantity, QuantityPerSecond, Seconds
from nodes._helpers.operators import like
from nodes._helpers.timing import Deadline


def ramp(
    values: Annotated[Observable[Quantity], "what to follow"],
    *,
    up: Annotated[QuantityPerSecond, Gt(0), "fastest rise"],
    down: Annotated[
        Annotated[QuantityPerSecond, Gt(0)] | None, "fastest fall; the same as `up` if not given"
    ] = None,
    every: Annotated[Seconds, Gt(0), "time between two steps on the way"] = 0.2,
    clock: Clock,
) -> Observable[Quantity]:
    """Follow the input at most at the rate `up` or `down`; one per value and, on the way, `every`.

    Starts at the first value. A step is never larger than `every` allows, however long the input
    was quiet. Silent once the input is reached, until its next value; what goes out on the way is
    as valid as the value it goes to. NaN and infinities are not heard.
    """
    fall = up if down is None else down

    def subscribe(
        out: abc.ObserverBase[float], _: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        target: float | None = None
        now = at = 0.0

        def move() -> None:
            nonlocal now, at
            if target is None:
                return
            now = slewed(now, target, up, fall, min(clock.time() - at, every))
            at = clock.time()
            if now == target:
                timer.clear()
            else:
                timer.set(at + every)
            out.on_next(like(target, now))

        def receive(value: float) -> None:
            nonlocal target, now
            if math.isfinite(value):
                now = float(value) if target is None else now
                target = value
                move()

        timer = Deadline(clock, move)
        heard = values.subscribe(receive, out.on_error, out.on_completed, scheduler=clock)
        return CompositeDisposable(heard, timer)

    return Observable(subscribe)


def slewed(now: float, target: float, up: float, down: float, seconds: float) -> float:
    """Go from `now` to a target as far as the rates allow in that time."""
    return min(max(float(target), now - down * seconds), now + up * seconds)
