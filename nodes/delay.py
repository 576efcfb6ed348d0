"""Say everything a little later."""

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Annotated, TypeVar

from reactivex import abc
from reactivex.disposable import CompositeDisposable

from flowctl import Clock, Gt, Observable, Seconds
from nodes._helpers.timing import Deadline

T = TypeVar("T")


def delay(
    values: Annotated[Observable[T], "the stream to hold back"],
    *,
    by: Annotated[Seconds, Gt(0), "how much later each value passes"],
    clock: Clock,
) -> Observable[T]:
    """Pass each value `by` later, in the order they came and with their distances kept.

    In and out: anything, one for one. It is silent while its input was, `by` ago. The end of the
    input comes later by as much, after all values; an error passes at once.
    """

    def subscribe(
        out: abc.ObserverBase[T], _: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        queue: deque[tuple[float, Callable[[], None]]] = deque()

        def put(act: Callable[[], None]) -> None:
            queue.append((clock.time() + by, act))
            timer.set(queue[0][0])

        def pass_one() -> None:  # each value is a turn of its own, as it was when it came
            _, act = queue.popleft()
            if queue:
                timer.set(queue[0][0])
            act()

        timer = Deadline(clock, pass_one)
        heard = values.subscribe(
            lambda value: put(partial(out.on_next, value)),
            out.on_error,
            lambda: put(out.on_completed),
            scheduler=clock,
        )
        return CompositeDisposable(heard, timer)

    return Observable(subscribe)
