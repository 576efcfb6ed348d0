"""A recording of another house, told so."""

from collections.abc import Collection, Mapping
from pathlib import Path

from flowctl.faults import FlowError
from flowctl.recordings.recording import read


def foreign(
    path: str | Path, edges: Collection[str], columns: Mapping[str, str] | None
) -> FlowError:
    """Make the error of a recording in which nobody has a name that the flow knows, so far."""
    held = {stream.partition("/")[0] for _, stream, _ in read(path, columns)} - {""}
    names, known = ", ".join(sorted(held)) or "nothing", ", ".join(sorted(edges)) or "none"
    said = f"{path}: holds no value for an edge of this flow by then; it holds {names}, and the"
    return FlowError(f"{said} edges are {known}: --column meter=p1 says which is which")
