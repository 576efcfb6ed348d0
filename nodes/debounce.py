"""Let a burst of values count once."""

import math
from typing import Annotated, TypeVar

from reactivex import abc
from reactivex.disposable import CompositeDisposable

from flowctl import Clock, Gt, Observable, Seconds
from nodes._helpers.operators import Straight
from nodes._helpers.timing import TINY, Held

T = TypeVar("T")
BURST = 10  # times `quiet`: how long a burst may go on before its newest value passes all the same


def debounce(
    values: Annotated[Observable[T], "the stream that comes in bursts"],
    *,
    quiet: Annotated[Seconds, Gt(0), "a burst is over when nothing came for this long"],
    at_most: Annotated[
        Seconds | None, Gt(0), "longest time a value is held while a burst goes on; 10 times quiet"
    ] = None,
    clock: Clock,
) -> Observable[T]:
    """Pass a lone value at once, and of a burst that follows it only the newest.

    In and out: anything. A value that follows `quiet` of silence passes at once. What comes sooner
    is held until nothing came for `quiet`, then the newest passes; so the last word is never lost.
    A burst that does not settle passes its newest value every `at_most`. It never repeats a value,
    so it is silent while its input is. When the input ends, a value still held passes at once,
    before the end.

    Raises:
        ValueError: `at_most` is shorter than `quiet`.
    """
    longest = BURST * quiet if at_most is None else at_most
    if longest < quiet:
        raise ValueError(f"at_most {longest:g}s is shorter than quiet {quiet:g}s; exchange them")

    def subscribe(
        out: abc.ObserverBase[T], _: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        held, say, time = Held(clock, out), out.on_next, clock.time
        settles, limit = -math.inf, -math.inf

        def receive(value: T) -> None:
            nonlocal settles, limit
            now = time()
            lone, settles = now >= settles - TINY, now + quiet
            if not lone:
                if not held.waiting:
                    limit = now + longest
                held.hold(value, min(settles, limit))
            elif held.waiting:
                held.say(value)
            else:
                say(value)

        heard = values.subscribe(receive, out.on_error, held.finish, scheduler=clock)
        return CompositeDisposable(heard, held)

    return Straight(subscribe)
