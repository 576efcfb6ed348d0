"""Say the newest value at a steady beat."""

import math
from typing import Annotated, TypeVar

from reactivex import abc
from reactivex.disposable import CompositeDisposable

from flowctl import Clock, Ge, Gt, Observable, Seconds
from nodes._helpers.timing import TINY, beat

T = TypeVar("T")


def sample(
    values: Annotated[Observable[T], "the stream to look at"],
    *,
    every: Annotated[Seconds, Ge(0.01), "time between two outputs; the flow must keep up"],
    stale: Annotated[Seconds, Gt(0), "a value older than this is not repeated"] = 10.0,
    clock: Clock,
) -> Observable[T]:
    """Say the newest value once per `every`, whether or not it is a new one.

    In and out: anything. The beat counts from the start; what comes in between two beats waits for
    the next. Without news the last value is repeated until it is older than `stale`, then all is
    silent: a dead input stays visible as silence. A value that has not been said yet is said
    however old it is. When the input ends, such a value passes at once, before the end.
    """

    def subscribe(
        out: abc.ObserverBase[T], _: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        fresh: list[T] = []  # what is worth saying at the next beat
        came, news = -math.inf, False

        def receive(value: T) -> None:
            nonlocal came, news
            fresh[:] = [value]
            came, news = clock.time(), True

        def strike(_: int) -> None:
            nonlocal news
            if not news and clock.time() - came > stale + TINY:
                fresh.clear()
            if fresh:
                news = False
                out.on_next(fresh[0])

        def finish() -> None:
            if news:
                out.on_next(fresh[0])
            out.on_completed()

        timer = beat(clock, every, strike, first=1)
        heard = values.subscribe(receive, out.on_error, finish, scheduler=clock)
        return CompositeDisposable(heard, timer)

    return Observable(subscribe)
