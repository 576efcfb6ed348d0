"""Rest at zero before a battery turns from charging to discharging, and back."""

from typing import Annotated, NamedTuple, TypeVar

from flowctl import Clock, Ge, Observable, Plan, Seconds, Watts
from nodes._helpers.shares import each_share
from nodes._helpers.timing import TINY

T = TypeVar("T", float, Plan)


class Way(NamedTuple):
    """Which way it works, and since when it rests."""

    sign: int = 0
    rested: Seconds | None = None


def reversal_guard(
    values: Annotated[Observable[T], "a power or a plan"],
    *,
    pause: Annotated[Seconds, Ge(0), "how long it rests at zero before it turns"] = 5.0,
    least: Annotated[Watts, Ge(0), "a smaller power than this does not turn it"] = 60.0,
    clock: Clock,
) -> Observable[T]:
    """Say zero until the way has been at zero for `pause`, and the new way is worth it.

    One per value; on a plan it works share by share and says so as the reason. Powers of the same
    sign pass at once. A load that hovers around zero so costs no relay and no round-trip losses.
    The price is that a real turn waits: `pause` should be what the inverter needs to turn anyway.
    """

    def law(before: Way | None, value: float) -> tuple[Way, float]:
        at, way = clock.time(), before or Way()
        sign = (value > 0) - (value < 0)
        rested = at if way.rested is None else way.rested
        if sign == 0:
            return Way(way.sign, rested), value
        may_turn = abs(value) >= least and at - rested >= pause - TINY
        if way.sign in (0, sign) or may_turn:
            return Way(sign), value
        return Way(way.sign, rested), 0.0

    return each_share(values, law, f"reversal_guard: rests {pause:g}s before it turns")
