"""The command line: every file in `flowctl/commands` is a command.

Exit code 0: done; 1: it failed; 2: the input is wrong (place, fault, cure are shown).
"""

import atexit
import gc
import json
import os
import sys
from importlib import import_module
from pathlib import Path

import typer

from flowctl import commands
from flowctl.faults import FlowError

FAILED, WRONG, INTERRUPTED = 1, 2, 130
GARBAGE = 10_000  # new objects between two looks for circular garbage; imports make none

app = typer.Typer(
    name="flowctl",
    help="A flow engine with an embedded controller for home batteries.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def _commands() -> None:
    """A flow engine with an embedded controller for home batteries."""


def main() -> None:
    """Run a command; a user's mistake never shows a traceback."""
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr] # half characters
    _be_quick()
    known = [file.stem for file in Path(commands.__file__).parent.glob("[a-z]*.py")]
    asked = [name for name in sys.argv[1:2] if name in known]
    for name in asked or sorted(known):  # only what is asked for is imported: `check` stays quick
        import_module(f"{commands.__name__}.{name}").register(app)
    try:
        app()
    except FlowError as error:
        _show(error)
        sys.exit(WRONG)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILED)
    except OSError as error:
        sys.stderr.write(f"flowctl: {error}\n")
        sys.exit(FAILED)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def _be_quick() -> None:
    """Spare what costs a short command a fifth of its time."""
    gc.set_threshold(GARBAGE)
    atexit.register(gc.freeze)  # at the end there is nothing to look through
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")  # or it asks every package installed


def _show(error: FlowError) -> None:
    if "--json" in sys.argv:
        sys.stdout.write(json.dumps([fault.as_json() for fault in error.faults]) + "\n")
        return
    sys.stderr.write(f"{error}\n")
    if len(error.faults) > 1:
        sys.stderr.write(f"{len(error.faults)} faults\n")
