"""A law: meter and batteries to a plan."""

from collections.abc import Mapping
from typing import Annotated

from flowctl import Battery, Observable, Plan, Watts


def law(
    grid: Observable[Watts],
    batteries: Annotated[Mapping[str, Observable[Battery]], "what they tell"],
) -> Observable[Plan]:
    """Plan."""
    return grid
