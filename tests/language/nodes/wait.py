"""An operator on anything."""

from typing import Annotated, TypeVar

from flowctl import Gt, Observable, Seconds

T = TypeVar("T")


def wait(values: Observable[T], *, time: Annotated[Seconds, Gt(0), "how long"]) -> Observable[T]:
    """Wait."""
    return values
