"""`flowctl pair`: get a token from a device by its button."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Annotated

from flowctl.faults import FlowError
from flowctl.signature.arguments import quantity
from flowctl.start.oldfiles import read
from flowctl.start.pairing import pair as ask
from flowctl.start.pairing import pairer

PRIVATE, OTHERS = 0o600, 0o077


def pair(
    kind: Annotated[str, "what it is: homewizard"],
    address: Annotated[str, "its address, as `flowctl discover` shows it"],
    *,
    into: Annotated[Path, "the .env that gets the token"] = Path(".env"),
    name: Annotated[str | None, "name of the token in it"] = None,
    wait: Annotated[str, "how long you may take to press its button"] = "2m",
) -> None:
    """Have a device let flowctl in; its token goes into a .env and is not shown.

    Example: flowctl pair homewizard 192.168.1.20
    """
    found, seconds = pairer(kind), quantity(wait, "s", "--wait")
    if name:
        _free(into, name)
    _writable(into)
    paired = asyncio.run(ask(found, address, seconds, _tell))
    variable = name or _unused(into, paired.variable)
    _append(into, f"{variable}={paired.token.reveal()}")
    if into.stat().st_mode & OTHERS:
        _tell(f"others on this machine can read {into}; if they should not: chmod 600 {into}")
    _tell(f"{paired.what} lets flowctl in; its token is {variable} in {into}")
    sys.stdout.write(f"    - {paired.step.replace('VARIABLE', variable)}\n")


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _names(into: Path) -> set[str]:
    return set(read(into, "env")) if into.exists() else set()


def _free(into: Path, name: str) -> None:
    if not (name.isascii() and name.isidentifier()):
        raise FlowError(f"'{name}' cannot be a name in an environment")
    if name in _names(into):
        raise FlowError(f"{name} is in {into} already; give another --name")


def _unused(into: Path, name: str) -> str:
    """Return the name, with a number where it is taken."""
    names, number, made = _names(into), 1, name
    while made in names:
        number += 1
        made = f"{name}_{number}"
    return made


def _writable(into: Path) -> None:
    """Find out before the button is pressed, and not after."""
    _names(into)
    with open(into, "ab", opener=_private):
        pass


def _append(into: Path, line: str) -> None:
    text = into.read_text(encoding="utf-8-sig")
    gap = "" if not text or text.endswith("\n") else "\n"
    with open(into, "a", encoding="utf-8", opener=_private) as file:
        file.write(f"{gap}{line}\n")


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, PRIVATE)
