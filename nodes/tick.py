"""Speak at a steady beat."""

from typing import Annotated, Literal

from reactivex import abc

from flowctl import Clock, Ge, Observable, Seconds
from nodes._helpers.timing import beat


def tick(
    *,
    every: Annotated[Seconds, Ge(0.01), "time between two ticks; the flow must keep up"],
    say: Annotated[
        Literal["count", "seconds"], "what a tick says: its number from 0, or seconds since then"
    ] = "count",
    clock: Clock,
) -> Observable[float]:
    """Say a number at once and then once per `every`, for ever.

    Out: 0, 1, 2, ... or the seconds since the first tick. Each tick is reckoned from the first, so
    the beat does not drift; a tick that was missed (the machine slept) is left out, and the number
    tells. It depends on no device and no time of day, and never ends.
    """
    scale = every if say == "seconds" else 1.0

    def subscribe(
        out: abc.ObserverBase[float], _: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        return beat(clock, every, lambda number: out.on_next(round(number * scale, 9)))

    return Observable(subscribe)
