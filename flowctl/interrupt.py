"""Ctrl-C while flowctl starts: nothing is at stake yet, so it ends at once and without a word.

An exception would not do: half-way through an import it is shown, changed, or lost. What is before
this file is Python's own start. So nothing is imported here that is not there already.
"""

import os
import sys
from _signal import (  # type: ignore[import-not-found] # `signal` is this, and takes 3 ms
    SIG_IGN,
    SIGINT,
    default_int_handler,
    getsignal,
    signal,
)

INTERRUPTED = 130  # 128 + SIGINT, as shells have it


def at_once() -> None:
    """Let Ctrl-C end flowctl from here on, until somebody takes it over.

    Also where it was ignored: a shell does that for `flowctl &` in a script.
    """
    _take(_end)


def as_usual() -> None:
    """Let Ctrl-C raise from here on: something may have to be put in order."""
    if getsignal(SIGINT) is _end:
        _take(default_int_handler)


def no_more() -> None:
    """Hear no further Ctrl-C: it ends already, and is not to leave half of it lying."""
    _take(SIG_IGN)


def is_program() -> bool:
    """Whether flowctl is what was started, and not a library of that."""
    name = os.path.basename(getattr(sys, "argv", [""])[0])
    return name in ("flowctl", "-m")  # the latter while Python still looks for the module


def _end(*_: object) -> None:
    os._exit(INTERRUPTED)


def _take(handler: object) -> None:
    try:
        signal(SIGINT, handler)
    except ValueError:  # not the main thread, where alone it can be set
        return


if is_program():
    at_once()
