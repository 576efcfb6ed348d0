"""What my_node promises: `pip install pytest`, then `python -m pytest`."""

import asyncio
from pathlib import Path

from flowctl import Latest
from flowctl.testing import node

my_node = node("my_node", __file__)


async def fed(path: Path, watts: float) -> None:
    """Give the sink one value, and the end of its stream."""
    box = Latest[float]()
    box.put(watts)
    box.close()
    await my_node(box, path=str(path))


def test_it_writes_whole_watts(tmp_path: Path) -> None:
    """The newest value is what the file holds."""
    asyncio.run(fed(tmp_path / "grid", -321.4))
    assert (tmp_path / "grid").read_text() == "-321\n"
