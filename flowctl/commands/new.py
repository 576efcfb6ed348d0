"""`flowctl new`: begin a node or a flow from one that works."""

import sys
from pathlib import Path
from typing import Annotated, Literal

from flowctl.folders import is_checkout
from flowctl.start import scaffold


def new(
    what: Annotated[Literal["node", "flow"], "what to begin"],
    name: Annotated[str, "its name, in letters, digits and _"],
    *,
    kind: Annotated[scaffold.Kind, "what a node is to be"] = "operator",
    template: Annotated[scaffold.Template, "for a device: one with Modbus registers"] = "plain",
    in_: Annotated[Path, "the folder of your flow"] = Path(),
) -> None:
    """Write a small flow that runs; or a working node into `nodes/`, and its test into `tests/`.

    Example: flowctl new node gentle --kind operator
    """
    written = (
        [scaffold.new_flow(name, in_)]
        if what == "flow"
        else scaffold.new_node(name, in_, kind, template)
    )
    for path in written:
        sys.stdout.write(f"{path}\n")
    if what == "node":
        here = "" if in_ == Path() else f"cd {in_} && "
        sys.stderr.write(f"to test it: {here}{_test(written[-1])}\n")


def _test(file: Path) -> str:
    """What runs a test; in a checkout of flowctl pytest goes by the settings there."""
    for folder in file.resolve().parents:
        if is_checkout(folder):
            install = f"pip install -c {folder}/constraints.txt '{folder}[test]'"
            return f"{install} && python -m pytest tests/{file.name}"
    return "pip install pytest && python -m pytest"
