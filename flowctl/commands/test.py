"""`flowctl test`: run the tests that stand in flow files."""

import json
import sys
from pathlib import Path
from typing import Annotated

from flowctl.language.check import load
from flowctl.language.testform import without_tests
from flowctl.virtual.flowtest import Result, run_tests


def test(
    flows: Annotated[list[Path], "flow files"],
    *,
    json_: Annotated[bool, "results for programs"] = False,  # noqa: PT028 - a command, no test
) -> int:
    """Run the tests of flows in virtual time. Exit code 1 when one does not pass.

    Example: flowctl test flows/home.yaml
    """
    graphs = [(flow, load(flow)) for flow in without_tests(flows)]
    results = [(flow, result) for flow, graph in graphs for result in run_tests(graph)]
    if json_:
        told = [
            {"flow": str(flow), "about": r.about, "passed": r.passed, "misses": r.misses}
            for flow, r in results
        ]
        sys.stdout.write(json.dumps(told) + "\n")
    else:
        for flow, result in results:
            _show(flow, result)
        for flow, graph in graphs:
            if not graph.tests:
                cure = f"write some under 'tests:', or into {flow.stem}.tests.yaml beside it"
                sys.stdout.write(f"no tests  {flow}: {cure}\n")
        failed = sum(not result.passed for _, result in results)
        if results:
            sys.stdout.write(f"{len(results) - failed} passed, {failed} failed\n")
    return 0 if all(result.passed for _, result in results) else 1


def _show(flow: Path, result: Result) -> None:
    sys.stdout.write(f"{'passed' if result.passed else 'FAILED'}  {flow}: {result.about}\n")
    for miss in result.misses:
        sys.stdout.write(f"        {miss}\n")
