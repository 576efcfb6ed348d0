"""Say here, in one line, what this source reads."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

from flowctl import Gt, Log, Seconds, Watts, ticks


async def my_node(
    *,
    # The settings: type, limits and one sentence; the flow file is checked by them.
    path: Annotated[str, "file that holds a number, e.g. /run/meter"],
    every: Annotated[Seconds, Gt(0), "time between two readings"] = 1.0,
    log: Log,  # handed in
) -> AsyncIterator[Watts]:
    """Power once per `every`, as the file has it: positive flows into the house.

    The first line is the summary of the page that `flowctl nodes my_node` shows. Nothing is said
    while the file does not hold a number.
    """
    async for _ in ticks(every):
        try:
            yield read(Path(path))
        except ValueError as why:
            log.odd += 1  # `flowctl top` shows it
            log.warning("%s does not hold a number: %s", path, why)


def read(file: Path) -> float:
    """Read the power. A file that is away raises OSError: flowctl logs it once, and tries again."""
    return float(file.read_text(encoding="utf-8"))
