"""`flowctl graph`: draw a flow."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from flowctl.check import load
from flowctl.commands.check import pairs
from flowctl.drawing import DRAWINGS

Form = Literal["mermaid", "dot", "json"]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: flowctl graph flows/home.yaml --as dot | dot -Tsvg > home.svg")(
        graph
    )


def graph(
    flow: Annotated[Path, typer.Argument(help="flow file")],
    form: Annotated[Form, typer.Option("--as", help="the form of the drawing")] = "mermaid",
    as_json: Annotated[bool, typer.Option("--json", help="the same as --as json")] = False,
    sets: Annotated[list[str] | None, typer.Option("--set", help="a var: name=value")] = None,
) -> None:
    """Draw streams, steps, what flows between them, and the wire through the world."""
    draw = DRAWINGS["json" if as_json else form]
    sys.stdout.write(draw(load(flow, sets=pairs(sets))))
