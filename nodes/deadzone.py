"""Take a small error for none."""

import math
from typing import Annotated

from flowctl import Ge, Observable, Quantity
from nodes._helpers.operators import holding


def deadzone(
    values: Annotated[Observable[Quantity], "an error, or another quantity around zero"],
    *,
    by: Annotated[Quantity, Ge(0), "values up to this, either way, count as zero"],
    subtract: Annotated[bool, "what is beyond counts only by how far it is beyond"] = False,
) -> Observable[Quantity]:
    """Say zero inside the zone, and the value outside; one per value.

    With `subtract` the value grows from zero at the edge, so there is no jump, and what goes out is
    the excess over a limit. `deadband` is another thing: it holds the last value.
    """

    def step(_: None, value: float) -> tuple[None, float]:
        if abs(value) <= by:
            return None, 0.0
        return None, value - math.copysign(by, value) if subtract else value

    return holding(values, None, step)
