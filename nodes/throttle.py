"""Slow a stream down without losing its newest value."""

from typing import Annotated, TypeVar

from reactivex import abc
from reactivex.disposable import CompositeDisposable

from flowctl import Clock, Gt, Observable, Seconds
from nodes._helpers.operators import Straight
from nodes._helpers.timing import TINY, Held

T = TypeVar("T")


def throttle(
    values: Annotated[Observable[T], "the stream to slow down"],
    *,
    every: Annotated[Seconds, Gt(0), "shortest time between two outputs"],
    clock: Clock,
) -> Observable[T]:
    """Pass a value at once, then at most one per `every`; the newest wins.

    In and out: anything. The first value, and any that follows `every` of quiet, passes at once;
    of those in between the newest passes when `every` is over. It never repeats a value, so it is
    silent while its input is. When the input ends, a value still held passes at once, before the
    end.

    A plan, or a share of one, ends by itself some seconds after its reading: to write seldom, give
    the device step a `write_every` instead, which the law knows of.
    """

    def subscribe(
        out: abc.ObserverBase[T], _: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        held, say, time = Held(clock, out), out.on_next, clock.time

        def receive(value: T) -> None:
            now, free = time(), held.passed + every
            if now < free - TINY:
                held.hold(value, free)
            elif held.waiting:
                held.say(value)
            else:
                held.passed = now
                say(value)

        heard = values.subscribe(receive, out.on_error, held.finish, scheduler=clock)
        return CompositeDisposable(heard, held)

    return Straight(subscribe)
