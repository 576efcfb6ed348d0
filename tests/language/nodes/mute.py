"""A source that yields nothing."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated


async def mute(*, plant: Annotated[Path, "file of the plant"]) -> AsyncIterator[None]:
    """Nothing."""
    yield
