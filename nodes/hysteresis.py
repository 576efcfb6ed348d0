"""Turn a quantity into on and off, without chatter between the two."""

from typing import Annotated

from flowctl import Observable, Quantity
from nodes._helpers.operators import holding


def hysteresis(
    values: Annotated[Observable[Quantity], "what is compared"],
    *,
    on: Annotated[Quantity, "where it turns on"],
    off: Annotated[Quantity, "where it turns off again"],
) -> Observable[bool]:
    """Say true or false, one per value: `on` and `off` themselves switch, between them it holds.

    With `on` above `off` it is on for large values (a surplus), with `on` below `off` for small
    ones (a cold boiler). It begins off until a value reaches `on`. NaN is not heard.
    """

    def step(is_on: bool, value: float) -> tuple[bool, bool]:
        now = switched(is_on, value, on, off)
        return now, now

    return holding(values, False, step)


def switched(is_on: bool, value: float, on: float, off: float) -> bool:
    """Tell whether it is on now."""
    way = 1.0 if on >= off else -1.0
    if way * value >= way * on:
        return True
    return is_on and way * value > way * off
