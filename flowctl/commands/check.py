"""`flowctl check`: say everything that is wrong with flows, before anything runs."""

import json
import sys
from pathlib import Path
from typing import Annotated

from flowctl.faults import Fault, FlowError
from flowctl.language.check import load
from flowctl.language.testform import without_tests
from flowctl.signature.arguments import pairs
from flowctl.virtual.detached import rehearse, whole


def check(
    flows: Annotated[list[Path], "flow files"],
    *,
    json_: Annotated[bool, "faults for programs"] = False,
    set_: Annotated[list[str] | None, "a var: name=value"] = None,
    strict: Annotated[bool, "warnings are faults, too"] = False,
) -> int:
    """Check flows: names, units, wires, settings. Exit code 2 when one is faulty.

    Example: flowctl check flows/home.yaml --json
    """
    flows, found = without_tests(flows), list[Fault]()
    for flow in flows:
        found += _faults(flow, pairs(set_))
    wrong = [fault for fault in found if strict or not fault.warning]
    if json_:
        sys.stdout.write(json.dumps([fault.as_json() for fault in found]) + "\n")
    else:
        for fault in found:
            sys.stderr.write(f"{fault}\n")
        if not wrong:
            names = ", ".join(map(str, flows))
            sys.stdout.write(f"{names}: good" + (f", warnings: {len(found)}\n" if found else "\n"))
    return 2 if wrong else 0


def _faults(flow: Path, sets: dict[str, str]) -> list[Fault]:
    try:
        graph = load(flow, sets=sets)
        rehearse(graph)
    except FlowError as error:
        return whole(error).faults
    return list(graph.warnings)
