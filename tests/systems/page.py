"""Writes docs/systems.md: each feature of the five systems, the flow that has it, and its test.

    python -m tests.systems.page > docs/systems.md

A test covers the rows and bugs that its name tells (`test_A1_B0_2_...`); where ours differs, its
docstring says so.
"""

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
ROWS: Mapping[str, Mapping[str, Any]] = yaml.safe_load((HERE / "rows.yaml").read_text())
FLOWS = ("b2500", "mmbc", "solar-balancer", "battery-manager", "home-energy")
BUGS: Mapping[str, str] = yaml.safe_load((HERE / "bugs.yaml").read_text())
NAMED = re.compile(r"(?<![A-Za-z0-9])(B\d\.\d+|[AC-Z]\d+)[a-z]?(?![A-Za-z0-9])")
BUG = re.compile(r"(?<![A-Za-z0-9])(B\d) (\d+)(?![A-Za-z0-9])")
NOT_TESTED = "-"


def tests() -> Iterator[tuple[str, str, str, str]]:
    """Yield row or bug, flow, test and its docstring, for each that a test is named for."""
    for path in sorted(HERE.glob("test_*.py")):
        flow = _flow(path.stem)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            if node.name.startswith("test_"):
                told = (ast.get_docstring(node) or "").replace("\n", " ")
                name = node.name.removeprefix("test_").replace("_", " ")
                name = BUG.sub(r"\1.\2", name)
                for row in dict.fromkeys(NAMED.findall(name)):
                    yield row, flow, f"{path.name}::{node.name}", told


def covered() -> dict[tuple[str, str], list[tuple[str, str]]]:
    """Return the tests of each row and flow, with what they tell."""
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for row, flow, test, told in tests():
        found.setdefault((row, flow), []).append((test, told))
    return found


def missing() -> list[tuple[str, str]]:
    """Return the rows and bugs, with their flow, that no test is named for."""
    have = covered()
    wanted = [(row, flow) for row, told in ROWS.items() for flow in told["flows"]]
    wanted += [(bug, FLOWS[int(bug[1])]) for bug in BUGS]
    return [pair for pair in wanted if pair not in have]


def page() -> str:
    """Write the whole page."""
    have = covered()
    lines = [
        "# The five systems, row by row",
        "",
        "Which flow has each feature of the programs it replaces, and the test that shows it.",
        "Written by `python -m tests.systems.page > docs/systems.md`; tests are in",
        "`tests/systems/`. A dash: no test is named for that row yet.",
        "",
        "| row | feature | flow | test | where ours differs, and why |",
        "|---|---|---|---|---|",
    ]
    for row, told in ROWS.items():
        for flow in told["flows"]:
            found = have.get((row, flow), [])
            shown = "<br>".join(f"`{test}`" for test, _ in found) or NOT_TESTED
            differs = "<br>".join(text for _, text in found if text)
            about = told["about"].replace("|", "\\|")
            lines.append(f"| {row} | {about} | {flow} | {shown} | {differs} |")
    lines += [
        "",
        "## Bugs that are not ours",
        "",
        "What went wrong in those programs, and the test that shows that it does not here.",
        "",
        "| bug | what went wrong | flow | test |",
        "|---|---|---|---|",
    ]
    for bug, about in BUGS.items():
        flow = FLOWS[int(bug[1])]
        shown = "<br>".join(f"`{test}`" for test, _ in have.get((bug, flow), [])) or NOT_TESTED
        lines.append(f"| {bug} | {about} | {flow} | {shown} |")
    return "\n".join(lines) + "\n"


def _flow(stem: str) -> str:
    name = stem.removeprefix("test_").replace("_", "-")
    if name == "home-assistant":
        return "battery-manager"
    return next((flow for flow in FLOWS if name.startswith(flow)), name)


if __name__ == "__main__":
    sys.stdout.write(page())
