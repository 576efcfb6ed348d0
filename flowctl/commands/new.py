"""`flowctl new`: begin a node or a flow from one that works."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from flowctl import scaffold

Name = Annotated[str, typer.Argument(help="its name, in letters, digits and _")]
Folder = Annotated[Path, typer.Option("--in", help="the folder of your flow")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    new = typer.Typer(no_args_is_help=True, help="Begin a node or a flow from one that works.")
    new.command(epilog="Example: flowctl new node gentle --kind operator")(node)
    new.command(epilog="Example: flowctl new flow attic")(flow)
    app.add_typer(new, name="new")


def node(
    name: Name,
    kind: Annotated[scaffold.Kind, typer.Option(help="what it is to be")] = "operator",
    folder: Folder = Path(),
) -> None:
    """Write a working node into `nodes/`, and its test into `tests/`."""
    for path in scaffold.new_node(name, folder, kind):
        sys.stdout.write(f"{path}\n")


def flow(name: Name, folder: Folder = Path()) -> None:
    """Write a small flow that runs."""
    sys.stdout.write(f"{scaffold.new_flow(name, folder)}\n")
