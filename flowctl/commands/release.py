"""`flowctl release`: give every device of flows back to itself."""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from flowctl.faults import Fault, FlowError
from flowctl.folders import state_folder
from flowctl.language.check import load
from flowctl.live.accepted import kept
from flowctl.signature.arguments import pairs

if TYPE_CHECKING:
    from flowctl.language.graph import Graph


def release(
    flows: Annotated[list[Path], "flow files"],
    *,
    set_: Annotated[list[str] | None, "a var: name=value"] = None,
    accepted: Annotated[bool, "as it last ran, whatever the files say by now"] = False,
    state: Annotated[Path | None, "folder of what survives a restart"] = None,
) -> int:
    """Give every battery of these flows back to its own logic, and end.

    With --accepted, a flow and what stands beside it are read as they were last taken over by
    `flowctl run`: its files may be half edited, or name other batteries by now; and a battery that
    is left to somebody else (`on_override: yield`) stays his. That is what is done when flowctl was
    killed. A faulty flow keeps no battery of the others waiting. Exit code 1 if one did not answer:
    it may be forced.

    Example: flowctl release flows/home.yaml
    """
    import logging

    from flowctl.live.release import run_release  # asyncio: only a live command needs it
    from flowctl.telling.view import logging_lines

    logging_lines(logging.INFO, lively=False)
    sets, folder = pairs(set_), state or state_folder()
    graphs, faults = list["Graph"](), list[Fault]()
    with ExitStack() as stack:
        for flow in flows:
            try:
                graphs.append(
                    _accepted(flow, sets, folder, stack) if accepted else load(flow, sets=sets)
                )
            except FlowError as error:
                faults += error.faults
        forced = run_release(graphs, folder, all_=not accepted)
    if faults:
        raise FlowError(faults)
    return 1 if forced else 0


def _accepted(flow: Path, sets: Mapping[str, str], folder: Path, stack: ExitStack) -> "Graph":
    """Read a flow as it was taken over, or else as it is."""
    noted = stack.enter_context(kept(folder, flow))
    if noted:
        text, beside = noted
        try:
            return load(flow, text=text, beside=beside, sets=sets)
        except FlowError:  # a node beside it may want more than was noted
            return load(flow, text=text, sets=sets)
    return load(flow, sets=sets)
