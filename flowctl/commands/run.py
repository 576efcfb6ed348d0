"""`flowctl run`: run flows until they end, or you say stop."""

import asyncio
import gc
import logging
import sys
from pathlib import Path
from typing import Annotated

import typer

from flowctl.commands.check import pairs
from flowctl.folders import state_folder
from flowctl.guardian import Guardian
from flowctl.node import NodeKind
from flowctl.session import Options, Session
from flowctl.units import UnitError, parse


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: flowctl run flows/home.yaml --record day.jsonl.gz")(run)


def run(
    flows: Annotated[list[Path], typer.Argument(help="flow files")],
    sets: Annotated[list[str] | None, typer.Option("--set", help="a var: name=value")] = None,
    record: Annotated[Path | None, typer.Option(help="record sources and devices here")] = None,
    shadow: Annotated[bool, typer.Option(help="read devices, never write them")] = False,
    seconds: Annotated[str | None, typer.Option("--for", help="stop after this, e.g. 30s")] = None,
    state: Annotated[Path | None, typer.Option(help="folder of what survives a restart")] = None,
    watch: Annotated[bool, typer.Option(help="reload a flow when its file changes")] = True,
    view: Annotated[bool, typer.Option(help="the live view, on a terminal")] = True,
    guard: Annotated[bool, typer.Option(help="release devices if flowctl is killed")] = True,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="log values too")] = False,
) -> None:
    """Run flows. Ctrl-C ends cleanly: every battery is given back to itself."""
    from flowctl.control import listening
    from flowctl.run import run as run_flows  # asyncio and watchers: only a live run needs them
    from flowctl.view import logging_lines, shown, told

    folder = state or state_folder()
    options = Options(
        sets=pairs(sets),
        record=record,
        shadow=shadow,
        seconds=_seconds(seconds),
        state=folder,
        watch=watch,
    )
    lively = view and sys.stdout.isatty()
    logging_lines(logging.DEBUG if verbose else logging.INFO, lively=lively)
    beside = [shown if lively else told, listening(folder)]
    guardians: list[Guardian] = []

    def started(sessions: list[Session]) -> None:
        gc.freeze()  # what is loaded stays: a search through it would hold up every stream
        if guard and not shadow and any(map(_has_devices, sessions)):
            guardians.append(Guardian(_command("release", flows, sets), _again()))

    try:
        asyncio.run(run_flows(flows, options, beside, started))
    finally:
        for guardian in guardians:
            guardian.bye()


def _seconds(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        return parse(text, "s")
    except UnitError as error:
        raise typer.BadParameter(str(error), param_hint="--for") from None


def _has_devices(session: Session) -> bool:
    steps = session.engine.graph.steps.values()
    return any(step.kind is NodeKind.DEVICE for step in steps)


def _command(name: str, flows: list[Path], sets: list[str] | None) -> list[str]:
    options = [part for item in sets or () for part in ("--set", item)]
    return [sys.executable, "-m", "flowctl", name, *map(str, flows), *options]


def _again() -> list[str]:
    return [sys.executable, "-m", "flowctl", *sys.argv[1:]]
