"""`flowctl release`: give every device of flows back to itself."""

from pathlib import Path
from typing import Annotated

from flowctl.accepted import kept
from flowctl.check import load
from flowctl.commands.check import pairs
from flowctl.folders import state_folder


def release(
    flows: Annotated[list[Path], "flow files"],
    *,
    set_: Annotated[list[str] | None, "a var: name=value"] = None,
    accepted: Annotated[bool, "as it last ran, whatever the file says by now"] = False,
    state: Annotated[Path | None, "folder of what survives a restart"] = None,
) -> None:
    """Give every battery of these flows back to its own logic, and end.

    With --accepted, the flow is read as it was last taken over by `flowctl run`: its file may be
    half edited, or name other batteries by now. That is what is done when flowctl was killed.

    Example: flowctl release flows/home.yaml
    """
    import logging

    from flowctl.release import run_release  # asyncio: only a live command needs it
    from flowctl.view import logging_lines

    logging_lines(logging.INFO, lively=False)
    texts = [kept(state or state_folder(), flow) if accepted else None for flow in flows]
    sets = pairs(set_)
    graphs = [load(flow, text=text, sets=sets) for flow, text in zip(flows, texts, strict=True)]
    run_release(graphs)
