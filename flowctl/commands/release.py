"""`flowctl release`: give every device of flows back to itself."""

from pathlib import Path
from typing import Annotated

from flowctl.check import load
from flowctl.commands.check import pairs


def release(
    flows: Annotated[list[Path], "flow files"],
    *,
    set_: Annotated[list[str] | None, "a var: name=value"] = None,
) -> None:
    """Give every battery of these flows back to its own logic, and end.

    Example: flowctl release flows/home.yaml
    """
    import logging

    from flowctl.release import run_release  # asyncio: only a live command needs it
    from flowctl.view import logging_lines

    logging_lines(logging.INFO, lively=False)
    run_release([load(flow, sets=pairs(set_)) for flow in flows])
