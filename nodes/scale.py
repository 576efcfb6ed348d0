"""Multiply a quantity, and shift it."""

import math
from typing import Annotated

from flowctl import Observable, Quantity, Share, UnitFrom
from nodes._helpers.operators import Each, Receiver, like


def scale(
    values: Annotated[Observable[Quantity], "what is multiplied"],
    *,
    by: Annotated[float, "factor; -1 turns the sign"],
    offset: Annotated[Quantity, "added afterwards, in the unit that comes out"] = 0.0,
    unit: Annotated[str | None, "unit of the result, where the factor changes it"] = None,
) -> Annotated[Observable[Quantity], UnitFrom("unit")]:
    """Say `value * by + offset`, one per value. NaN and infinities are not said.

    Example:
        - from: meter
        - scale: -1
    """
    lowest, highest = -math.inf, math.inf

    def hear(say: Receiver[float]) -> Receiver[float]:
        def receive(value: float) -> None:
            made = value * by + offset
            if lowest < made < highest:
                say(like(value, made) if type(value) is Share else made)

        return receive

    return Each(values, hear)
