"""`flowctl test`: run the tests that stand in flow files."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from flowctl.check import load
from flowctl.flowtest import Result, run_tests


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: flowctl test flows/home.yaml")(test)


def test(
    flows: Annotated[list[Path], typer.Argument(help="flow files")],
    as_json: Annotated[bool, typer.Option("--json", help="results for programs")] = False,  # noqa: PT028 - a command, no test
) -> None:
    """Run the tests of flows in virtual time. Exit code 1 when one does not pass."""
    results = [(flow, result) for flow in flows for result in run_tests(load(flow))]
    if as_json:
        told = [
            {"flow": str(flow), "about": r.about, "passed": r.passed, "misses": r.misses}
            for flow, r in results
        ]
        sys.stdout.write(json.dumps(told) + "\n")
    else:
        for flow, result in results:
            _show(flow, result)
        failed = sum(not result.passed for _, result in results)
        sys.stdout.write(f"{len(results) - failed} passed, {failed} failed\n")
    if not all(result.passed for _, result in results):
        raise typer.Exit(1)


def _show(flow: Path, result: Result) -> None:
    sys.stdout.write(f"{'passed' if result.passed else 'FAILED'}  {flow}: {result.about}\n")
    for miss in result.misses:
        sys.stdout.write(f"        {miss}\n")
