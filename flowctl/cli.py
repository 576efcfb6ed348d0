"""The command line: every file in `flowctl/commands` is a command, the function of its name.

Exit code 0: done; 1: it failed; 2: the input is wrong (place, fault, cure are shown).
"""

import atexit
import gc
import inspect
import json
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version

from flowctl import commands
from flowctl.faults import FlowError, nearest, plainly
from flowctl.interrupt import INTERRUPTED, as_usual, at_once, no_more
from flowctl.signature.arguments import parse

ABOUT = "A flow engine with an embedded controller for home batteries."
FAILED, WRONG = 1, 2
GARBAGE = 10_000  # new objects between two looks for circular garbage; imports make none


def main() -> None:
    """Do what was typed, and end with its exit code."""
    at_once()
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr] # half characters
    gc.set_threshold(GARBAGE)
    atexit.register(gc.freeze)  # at the end nothing need be looked through
    code = call(sys.argv[1:])
    if code == INTERRUPTED:
        no_more()
    sys.exit(code)


def call(words: Sequence[str]) -> int:
    """Do what some words say and return the exit code; a user's mistake shows no traceback."""
    try:
        return _call(*words) if words else _help(WRONG)
    except FlowError as error:
        _show(_whole(error), "--json" in words)
        return WRONG
    except SystemExit as end:  # the words were wrong, or asked for help
        return int(end.code or 0)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as error:
        sys.stderr.write(f"{plainly(error)}\n")
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED


def _call(name: str, *words: str) -> int:
    known = commands.known()
    if name in known:  # only what is asked for is imported: `check` stays quick
        command = commands.command(name)
        given = parse(command, f"flowctl {name}", words)
        as_usual()
        return command(**given) or 0
    if name in ("-h", "--help"):
        return _help(0)
    if name == "--version":
        sys.stdout.write(f"flowctl {version('flowctl')}\n")
        return 0
    cure = nearest(name, known) or f"known: {', '.join(known)}"
    raise FlowError(f"no command is called '{name}'; {cure}")


def _help(code: int) -> int:
    usage = "usage: flowctl COMMAND ...    (-h tells more of each; --version says which this is)"
    sys.stdout.write(f"{ABOUT}\n\n{usage}\n\n")
    for name in commands.known():
        about = (inspect.getdoc(commands.command(name)) or "").partition("\n")[0]
        sys.stdout.write(f"  {name:10} {about}\n")
    return code


def _whole(error: FlowError) -> FlowError:
    if error.sound is None:
        return error
    from flowctl.virtual.detached import whole  # the engine: a good flow may have no need of it

    return whole(error)


def _show(error: FlowError, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps([fault.as_json() for fault in error.faults]) + "\n")
        return
    sys.stderr.write(f"{error}\n")
    if len(error.faults) > 1:
        sys.stderr.write(f"{len(error.faults)} faults\n")
