"""An operator with an expression, and inputs that it sees by name."""

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from flowctl import Expression, Observable

T = TypeVar("T")
NONE: Mapping[str, Observable[Any]] = {}


def keep(
    values: Observable[T],
    others: Mapping[str, Observable[Any]] = NONE,
    *,
    where: Annotated[Expression, "what is let through"],
) -> Observable[T]:
    """Filter."""
    return values
