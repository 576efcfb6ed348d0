"""What my_node promises: `pip install pytest`, then `python -m pytest`."""

import asyncio
import logging
from pathlib import Path

from flowctl.testing import node

my_node = node("my_node", __file__)


async def first(path: Path) -> float:
    """Return the first value that the source says."""
    async for value in my_node(path=str(path), every=0.01, log=logging.getLogger("my_node")):
        return float(value)
    raise AssertionError("it ended without a value")


def test_it_says_what_the_file_holds(tmp_path: Path) -> None:
    """The number is taken as it stands."""
    (tmp_path / "meter").write_text("-321.5\n")
    assert asyncio.run(first(tmp_path / "meter")) == -321.5
