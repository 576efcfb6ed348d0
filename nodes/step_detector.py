"""Notice a load that was switched: a jump that the next value confirms."""

import math
from typing import Annotated, NamedTuple

from flowctl import Clock, Ge, Gt, Observable, Percent, Quantity, Seconds
from nodes._helpers.operators import holding
from nodes._helpers.timing import TINY


class Jump(NamedTuple):
    """The last value, a jump that waits to be confirmed, and the last one that was."""

    value: float
    base: float = 0.0
    change: float = 0.0
    told_at: Seconds = -math.inf
    told: float = 0.0


def step_detector(
    values: Annotated[Observable[Quantity], "what may jump"],
    *,
    by: Annotated[Quantity, Gt(0), "a larger change than this is a jump"],
    confirm: Annotated[Percent, Ge(0), "part of it that the next value must still show"] = 80.0,
    pause: Annotated[Seconds, Ge(0), "after a jump was told, none is told for so long"] = 0.0,
    opposite: Annotated[Seconds, Ge(0), "and none the other way for so long"] = 0.0,
    clock: Clock,
) -> Observable[bool]:
    """Say true with the value that confirms a jump, else false; one per value.

    A pulse of one value is not a jump. `pause` leaves time for the answer to a jump to land, which
    is a jump itself; `opposite` keeps a load that pulses from being followed both ways. NaN is not
    heard.
    """

    def step(before: Jump | None, value: float) -> tuple[Jump, bool]:
        at = clock.time()
        if before is None:
            return Jump(value), False
        seen = value - before.base
        lasts = before.change != 0 and seen * before.change > 0
        lasts = lasts and abs(seen) >= confirm / 100 * abs(before.change)
        same = before.told * before.change >= 0
        if lasts and at - before.told_at >= (pause if same else max(pause, opposite)) - TINY:
            return Jump(value, told_at=at, told=seen), True
        change = value - before.value
        if lasts or abs(change) <= by:
            return Jump(value, told_at=before.told_at, told=before.told), False
        return Jump(value, before.value, change, before.told_at, before.told), False

    return holding(values, None, step)
