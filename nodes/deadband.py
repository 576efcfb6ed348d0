"""Hold the last value until it changes enough to matter."""

import math
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Annotated, Any, TypeVar

from flowctl import Ge, Observable, Plan, Quantity, Share
from nodes._helpers.operators import Each, Receiver, like

T = TypeVar("T", float, Plan)


def deadband(
    values: Annotated[Observable[T], "a number or a plan"],
    *,
    by: Annotated[Quantity, Ge(0), "a change up to this is held back"],
) -> Observable[T]:
    """Repeat the last output until a value differs from it by more than `by`; one per value.

    On a plan it works share by share, and a share that is held says so in its reason. What goes out
    is as valid as what came in. Zero always passes: idle is a command, not a small number. It never
    falls silent by itself. NaN and infinities are not heard.
    """

    def hear(say: Receiver[Any]) -> Receiver[Any]:
        last: Any = None

        def receive(value: Any) -> None:
            nonlocal last
            if value.__class__ is Plan:
                last = steady(last, value, by)
            elif math.isfinite(value):
                held = settle(last, value, by)
                last = like(value, held) if value.__class__ is Share else held
            else:
                return
            say(last)

        return receive

    return Each(values, hear)


def settle(last: float | None, value: float, by: float) -> float:
    """Hold a number."""
    if last is None or value == 0 or abs(value - last) > by:
        return value
    return last


def steady(last: Plan | None, plan: Plan, by: float) -> Plan:
    """Hold each share of a plan; a share that was left out begins anew."""
    before: Mapping[str, float] = last.watts if last else {}
    watts = {name: settle(before.get(name), share, by) for name, share in plan.watts.items()}
    held = {name: f"deadband: {by:g}W" for name in watts if watts[name] != plan.watts[name]}
    if not held:
        return plan
    reasons = MappingProxyType({**plan.reasons, **held})
    return replace(plan, watts=MappingProxyType(watts), reasons=reasons)
