"""Let charts draw a step where a value rests for long and then changes."""

from typing import Annotated, TypeVar

from reactivex import abc
from reactivex.disposable import CompositeDisposable

from flowctl import Clock, Gt, Observable, Seconds
from nodes._helpers.operators import Straight
from nodes._helpers.timing import TINY, Held

T = TypeVar("T")


def chart_step(
    values: Annotated[Observable[T], "values to be drawn: what `changed` lets through, say"],
    *,
    after: Annotated[Seconds, Gt(0), "a rest longer than this ends with its old value"],
    lead: Annotated[Seconds, Gt(0), "how long the old value stands before the new one"] = 0.2,
    clock: Clock,
) -> Observable[T]:
    """Repeat the old value just before one that differs and comes after a long rest.

    A chart that joins its points would draw a slope over the whole rest, and integrate it. The old
    value is said at once and the new one after `lead`; all others pass as they come.
    """

    def subscribe(
        out: abc.ObserverBase[T], _: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        held, last = Held(clock, out), list[T]()

        def receive(value: T) -> None:
            rested = clock.time() - held.passed > after + TINY
            if held.waiting:
                held.hold(value, held.passed + lead)
            elif last and rested and value != last[0]:
                held.say(last[0])
                held.hold(value, held.passed + lead)
            else:
                held.say(value)
            last[:] = [value]

        heard = values.subscribe(receive, out.on_error, held.finish, scheduler=clock)
        return CompositeDisposable(heard, held)

    return Straight(subscribe)
