"""`flowctl release`: give every device of flows back to itself."""

from pathlib import Path
from typing import Annotated

import typer

from flowctl.check import load
from flowctl.commands.check import pairs


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: flowctl release flows/home.yaml")(release)


def release(
    flows: Annotated[list[Path], typer.Argument(help="flow files")],
    sets: Annotated[list[str] | None, typer.Option("--set", help="a var: name=value")] = None,
) -> None:
    """Give every battery of these flows back to its own logic, and end."""
    import logging

    from flowctl.release import run_release  # asyncio: only a live command needs it
    from flowctl.view import logging_lines

    logging_lines(logging.INFO, lively=False)
    run_release([load(flow, sets=pairs(sets)) for flow in flows])
