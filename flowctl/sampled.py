"""A trigger with further streams sampled at its moment."""

from typing import Any

from reactivex import Observable, abc
from reactivex.disposable import CompositeDisposable


def sampled(trigger: Observable[Any], *others: Observable[Any]) -> Observable[tuple[Any, ...]]:
    """Yield `(value, newest of each other)` for each value of the trigger; silent ones are `None`.

    The engine hands the trigger on only after the others have spoken in the same turn.
    """

    def subscribe(
        out: abc.ObserverBase[tuple[Any, ...]], clock: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        newest: list[Any] = [None] * len(others)

        def keep(index: int, other: Observable[Any]) -> abc.DisposableBase:
            def receive(value: Any) -> None:
                newest[index] = value

            return other.subscribe(receive, out.on_error, scheduler=clock)

        def say(value: Any) -> None:
            out.on_next((value, *newest))

        watched = [keep(index, other) for index, other in enumerate(others)]
        heard = trigger.subscribe(say, out.on_error, out.on_completed, scheduler=clock)
        return CompositeDisposable(heard, *watched)

    return Observable(subscribe)
