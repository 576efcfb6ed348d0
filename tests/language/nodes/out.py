"""A sink."""

from typing import Annotated, Any

from flowctl import Latest, Secret


async def out(
    values: Latest[Any],
    *,
    topic: Annotated[str, "where to"] = "",
    password: Annotated[Secret | None, "password"] = None,
) -> None:
    """Write."""
