"""Least times on and off, so that nothing is switched too often."""

import math
from typing import Annotated, NamedTuple, TypeVar

from flowctl import Clock, Ge, Observable, Plan, Seconds, Watts
from nodes._helpers.shares import each_share
from nodes._helpers.timing import TINY

T = TypeVar("T", float, bool, Plan)


class Switch(NamedTuple):
    """What it is, and since when."""

    on: bool
    since: Seconds
    sign: float = 1.0
    """Which way it worked last."""


def min_on(
    values: Annotated[Observable[T], "true or false, a power, or a plan"],
    *,
    on: Annotated[Seconds, Ge(0), "once on, it stays on at least so long"],
    off: Annotated[Seconds, Ge(0), "once off, it stays off at least so long"] = 0.0,
    least: Annotated[Watts, Ge(0), "power it keeps while it must stay on"] = 1.0,
    clock: Clock,
) -> Observable[T]:
    """Hold on and off for their least times; one per value.

    A power is on when it is not zero. One that must stay on though zero is wanted keeps `least`,
    the way it worked last; one that must stay off gets zero. On a plan it works share by share:
    what is held is the reason, and the power that is missing joins `unmet`. What is held may come
    from another battery: `cross_charge_guard` after it forbids that. The first value is taken as
    it is.
    """

    def law(before: Switch | None, value: float) -> tuple[Switch, float]:
        at, wanted = clock.time(), bool(value)
        sign = math.copysign(1.0, value) if value else before.sign if before else 1.0
        if before is None or before.on == wanted:
            return Switch(wanted, before.since if before else at, sign), value
        if at - before.since >= (on if before.on else off) - TINY:
            return Switch(wanted, at, sign), value
        held: float = sign * least if before.on else 0.0
        return before, before.on if isinstance(value, bool) else held

    return each_share(values, law, f"min_on: {on:g}s on, {off:g}s off", missing=True)
