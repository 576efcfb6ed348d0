"""`flowctl record`: record what a house says, steering nothing."""

from pathlib import Path
from typing import Annotated

import typer

from flowctl.commands.run import run


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: flowctl record flows/home.yaml week.jsonl.gz --for 1h")(record)


def record(
    flow: Annotated[Path, typer.Argument(help="flow file")],
    file: Annotated[Path, typer.Argument(help="recording; .gz packs it")],
    sets: Annotated[list[str] | None, typer.Option("--set", help="a var: name=value")] = None,
    seconds: Annotated[str | None, typer.Option("--for", help="stop after this, e.g. 1h")] = None,
    state: Annotated[Path | None, typer.Option(help="folder of what survives a restart")] = None,
) -> None:
    """Record sources and devices of a flow; no battery is written. Replay it with `replay`."""
    run([flow], sets=sets, record=file, shadow=True, seconds=seconds, state=state)
