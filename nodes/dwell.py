"""Hold each new value for a least time before it may change again."""

from typing import Annotated, TypeVar

from flowctl import Clock, Gt, Observable, Plan, Seconds
from nodes._helpers.shares import each_share
from nodes._helpers.timing import TINY

T = TypeVar("T", float, Plan)


def dwell(
    values: Annotated[Observable[T], "a number or a plan"],
    *,
    time: Annotated[Seconds, Gt(0), "how long a value is held at least"],
    clock: Clock,
) -> Observable[T]:
    """Repeat a value until it has been held for `time`, then take the one of that moment.

    One per value; on a plan it works share by share and says so as the reason. This is the
    cool-down between two adjustments of a law that would otherwise count an error again before its
    last move has landed. Unlike `throttle` it keeps the beat of its input.
    """

    def law(before: tuple[float, float] | None, value: float) -> tuple[tuple[float, float], float]:
        at = clock.time()
        if before is None or (value != before[1] and at - before[0] >= time - TINY):
            return (at, value), value
        return before, before[1]

    return each_share(values, law, f"dwell: held for {time:g}s")
