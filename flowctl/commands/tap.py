"""`flowctl tap`: watch what streams of a running flow say."""

import json
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from flowctl.faults import FlowError
from flowctl.folders import state_folder
from flowctl.watching import ask


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: flowctl tap 'plan*' --limit 10")(tap)


def tap(
    streams: Annotated[list[str], typer.Argument(help="streams or stream/step; * and ? match")],
    flow: Annotated[str | None, typer.Option(help="which flow, when several run")] = None,
    limit: Annotated[int, typer.Option(help="end after so many values; 0: never")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines for programs")] = False,
    state: Annotated[Path | None, typer.Option(help="state folder of the running flow")] = None,
) -> None:
    """Show values as they are said, with their time. Ctrl-C ends it; the flow runs on."""
    request = {"ask": "tap", "names": streams}
    for number, told in enumerate(ask(state or state_folder(), flow, request), 1):
        if "error" in told:
            raise FlowError(told["error"])
        sys.stdout.write((json.dumps(told) if as_json else _line(told)) + "\n")
        sys.stdout.flush()
        if number == limit:
            return


def _line(told: dict[str, Any]) -> str:
    clock = time.strftime("%H:%M:%S", time.localtime(told["t"]))
    value = told["value"]
    shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"{clock}  {told['stream']}  {shown}"
