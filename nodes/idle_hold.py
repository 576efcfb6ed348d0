"""Keep a trickle of power after work, so that a relay stays closed for the next time."""

import math
from typing import Annotated, NamedTuple, TypeVar

from flowctl import Clock, Gt, Observable, Plan, Seconds, Watts
from nodes._helpers.shares import each_share
from nodes._helpers.timing import TINY

T = TypeVar("T", float, Plan)


class Rest(NamedTuple):
    """How a battery came to rest."""

    sign: float
    """Which way it worked last; 0 if it never did."""
    since: Seconds
    """When it worked last."""


def idle_hold(
    values: Annotated[Observable[T], "a power or a plan"],
    *,
    lasts: Annotated[Seconds, Gt(0), "how long the trickle lasts before it really idles"] = 300.0,
    watts: Annotated[Watts, Gt(0), "the trickle; the way it worked last"] = 1.0,
    clock: Clock,
) -> Observable[T]:
    """Say `watts` in place of zero for a while after work, then zero; one per value.

    On a plan it works share by share, and says so as the reason. A relay that opens at 0 W and
    closes again costs a second or two each time and wears; one that has nothing to do for `lasts`
    may open. A battery that has not worked yet idles at once. A large trickle may come from another
    battery, as it goes the way its own worked last: `cross_charge_guard` after it forbids that.

    Source: Home Battery Control 4.13 keeps 1 W; Zendure zenSDK issue 272 counts 100 switches a day.
    """

    def law(before: Rest | None, value: float) -> tuple[Rest, float]:
        at = clock.time()
        if value:
            return Rest(math.copysign(1.0, value), at), value
        rest = before or Rest(0.0, at)
        over = at - rest.since >= lasts - TINY
        return rest, 0.0 if over else rest.sign * watts

    return each_share(values, law, f"idle_hold: {watts:g}W keeps its relay closed")
