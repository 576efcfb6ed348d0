"""What operators are made of: hearing each value, laws with memory."""

import math
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, NoReturn, TypeVar

from reactivex import Observable, abc
from reactivex.disposable import CompositeDisposable

from flowctl import Share

A = TypeVar("A")
B = TypeVar("B")
S = TypeVar("S")

NONE: Mapping[str, Observable[Any]] = MappingProxyType({})
Receiver = Callable[[A], None]


class Straight(Observable[B]):
    """An operator with a subscription of its own, which knows its listener as it is.

    `listen(out, scheduler)` is told who listens, and returns what ends it. The wrapping that
    reactivex puts around every subscription is half the price of a hop, and the one around the
    first source of a chain serves.
    """

    def __init__(
        self, listen: Callable[[abc.ObserverBase[B], abc.SchedulerBase | None], abc.DisposableBase]
    ) -> None:
        super().__init__()
        self._listen = listen

    def subscribe(
        self,
        on_next: Any = None,
        on_error: abc.OnError | None = None,
        on_completed: abc.OnCompleted | None = None,
        *,
        scheduler: abc.SchedulerBase | None = None,
    ) -> abc.DisposableBase:
        """Listen to what it says."""
        if isinstance(on_next, abc.ObserverBase):
            return self._listen(on_next, scheduler)
        out: Any = _Listener(on_next or _nothing, on_error or _raise, on_completed or _no_end)
        return self._listen(out, scheduler)


class Each(Straight[B]):
    """An operator made of what is done with each value: `hear(say)` returns what receives them.

    `hear` is called once per subscription.
    """

    def __init__(self, source: Observable[A], hear: Callable[[Receiver[B]], Receiver[A]]) -> None:
        def listen(
            out: abc.ObserverBase[B], scheduler: abc.SchedulerBase | None
        ) -> abc.DisposableBase:
            receive = hear(out.on_next)
            return source.subscribe(receive, out.on_error, out.on_completed, scheduler=scheduler)

        super().__init__(listen)


class _Listener:
    __slots__ = ("on_completed", "on_error", "on_next")

    def __init__(self, on_next: Any, on_error: Any, on_completed: Any) -> None:
        self.on_next, self.on_error, self.on_completed = on_next, on_error, on_completed


def each_with(
    source: Observable[A],
    others: Mapping[str, Observable[Any]],
    hear: Callable[[Receiver[B], Mapping[str, Any]], Receiver[A]],
) -> Observable[B]:
    """Do as `Each`, with the newest value of further streams at hand by name; `None` if silent."""
    if not others:
        return Each(source, lambda say: hear(say, {}))

    def subscribe(
        out: abc.ObserverBase[B], clock: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        newest: dict[str, Any] = dict.fromkeys(others)
        watched = [
            other.subscribe(partial(newest.__setitem__, name), out.on_error, scheduler=clock)
            for name, other in others.items()
        ]
        receive = hear(out.on_next, newest)
        heard = source.subscribe(receive, out.on_error, out.on_completed, scheduler=clock)
        return CompositeDisposable(heard, *watched)

    return Observable(subscribe)


def holding(
    source: Observable[A], start: S, step: Callable[[S, A], tuple[S, B | None]]
) -> Observable[B]:
    """Run a pure law over a stream and say its output for each value; `None` says nothing.

    NaN and infinities are not heard, and what would make one is passed over: they would stay in
    the state for ever.
    """

    def hear(say: Receiver[B]) -> Receiver[A]:
        state = start

        def receive(value: A) -> None:
            nonlocal state
            if isinstance(value, float) and not math.isfinite(value):
                return
            after, made = step(state, value)
            if isinstance(made, float) and not math.isfinite(made):
                return
            state = after
            if made is not None:
                say(like(value, made))

        return receive

    return Each(source, hear)


def like(value: Any, made: B) -> B:
    """Give a number made of a battery's share the validity and reason of that share."""
    if value.__class__ is not float and isinstance(value, Share) and isinstance(made, float):
        return Share(made, value.valid_until, value.reason)  # type: ignore[return-value]
    return made


def _nothing(_value: Any) -> None:
    pass


def _raise(error: Exception) -> NoReturn:
    raise error


def _no_end() -> None:
    pass
