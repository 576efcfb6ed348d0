"""Smooth a quantity from value to value."""

from typing import Annotated

from flowctl import Ge, Lt, Observable, Percent, Quantity
from nodes._helpers.operators import holding


def ema(
    values: Annotated[Observable[Quantity], "what is smoothed"],
    *,
    keep: Annotated[Percent, Ge(0), Lt(100), "part of the mean so far that each value leaves"],
) -> Observable[Quantity]:
    """Say the exponential moving average, one per value: `keep` of the old mean, the rest new.

    Every value weighs the same, however long ago the one before came: with a slower meter it is
    slower. `smooth` reckons with time instead. Starts at the first value. NaN is not heard.
    """

    def step(before: float | None, value: float) -> tuple[float, float]:
        mean = value if before is None else value + (before - value) * keep / 100
        return mean, mean

    return holding(values, None, step)
