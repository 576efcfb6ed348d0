"""`flowctl check`: say everything that is wrong with flows, before anything runs."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from flowctl.check import load
from flowctl.detached import rehearse
from flowctl.faults import Fault, FlowError


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: flowctl check flows/home.yaml --json")(check)


def check(
    flows: Annotated[list[Path], typer.Argument(help="flow files")],
    as_json: Annotated[bool, typer.Option("--json", help="faults for programs")] = False,
    sets: Annotated[list[str] | None, typer.Option("--set", help="a var: name=value")] = None,
    strict: Annotated[bool, typer.Option(help="warnings are faults, too")] = False,
) -> None:
    """Check flows: names, units, wires, settings. Exit code 2 when one is faulty."""
    found: list[Fault] = []
    for flow in flows:
        found += _faults(flow, pairs(sets))
    wrong = [fault for fault in found if strict or not fault.warning]
    if as_json:
        sys.stdout.write(json.dumps([fault.as_json() for fault in found]) + "\n")
    else:
        for fault in found:
            sys.stderr.write(f"{fault}\n")
        if not wrong:
            names = ", ".join(map(str, flows))
            sys.stdout.write(f"{names}: good" + (f", {len(found)} warnings\n" if found else "\n"))
    if wrong:
        raise typer.Exit(2)


def pairs(sets: list[str] | None) -> dict[str, str]:
    """Read `--set name=value` options.

    Raises:
        FlowError: one of them has no '='.
    """
    for item in sets or ():
        if "=" not in item:
            raise FlowError(f"--set {item}: write it as name=value")
    return dict(item.split("=", 1) for item in sets or ())


def _faults(flow: Path, sets: dict[str, str]) -> list[Fault]:
    try:
        graph = load(flow, sets=sets)
        rehearse(graph)
    except FlowError as error:
        return error.faults
    return list(graph.warnings)
