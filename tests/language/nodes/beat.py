"""A clocked node."""

from typing import Annotated

from flowctl import Clock, Observable, Seconds


def beat(*, every: Annotated[Seconds, "time between two beats"], clock: Clock) -> Observable[float]:
    """Count."""
    return Observable()
