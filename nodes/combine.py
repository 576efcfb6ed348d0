"""Join the newest values of several streams into one mapping."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Annotated, Any, Literal

from reactivex import abc
from reactivex.disposable import CompositeDisposable

from flowctl import Clock, Observable, Triggers
from nodes._helpers.timing import at_last, end_of_turn, once_per_turn


def combine(
    values: Annotated[Observable[Any], "the stream of this pipe"],
    others: Annotated[Mapping[str, Observable[Any]], Triggers(), "streams to join, by name"],
    *,
    name: Annotated[str, "what the pipe's own value is called in the mapping"] = "value",
    wait: Annotated[
        Literal["all", "any"], "all: begin when each has spoken; any: what is unknown is None"
    ] = "all",
    on: Annotated[
        Literal["any", "trigger"], "speak when any of them does, or only with the pipe's own value"
    ] = "any",
    clock: Clock,
) -> Observable[Mapping[str, Any]]:
    """Say the newest of each stream by its name, once per turn in which one of them spoke.

    In: anything. Out: a mapping that nobody can change, `{value: ..., left: ..., right: ...}`; a
    field of it is read as `stream.left`, or by name in an expression, where `value` is all of it:
    the pipe's own is read by the `name` that it is given. Streams that follow from the same event
    are joined before it speaks, so values of different ages never meet by accident. A stream that
    fell silent keeps its last value here; with `on: trigger` the silence of the pipe is kept. It
    ends when all inputs have ended, with `on: trigger` when the pipe's own has.

    Raises:
        ValueError: `name` is also the name of one of the others.
    """
    if name in others:
        raise ValueError(f"two values are called {name}; choose another `name:` for the pipe's own")
    streams = {name: values, **others}
    leaders = streams if on == "any" else {name: values}

    def subscribe(
        out: abc.ObserverBase[Mapping[str, Any]], _: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        join = _Join(out, streams, streams if wait == "all" else ())
        ask = once_per_turn(clock, join.say)
        end = at_last(len(leaders), end_of_turn(clock, out))

        def follow(key: str, stream: Observable[Any]) -> abc.DisposableBase:
            leads = key in leaders
            hear = partial(join.hear, key, ask if leads else _nothing)
            return stream.subscribe(hear, out.on_error, end if leads else None, scheduler=clock)

        return CompositeDisposable([follow(key, stream) for key, stream in streams.items()])

    return Observable(subscribe)


class _Join:
    """What has been heard of each stream."""

    def __init__(
        self, out: abc.ObserverBase[Mapping[str, Any]], names: Iterable[str], wanted: Iterable[str]
    ) -> None:
        self._out, self._unheard = out, set(wanted)
        self._newest: dict[str, Any] = dict.fromkeys(names)

    def hear(self, key: str, then: Callable[[], None], value: Any) -> None:
        self._newest[key] = value
        self._unheard.discard(key)
        then()

    def say(self) -> None:
        if not self._unheard:
            self._out.on_next(MappingProxyType(dict(self._newest)))


def _nothing() -> None:
    pass
