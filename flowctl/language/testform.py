"""The form of the tests in a flow file: held before any of them runs, faults at their places."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from flowctl import units
from flowctl.faults import nearest
from flowctl.language.flow import unknown_keys
from flowctl.language.marked import Marked
from flowctl.language.report import Report
from flowctl.language.testwires import TestWires

KEYS = ("about", "given", "expect", "set", "start")
TESTS = ".tests.yaml"  # `home.tests.yaml` beside `home.yaml`
AT, WITHIN = "at", "within"
WRITTEN = "write '- {at: 1s, STREAM: VALUE}'"


def read_tests(
    item: Marked | None, wires: TestWires, variables: Collection[str]
) -> tuple[Any, ...]:
    """Return the tests of a flow as plain data; faults are told."""
    report = wires.drafts.report
    if item is None or item.value is None:
        return ()
    if not isinstance(item.value, list):
        report.add(item.mark, "E111", "tests", f"'tests' is a list, not {item.kind}")
        return ()
    for test in item.value:
        _check(test, wires, variables)
    return tuple(item.plain())


def without_tests(files: Sequence[Path]) -> list[Path]:
    """Leave out files of tests beside flows: `flows/*.yaml` names them as well."""
    return [file for file in files if not (file.name.endswith(TESTS) and len(files) > 1)]


def _check(test: Marked, wires: TestWires, variables: Collection[str]) -> None:
    report = wires.drafts.report
    if not isinstance(test.value, dict):
        said = f"a test is a mapping with about, given and expect, not {test.kind}"
        report.add(test.mark, "E111", "tests", said)
        return
    unknown_keys(test, KEYS, "tests", report)
    for part in ("given", "expect"):
        for moment in _moments(test, part, report):
            _check_moment(moment, part, wires)
    if start := test.value.get("start"):
        _check_start(start, report)
    if sets := test.value.get("set"):
        _check_sets(sets, variables, report)


def _moments(test: Marked, part: str, report: Report) -> Iterator[Marked]:
    listed = test.value.get(part)
    if listed is None or listed.value is None:
        return
    if isinstance(listed.value, list):
        yield from listed.value
    else:
        said = f"'{part}' is a list of moments, not {listed.kind}"
        report.add(listed.mark, "E111", "tests", said, WRITTEN)


def _check_sets(item: Marked, variables: Collection[str], report: Report) -> None:
    if not isinstance(item.value, dict):
        said = f"'set' is a mapping of vars to values, not {item.kind}"
        report.add(item.mark, "E111", "tests", said, "write 'set: {NAME: VALUE}'")
        return
    for name, value in item.value.items():
        if name not in variables:
            cure = nearest(name, variables) or "the flow names its vars under 'vars:'"
            report.add(item.keys[name], "E125", "tests", f"the flow has no var '{name}'", cure)
        elif isinstance(value.value, dict | list):
            said = f"a var is a number or a text, not {value.kind}"
            report.add(value.mark, "E111", "tests", said)


def _check_start(item: Marked, report: Report) -> None:
    try:
        datetime.fromisoformat(item.text)
    except ValueError:
        cure = "write e.g. 2026-01-31T18:00+01:00"
        report.add(item.mark, "E132", "tests", f"start: '{item.text}' is not a date", cure)


def _check_moment(moment: Marked, part: str, wires: TestWires) -> None:
    report = wires.drafts.report
    if not isinstance(moment.value, dict) or AT not in moment.value:
        cure = "write e.g. '{at: 1s, STREAM: VALUE}'"
        report.add(moment.mark, "E111", "tests", "a moment does not say when", cure)
        return
    hold = wires.given if part == "given" else wires.expected
    for name, item in moment.value.items():
        if name in (AT, WITHIN):
            _check_quantity(name, item, report)
        else:
            hold(name, moment.keys[name], item)


def _check_quantity(name: str, item: Marked, report: Report) -> None:
    if name == WITHIN and not isinstance(item.value, str):
        if isinstance(item.value, bool) or not isinstance(item.value, int | float):
            report.add(item.mark, "E132", "tests", f"within: {item.kind} is not a quantity")
        return
    try:
        if name == WITHIN:
            units.parse_any(item.value)
        elif units.parse(item.plain(), "s") < 0:
            report.add(item.mark, "E132", "tests", "at: is before the start", "begin at 0s")
    except units.UnitError as error:
        said, _, cure = str(error).partition("; ")
        report.add(item.mark, "E132", "tests", f"{name}: {said}", cure)
