"""`flowctl record`: record what a house says, steering nothing."""

from pathlib import Path
from typing import Annotated

from flowctl.commands.run import run


def record(
    flow: Annotated[Path, "flow file"],
    file: Annotated[Path, "recording; .gz packs it; one that exists is continued"],
    *,
    set_: Annotated[list[str] | None, "a var: name=value"] = None,
    for_: Annotated[str | None, "stop after this, e.g. 1h"] = None,
    state: Annotated[Path | None, "folder of what survives a restart"] = None,
) -> None:
    """Record sources and devices of a flow; no battery is written. Replay it with `replay`.

    Example: flowctl record flows/home.yaml week.jsonl.gz --for 1h
    """
    run([flow], set_=set_, record=file, shadow=True, for_=for_, state=state)
