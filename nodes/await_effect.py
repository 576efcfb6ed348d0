"""Let the next error through when the last one shows an effect."""

from typing import Annotated

from flowctl import Clock, Ge, Gt, Le, Observable, Percent, Quantity, Seconds
from nodes._helpers.operators import holding
from nodes._helpers.timing import TINY

Passed = tuple[Seconds, float]


def await_effect(
    error: Annotated[Observable[Quantity], "what is passed on to be corrected"],
    *,
    part: Annotated[Percent, Ge(0), Le(100), "of the last one that must be gone"] = 40.0,
    least: Annotated[Quantity, Ge(0), "a smaller one is not waited for"] = 0.0,
    most: Annotated[Seconds, Gt(0), "wait no longer than this"] = 2.0,
    grown: Annotated[bool, "one that is larger than the last passes at once"] = False,
    clock: Clock,
) -> Observable[Quantity]:
    """Pass an error, then nothing until `part` of it is gone or `most` has passed.

    This keeps a law that adds errors up from adding one again before its last move has landed,
    without the fixed pause of `throttle`. What is not passed is dropped: the newest of the beat
    that follows counts.
    """

    def step(before: Passed | None, value: float) -> tuple[Passed | None, float | None]:
        now = clock.time(), value
        if before is None:
            return now, value
        since, last = before
        gone = last - value if last > 0 else value - last
        free = (
            abs(last) < least
            or gone >= part / 100 * abs(last)
            or now[0] - since >= most - TINY
            or (grown and abs(value) > abs(last))
        )
        return (now, value) if free else (before, None)

    return holding(error, None, step)
