"""Pass a value soon when it moved much, and otherwise now and then."""

import math
from collections import deque
from collections.abc import Collection, Sequence
from statistics import fmean, pstdev
from typing import Annotated, NamedTuple

from reactivex import abc
from reactivex.disposable import CompositeDisposable

from flowctl import Clock, Ge, Gt, Observable, Percent, Quantity, Seconds
from nodes._helpers.operators import Straight
from nodes._helpers.timing import TINY, Held


class Change(NamedTuple):
    """What counts as a large change."""

    delta: float
    relative: float
    sigmas: float | None


def send_on_delta(
    values: Annotated[Observable[Quantity], "what is passed or waits"],
    *,
    delta: Annotated[Quantity, Ge(0), "a larger change than this passes after `soon`"] = 0.0,
    relative: Annotated[Percent, Ge(0), "and it must be more than this part of the value"] = 0.0,
    sigmas: Annotated[
        Annotated[float, Gt(0)] | None,
        "instead of the last passed value, compare with the mean of the last `of`: so many "
        "standard deviations away, and more than `delta`, is a large change",
    ] = None,
    of: Annotated[int, Ge(2), "how many values the mean is of"] = 8,
    soon: Annotated[Seconds, Ge(0), "shortest time between two outputs after a large change"] = 0.0,
    every: Annotated[Seconds, Gt(0), "shortest time between two outputs otherwise"],
    clock: Clock,
) -> Observable[Quantity]:
    """Pass the first value, then a large change after `soon` and anything else after `every`.

    Of the values that wait, the newest passes when its time has come, so none is the last and lost.
    It never repeats a value and is silent while its input is. NaN and infinities are not heard.

    Source: event-based sampling, M. Miskowicz, Send-on-delta concept, Sensors 6, 2006.
    """
    law = Change(delta, relative / 100, sigmas)

    def subscribe(
        out: abc.ObserverBase[float], _: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        held = Held(clock, out)
        recent: deque[float] = deque(maxlen=of)
        passed = list[float]()

        def receive(value: float) -> None:
            if not math.isfinite(value):
                return
            wait = soon if is_large(law, value, passed, recent) else every
            recent.append(value)
            if clock.time() >= held.passed + wait - TINY:
                passed[:] = [value]
                held.say(value)
            else:
                held.hold(value, held.passed + wait)

        heard = values.subscribe(receive, out.on_error, held.finish, scheduler=clock)
        return CompositeDisposable(heard, held)

    return Straight(subscribe)


def is_large(law: Change, value: float, passed: Sequence[float], recent: Collection[float]) -> bool:
    """Tell whether a value is far from the last one that passed, or from what is usual."""
    if not passed or not recent:
        return True
    least = max(law.delta, law.relative * abs(value))
    if law.sigmas is None:
        return abs(value - passed[0]) > least
    return abs(value - fmean(recent)) > max(least, law.sigmas * pstdev(recent))
