"""Smooth a quantity over time."""

import math
from typing import Annotated

from flowctl import Clock, Gt, Observable, Quantity, Seconds
from nodes._helpers.operators import holding


def smooth(
    values: Annotated[Observable[Quantity], "what is smoothed"],
    *,
    over: Annotated[Seconds, Gt(0), "time constant: a step is followed to 63 % after it"],
    bypass: Annotated[
        Annotated[Quantity, Gt(0)] | None, "a value farther than this from the mean is followed"
    ] = None,
    clock: Clock,
) -> Observable[Quantity]:
    """Say the exponential mean, one per value; a value weighs by the time since the one before.

    So two readings a second and one every ten seconds give the same curve. Starts at the first
    value; with `bypass` it starts anew at one that is far from the mean. NaN and infinities are not
    heard.
    """

    def step(before: tuple[float, float] | None, value: float) -> tuple[tuple[float, float], float]:
        at = clock.time()
        if before is None or (bypass is not None and abs(value - before[1]) > bypass):
            return (at, value), value
        mean = blend(before[1], value, at - before[0], over)
        return (at, mean), mean

    return holding(values, None, step)


def blend(mean: float, value: float, seconds: float, over: float) -> float:
    """Move the mean towards a value that was the case for some seconds."""
    return mean - (value - mean) * math.expm1(-seconds / over)
