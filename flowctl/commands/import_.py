"""`flowctl import`: the vars of a flow out of the settings of the program that it replaces."""

import json
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Annotated, Literal

from flowctl.faults import FlowError
from flowctl.start.importing import Imported, block, filled, import_file, names
from flowctl.start.oldfiles import Form


def import_(
    form: Annotated[Form, "what the old file is"],
    file: Annotated[Path, "the old file: .env, config.ini, apps.yaml, a source"],
    *,
    for_: Annotated[
        Literal["b2500", "mmbc", "solar-balancer", "battery-manager", "home-energy"] | None,
        "which flow takes its place",
    ] = None,
    into: Annotated[Path | None, "write the vars into this copy of the flow"] = None,
    json_: Annotated[bool, "for programs"] = False,
) -> None:
    """Carry the settings of an old program over, and say what could not be.

    The vars are written to standard output, or into your copy of the flow, whose old text is kept
    in a .bak beside it. Passwords are not read aloud: they belong in a .env beside the flow.

    Example: flowctl import env .env --for b2500 --into b2500.yaml
    """
    if for_ is None:
        raise FlowError(f"--for is missing: one of {', '.join(names())}")
    made = import_file(file, form, for_)
    if into:
        _fill(into, made)
    if json_:
        told = {"vars": made.values, "left": dict(made.left), "stay in .env": made.kept}
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
    elif not into:
        sys.stdout.write(block(made))
    _remarks(made, into)


def _fill(into: Path, made: Imported) -> None:
    """Write the vars into a copy of the flow, and keep its old text."""
    try:
        text = into.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise FlowError(f"{into} is not UTF-8 text; is it a flow?") from None
    except FileNotFoundError:
        raise FlowError(f"{into} is not there; copy the flow there first") from None
    new = filled(text, made)
    if new != text:
        backup = next(path for path in _backups(into) if not path.exists())
        backup.write_text(text, encoding="utf-8")
        into.write_text(new, encoding="utf-8")


def _backups(into: Path) -> Iterator[Path]:
    return (into.with_name(f"{into.name}.bak{number or ''}") for number in count())


def _remarks(made: Imported, into: Path | None) -> None:
    if into:
        sys.stderr.write(f"{into}: vars taken from {made.program}: {len(made.values)}\n")
        for name, value in made.values.items():
            if made.old[name] != value:
                sys.stderr.write(f"  {name}: {value}    # was {made.old[name]}\n")
    for key in made.kept:
        sys.stderr.write(f"{key}: not shown; the flow reads it from a .env beside it\n")
    for key, why in made.left:
        sys.stderr.write(f"{key}: not carried over: {why}\n")
