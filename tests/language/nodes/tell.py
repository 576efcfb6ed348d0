"""A source of anything, in a unit that a setting says."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from flowctl import Secret, UnitFrom


async def tell(
    *,
    topic: Annotated[str, "topic to hear"],
    unit: Annotated[str | None, "unit of the number"] = None,
    password: Annotated[Secret | None, "password of the broker"] = None,
    level: Annotated[int, "how loud"] = 0,
) -> Annotated[AsyncIterator[Any], UnitFrom("unit")]:
    """Whatever is told."""
    yield 0
