"""A device."""

from collections.abc import AsyncIterator
from typing import Annotated

from flowctl import Battery, Latest, Release, Seconds, Watts


async def cell(
    setpoint: Latest[Watts | Release],
    *,
    host: Annotated[str, "address"],
    device: Annotated[int, "unit id"] = 1,
    poll: Annotated[Seconds, "time between two polls"] = 1.0,
) -> AsyncIterator[Battery]:
    """Battery."""
    yield Battery()
