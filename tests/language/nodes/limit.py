"""An operator on numbers and plans, with quantities of the wire."""

from typing import Annotated, TypeVar

from flowctl import Observable, Plan, Quantity

T = TypeVar("T", float, Plan)


def limit(
    values: Observable[T],
    *,
    high: Annotated[Quantity | None, "largest"] = None,
    low: Annotated[Quantity | None, "smallest"] = None,
) -> Observable[T]:
    """Limit."""
    return values
