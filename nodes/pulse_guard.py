"""Hold a level while a load pulses faster than batteries can follow."""

from itertools import pairwise
from statistics import median
from typing import Annotated, NamedTuple

from flowctl import Clock, Ge, Gt, Observable, Quantity, Seconds
from nodes._helpers.operators import holding
from nodes._helpers.timing import TINY


class Pulses(NamedTuple):
    """The values of late, and the jumps among them."""

    values: tuple[tuple[Seconds, float], ...] = ()
    jumps: tuple[tuple[Seconds, bool], ...] = ()
    """When, and whether upwards."""


def pulse_guard(
    values: Annotated[Observable[Quantity], "a load, or a power that follows one"],
    *,
    by: Annotated[Quantity, Gt(0), "a larger change from one value to the next is a jump"] = 300.0,
    delay: Annotated[Seconds, Gt(0), "a level that lasts so long is followed in any case"] = 8.0,
    over: Annotated[Seconds, Gt(0), "how long jumps are remembered; the median is of it"] = 25.0,
    turns: Annotated[int, Ge(1), "so many jumps back are pulsing"] = 2,
    clock: Clock,
) -> Observable[Quantity]:
    """Pass everything, but hold the median while the values jump up and down; one per value.

    A single jump passes at once. Only after `turns` jumps back within `over` the input counts as
    pulsing (a hob, a kettle that keeps warm, a washing machine); the median of `over` is then said,
    which leaves the least error on the meter. It ends when a level lasts: nothing that stays is
    delayed by more than `delay` and one value. NaN and infinities are not heard.
    """

    def step(before: Pulses, value: float) -> tuple[Pulses, float]:
        now = remembered(before, value, clock.time(), by, over)
        if turned(now.jumps) < turns:
            return now, value
        if clock.time() - now.jumps[-1][0] >= delay - TINY:
            return now._replace(jumps=()), value
        return now, median(known for _, known in now.values)

    return holding(values, Pulses(), step)


def remembered(before: Pulses, value: float, at: float, by: float, over: float) -> Pulses:
    """Take a value in, and let go what is too old."""
    change = value - before.values[-1][1] if before.values else 0.0
    jumps = (*before.jumps, (at, change > 0)) if abs(change) > by else before.jumps
    start = at - over + TINY
    values = (*before.values, (at, value))
    return Pulses(
        tuple(known for known in values if known[0] > start),
        tuple(jump for jump in jumps if jump[0] > start),
    )


def turned(jumps: tuple[tuple[Seconds, bool], ...]) -> int:
    """How often the jumps changed their way."""
    return sum(one != other for (_, one), (_, other) in pairwise(jumps))
