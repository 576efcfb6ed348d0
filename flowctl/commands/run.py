"""`flowctl run`: run flows until they end, or you say stop."""

import asyncio
import gc
import json
import logging
import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from flowctl.folders import state_folder
from flowctl.interrupt import at_once
from flowctl.live.guardian import RESTARTED
from flowctl.live.guarding import guarding
from flowctl.live.session import Options, Session
from flowctl.signature.arguments import pairs, quantity

if TYPE_CHECKING:
    from flowctl.telling.once import Once


def run(
    flows: Annotated[list[Path], "flow files"],
    *,
    set_: Annotated[list[str] | None, "a var: name=value"] = None,
    record: Annotated[Path | None, "record edges here; continues a recording"] = None,
    shadow: Annotated[bool, "read devices, never write them"] = False,
    for_: Annotated[str | None, "stop after this, e.g. 30s"] = None,
    state: Annotated[Path | None, "folder of what survives a restart"] = None,
    watch: Annotated[bool, "reload a flow when its file changes"] = True,
    view: Annotated[bool, "the live view, on a terminal"] = True,
    guard: Annotated[bool, "release devices if flowctl is killed, or stuck"] = True,
    restart: Annotated[bool, "and start it again then, as systemd would"] = True,
    verbose: Annotated[bool, "-v", "log values too"] = False,
    once: Annotated[bool, "decide once, carry it out, show it, end"] = False,
    json_: Annotated[bool, "with --once: the decision for programs"] = False,
) -> int:
    """Run flows. Ctrl-C ends cleanly: every battery is given back to itself.

    Exit code 1 if one of them did not answer then: it may be forced. A second Ctrl-C does not wait.
    With --once the first decision is carried out and shown with its reasons, and then all batteries
    are given back; with --shadow as well it is only shown. It waits a minute for it, or --for. Exit
    code 1 if nothing was decided.

    Example: flowctl run flows/home.yaml --record day.jsonl.gz
    """
    at_once()  # until the flows have handlers of their own; nothing is borrowed before
    # here, so that `flowctl --help` stays quick
    from flowctl.live.control import listening
    from flowctl.live.run import run as run_flows
    from flowctl.telling.once import LONGEST, Once
    from flowctl.telling.view import logging_lines, shown, told

    folder = state or state_folder()
    options = Options(
        sets=pairs(set_),
        record=record,
        shadow=shadow,
        seconds=quantity(for_, "s", "--for") if for_ is not None else LONGEST if once else None,
        state=folder,
        watch=watch and not once,
    )
    single = Once(shadow=shadow) if once else None
    lively = view and not once and sys.stdout.isatty() and RESTARTED not in os.environ
    logging_lines(logging.DEBUG if verbose else logging.INFO, lively=lively)
    beside = [single.decide] if single else [shown if lively else told, listening(folder)]
    quiet = redirect_stdout(sys.stderr) if once else nullcontext()  # what steps print is no answer
    back = _command("release", flows, set_, "--accepted", "--state", str(folder))
    again = _again() if restart and not _is_service() else ()
    with quiet, guarding(back, again, wanted=guard and not shadow) as guarded:
        sessions = asyncio.run(run_flows(flows, options, [*beside, _settled], guarded))
    failed = _show(single, as_json=json_) if single else 0
    return 1 if any(session.forced for session in sessions) else failed


async def _settled(_: Sequence[Session]) -> None:
    gc.freeze()  # what is loaded stays: a search through it would hold up every stream


def _is_service() -> bool:
    """Whether systemd started this very process: it restarts by its own rules."""
    return os.environ.get("SYSTEMD_EXEC_PID") == str(os.getpid())


def _show(once: "Once", *, as_json: bool) -> int:
    """Show what was decided; nothing is a failure."""
    if as_json:
        sys.stdout.write(json.dumps([one.plain() for one in once.decisions]) + "\n")
    else:
        lines = (line for one in once.decisions for line in one.lines())
        sys.stdout.write("".join(f"{line}\n" for line in lines))
    if not once.decisions:
        sys.stderr.write("nothing was decided in time: is the meter there?\n")
    return 0 if once.decisions else 1


def _command(name: str, flows: list[Path], sets: list[str] | None, *options: str) -> list[str]:
    given = [part for item in sets or () for part in ("--set", item)]
    return [sys.executable, "-m", "flowctl", name, *map(str, flows), *given, *options]


def _again() -> list[str]:
    return [sys.executable, "-m", "flowctl", *sys.argv[1:]]
