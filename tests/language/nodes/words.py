"""A source of texts."""

from collections.abc import AsyncIterator


async def words() -> AsyncIterator[str]:
    """Texts."""
    yield "a"
