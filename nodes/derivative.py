"""Say how fast a quantity changes."""

from typing import Annotated, NamedTuple

from flowctl import Clock, Ge, Observable, Quantity, QuantityPerSecond, Seconds
from nodes._helpers.operators import holding


class Slope(NamedTuple):
    """The last value, and the change of late."""

    at: Seconds
    value: float
    rate: float = 0.0


def derivative(
    values: Annotated[Observable[Quantity], "what changes"],
    *,
    smooth: Annotated[Seconds, Ge(0), "time constant that calms it"] = 0.0,
    band: Annotated[
        Quantity,
        Ge(0),
        "values up to this, either way, are not a change: it says 0 and begins anew",
    ] = 0.0,
    clock: Clock,
) -> Observable[QuantityPerSecond]:
    """Say the change per second, one per value; the first says zero.

    A low pass of first order with the time constant `smooth` calms it. Values of the same instant
    change nothing. NaN and infinities are not heard.

    Example:
        - from: meter
        - derivative: 10s
    """

    def step(before: Slope | None, value: float) -> tuple[Slope, float]:
        at = clock.time()
        if before is None or (band and abs(value) <= band):
            return Slope(at, value), 0.0
        seconds = at - before.at
        if seconds <= 0:
            return before._replace(value=value), before.rate
        fresh = (value - before.value) / seconds
        rate = before.rate + (fresh - before.rate) * seconds / (smooth + seconds)
        return Slope(at, value, rate), rate

    return holding(values, None, step)
