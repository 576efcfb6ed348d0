"""A grid meter."""

from collections.abc import AsyncIterator
from typing import Annotated

from flowctl import Ge, Gt, Le, Seconds, Watts


async def meter(
    *,
    host: Annotated[str, "address of the meter"],
    every: Annotated[Seconds, Gt(0), "time between two readings"] = 1.0,
    port: Annotated[int, Ge(1), Le(65535), "TCP port"] = 80,
) -> AsyncIterator[Watts]:
    """Grid power."""
    yield 0.0
