"""`flowctl run`: run flows until they end, or you say stop."""

import asyncio
import gc
import logging
import sys
from pathlib import Path
from typing import Annotated

from flowctl.commands.check import pairs
from flowctl.faults import FlowError
from flowctl.folders import state_folder
from flowctl.guardian import Guardian
from flowctl.node import NodeKind
from flowctl.session import Options, Session
from flowctl.units import UnitError, parse


def run(
    flows: Annotated[list[Path], "flow files"],
    *,
    set_: Annotated[list[str] | None, "a var: name=value"] = None,
    record: Annotated[Path | None, "record sources and devices here"] = None,
    shadow: Annotated[bool, "read devices, never write them"] = False,
    for_: Annotated[str | None, "stop after this, e.g. 30s"] = None,
    state: Annotated[Path | None, "folder of what survives a restart"] = None,
    watch: Annotated[bool, "reload a flow when its file changes"] = True,
    view: Annotated[bool, "the live view, on a terminal"] = True,
    guard: Annotated[bool, "release devices if flowctl is killed"] = True,
    verbose: Annotated[bool, "-v", "log values too"] = False,
) -> None:
    """Run flows. Ctrl-C ends cleanly: every battery is given back to itself.

    Example: flowctl run flows/home.yaml --record day.jsonl.gz
    """
    from flowctl.control import listening
    from flowctl.run import run as run_flows  # asyncio and watchers: only a live run needs them
    from flowctl.view import logging_lines, shown, told

    folder = state or state_folder()
    options = Options(
        sets=pairs(set_),
        record=record,
        shadow=shadow,
        seconds=_seconds(for_),
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
            guardians.append(Guardian(_command("release", flows, set_), _again()))

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
        raise FlowError(f"--for {text}: {error}") from None


def _has_devices(session: Session) -> bool:
    steps = session.engine.graph.steps.values()
    return any(step.kind is NodeKind.DEVICE for step in steps)


def _command(name: str, flows: list[Path], sets: list[str] | None) -> list[str]:
    options = [part for item in sets or () for part in ("--set", item)]
    return [sys.executable, "-m", "flowctl", name, *map(str, flows), *options]


def _again() -> list[str]:
    return [sys.executable, "-m", "flowctl", *sys.argv[1:]]
