"""Hold a quantity, or each share of a plan and their sum, within limits."""

import math
import sys
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from flowctl import Ge, Observable, Plan, Quantity
from nodes._helpers.gone import is_gone
from nodes._helpers.operators import Each, Receiver, like
from nodes._helpers.shares import changed_to

T = TypeVar("T", float, Plan)
LARGEST = sys.float_info.max


# `high` comes first: `clamp: 800W` must never mean "at least 800 W".
def clamp(
    values: Annotated[Observable[T], "a number or a plan"],
    *,
    high: Annotated[Quantity | None, "largest value let through"] = None,
    low: Annotated[Quantity | None, "smallest value let through"] = None,
    total: Annotated[
        Annotated[Quantity, Ge(0)] | None, "largest sum of a plan, discharging or charging"
    ] = None,
) -> Observable[T]:
    """Hold a number, or each share of a plan, between `low` and `high`; one per value.

    `total` limits the sum of a plan either way (a lone number counts as a sum). Shares that push
    the sum over it give way in proportion, so that the split chosen further up, by charge say,
    stays as it was; shares the other way are left alone. What was clipped is the reason of the
    share, and the power that is missing joins the plan's `unmet`; what was only tried is missing
    already. The last 0 W of one that went away stays. NaN and infinities are not heard.

    Raises:
        ValueError: no limit is given, or `low` is above `high`.
    """
    bottom, top = _limits(low, high)
    wide = LARGEST if total is None else total
    smallest, largest = max(-wide, min(bottom, wide)), min(wide, max(top, -wide))

    def hear(say: Receiver[Any]) -> Receiver[Any]:
        def receive(value: Any) -> None:
            if value.__class__ is Plan:
                say(limited(value, bottom, top, wide))
            elif smallest <= value <= largest:
                say(value)
            elif math.isfinite(value):
                say(like(value, smallest if value < smallest else largest))

        return receive

    if low is None and high is None and total is None:
        raise ValueError("clamp has no limit; give at least one of high, low, total")
    return Each(values, hear)


def limited(plan: Plan, low: float, high: float, total: float) -> Plan:
    """Limit each share, then the sum; tell what was clipped, and why."""
    inside = {
        name: watts if is_gone(plan, name) else min(max(watts, low), high)
        for name, watts in plan.watts.items()
    }
    within = _within(inside, total)
    if within == plan.watts:
        return plan
    reasons = dict[str, str]()
    for name, asked in plan.watts.items():
        if within[name] != inside[name]:
            reasons[name] = f"clamp: total {total:g}W"
        elif inside[name] != asked:
            reasons[name] = f"clamp: high {high:g}W" if asked > high else f"clamp: low {low:g}W"
    return changed_to(plan, within, reasons, missing=True)


def _limits(low: float | None, high: float | None) -> tuple[float, float]:
    bottom, top = -LARGEST if low is None else low, LARGEST if high is None else high
    if bottom > top:
        raise ValueError("low is above high; exchange them")
    return bottom, top


def _within(watts: Mapping[str, float], total: float) -> dict[str, float]:
    """Take what the sum has too much off the shares of its own sign, in proportion."""
    whole = math.fsum(watts.values())
    excess = abs(whole) - total
    if excess <= 0:
        return dict(watts)
    pushing = {name for name, share in watts.items() if share and (share > 0) == (whole > 0)}
    keep = 1 - excess / abs(math.fsum(watts[name] for name in pushing))
    return {name: share * keep if name in pushing else share for name, share in watts.items()}
