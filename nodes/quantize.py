"""Round a power, or each share of a plan, to whole steps."""

from typing import Annotated, TypeVar

from flowctl import Gt, Observable, Plan, Quantity
from nodes._helpers.shares import each_share

T = TypeVar("T", float, Plan)


def quantize(
    values: Annotated[Observable[T], "a number or a plan"],
    *,
    to: Annotated[Quantity, Gt(0), "what comes out is a multiple of this"],
) -> Observable[T]:
    """Say the nearest multiple, one per value; half a step goes to the even one.

    On a plan each share is rounded by itself. NaN and infinities are not heard.
    """

    def law(_: None, value: float) -> tuple[None, float]:
        return None, round(value / to) * to + 0.0

    return each_share(values, law, f"quantize: steps of {to:g}")
