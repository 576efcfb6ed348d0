"""Say here, in one line, where this sink brings its values."""

from pathlib import Path
from typing import Annotated

from flowctl import Latest, Watts


async def my_node(
    # A box of one: what is not taken in time is replaced by what came later. Where each value
    # counts, as a pressed button does, say `Events[Watts]`.
    power: Latest[Watts],
    *,
    # The settings: type, limits and one sentence; the flow file is checked by them.
    path: Annotated[str, "file to write, e.g. /run/grid"],
) -> None:
    """Write the newest power into a file, in whole watts.

    The first line is the summary of the page that `flowctl nodes my_node` shows.
    """
    async for watts in power:
        write(Path(path), watts)


def write(file: Path, watts: float) -> None:
    """Write the power. A full disk raises OSError: flowctl logs it once, and tries again."""
    file.write_text(f"{watts:.0f}\n", encoding="utf-8")
