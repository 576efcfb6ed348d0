"""The right to steer the batteries of a flow: one process at a time has it, and says which."""

import logging
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, flock
from pathlib import Path

from flowctl.live.control import socket_path

log = logging.getLogger("flowctl")


class HeldError(Exception):
    """Another process has it."""

    def __init__(self, flow: str, noted: str) -> None:
        number, _, namespace = noted.partition(" ")
        here = number.isdecimal() and namespace == _namespace()
        self.process = number if here else ""
        """Its number; empty if it is none here, as that of another container."""
        known = f", as process {number}" if here else ""
        super().__init__(f"a flow called '{flow}' is running already{known}")


def hold(state: Path, flow: str, stack: ExitStack) -> None:
    """Take the right until the stack is left; the system takes it back from one that is killed.

    Raises:
        HeldError: another process has it.
    """
    file = _file(state, flow)
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        held = stack.enter_context(file.open("ab", buffering=0))
        with _telling(flow, file):
            flock(held, LOCK_EX | LOCK_NB)
        held.truncate(0)
        held.write(f"{os.getpid()} {_namespace()}".encode())
    except OSError as error:  # a full disk must not stop the house
        log.warning("%s cannot be locked or written: %s", file, error.strerror)


def see(state: Path, flow: str) -> None:
    """Look whether another process has it, and take nothing.

    Raises:
        HeldError: one has it.
    """
    file = _file(state, flow)
    try:
        with file.open() as held, _telling(flow, file):
            flock(held, LOCK_SH | LOCK_NB)
    except OSError:  # nobody ever had it, or nobody can
        return


@contextmanager
def _telling(flow: str, file: Path) -> Iterator[None]:
    try:
        yield
    except BlockingIOError:
        raise HeldError(flow, file.read_text(errors="replace")) from None


def _file(state: Path, flow: str) -> Path:
    return socket_path(state, flow).with_suffix(".lock")


def _namespace() -> str:
    """Name the room in which numbers of processes are valid; empty where there is only one."""
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""
