"""`flowctl graph`: draw a flow."""

import sys
from pathlib import Path
from typing import Annotated, Literal

from flowctl.language.check import load
from flowctl.signature.arguments import pairs
from flowctl.telling.drawing import DRAWINGS

Form = Literal["mermaid", "dot", "json"]


def graph(
    flow: Annotated[Path, "flow file"],
    *,
    format: Annotated[Form, "--as", "the form of the drawing"] = "mermaid",
    json_: Annotated[bool, "the same as --format json"] = False,
    set_: Annotated[list[str] | None, "a var: name=value"] = None,
) -> None:
    """Draw streams, steps, what flows between them, and the wire through the world.

    Example: flowctl graph flows/home.yaml --format dot | dot -Tsvg > home.svg
    """
    draw = DRAWINGS["json" if json_ else format]
    sys.stdout.write(draw(load(flow, sets=pairs(set_))))
