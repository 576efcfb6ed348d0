"""`flowctl release`: give every device of flows back to itself."""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from flowctl.faults import Fault, FlowError, faulty
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

    A flow that is running is refused, with exit code 2: it would steer on. It gives its batteries
    back by itself when it ends: by Ctrl-C, `systemctl stop`, or `kill` and the number of its
    process, which is told here. It is found by the state folder: give the --state that it has.

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
                take = _accepted(flow, sets, folder, stack) if accepted else load(flow, sets=sets)
                _unheld(flow, take.name, folder)
                graphs.append(take)
            except FlowError as error:
                faults += error.faults
        forced = run_release(graphs, folder, all_=not accepted)
    if faults:
        raise FlowError(faults)
    return 1 if forced else 0


def _unheld(flow: Path, name: str, folder: Path) -> None:
    """Refuse a flow that is running: what is given back it would take again.

    Raises:
        FlowError: it is.
    """
    from flowctl.live.holding import HeldError, see  # nothing that locks for help alone

    try:
        see(folder, name)
    except HeldError as held:
        service = "`systemctl stop` if it is a service"
        end = f"`kill {held.process}`" if held.process else "Ctrl-C where it runs"
        cure = f"end it, then it gives its batteries back by itself: {end}, or {service}"
        raise faulty(flow, "E000", str(held), cure) from None


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
