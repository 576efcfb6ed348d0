"""What my_node promises: `pip install pytest`, then `python -m pytest`."""

import asyncio
from pathlib import Path

from flowctl import Battery, Latest, Release, Watts
from flowctl.testing import node

my_node = node("my_node", __file__)


async def steered(folder: Path, watts: float) -> tuple[str, list[Battery]]:
    """Order some watts; return what the battery saw, and what the node told of it."""
    box = Latest[Watts | Release]()
    box.put(watts)
    device = my_node(box, folder=str(folder), poll=0.01)
    told = [await anext(device), await anext(device)]
    seen = (folder / "setpoint").read_text()
    await device.aclose()
    return seen, told


def test_it_turns_the_sign_tells_what_was_accepted_and_gives_back(tmp_path: Path) -> None:
    """Discharging is positive in flowctl, and negative for this battery."""
    (tmp_path / "power").write_text("-480\n")
    seen, told = asyncio.run(steered(tmp_path, 500.0))
    assert seen == "-500\n"
    assert told == [Battery(setpoint=500.0), Battery(power=480.0)]
    assert not (tmp_path / "setpoint").exists()
