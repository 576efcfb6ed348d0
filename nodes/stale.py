"""Notice that a stream has fallen silent, and say something else instead."""

import math
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from reactivex import abc
from reactivex.disposable import CompositeDisposable

from flowctl import Clock, Ge, Gt, Log, Observable, Quantity, Says, Seconds
from nodes._helpers.timing import Deadline

T = TypeVar("T")


def stale(
    values: Annotated[Observable[T], "the stream to watch"],
    *,
    after: Annotated[Seconds, Gt(0), "silence that counts as stale"],
    value: Annotated[
        Quantity | bool | str | None, Says(), "what is said then; without it, only the log tells"
    ] = None,
    every: Annotated[
        Seconds | None,
        Ge(0.01),
        "say `value` again this often in the silence, or once; the flow must keep up",
    ] = None,
    clock: Clock,
    log: Log,
) -> Observable[T]:
    """Pass everything, and when nothing came for `after`, say `value`.

    In and out: anything; `value` is in the unit of the wire. Silence counts from the start, too.
    The log tells once when the stream falls silent and once when it speaks again. `value` is said
    once: a device holds it for its lease and then gives its battery back. Only `every` keeps it
    alive, as for a base load while the meter is away. Without `value` the silence passes as it is,
    which devices answer by release. An input that has ended is not stale: the end passes at once.

    Raises:
        ValueError: `every` is given without `value`.
    """
    if every is not None and value is None:
        raise ValueError("every repeats a value, but there is none; add `value:`")
    again = math.inf if every is None else every

    def subscribe(
        out: abc.ObserverBase[Any], _: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        tell = _teller(log, f"no value for {after:g}s{'' if value is None else f': {value}'}")

        def receive(heard: T) -> None:
            tell(False)
            timer.set(clock.time() + after)
            out.on_next(heard)

        def miss() -> None:
            tell(True)
            timer.set(clock.time() + again)
            if value is not None:
                out.on_next(value)

        timer = Deadline(clock, miss)
        timer.set(clock.time() + after)
        heard = values.subscribe(receive, out.on_error, out.on_completed, scheduler=clock)
        return CompositeDisposable(heard, timer)

    return Observable(subscribe)


def _teller(log: Log, message: str) -> Callable[[bool], None]:
    """Make a call that logs when silence begins and when it ends."""
    was_silent = False

    def tell(silent: bool) -> None:
        nonlocal was_silent
        if silent is was_silent:
            return
        was_silent = silent
        if silent:
            log.warning(message)
        else:
            log.info("values come again")

    return tell
