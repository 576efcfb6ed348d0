"""A source of percent."""

from collections.abc import AsyncIterator

from flowctl import Percent


async def charge() -> AsyncIterator[Percent]:
    """State of charge."""
    yield 50.0
