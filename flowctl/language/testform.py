"""The form of the tests in a flow file: held before any of them runs, faults at their places."""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from flowctl import units
from flowctl.faults import nearest
from flowctl.language.flow import OWN, unknown_keys
from flowctl.language.marked import Marked
from flowctl.language.report import Report

KEYS = ("about", "given", "expect", "set", "start")
TESTS = ".tests.yaml"  # `home.tests.yaml` beside `home.yaml`
AT, WITHIN = "at", "within"


def read_tests(item: Marked | None, streams: Collection[str], report: Report) -> tuple[Any, ...]:
    """Return the tests of a flow as plain data; faults are told."""
    if item is None or item.value is None:
        return ()
    if not isinstance(item.value, list):
        report.add(item.mark, "E111", "tests", f"'tests' is a list, not a {item.kind}")
        return ()
    for test in item.value:
        _check(test, streams, report)
    return tuple(item.plain())


def without_tests(files: Sequence[Path]) -> list[Path]:
    """Leave out files of tests beside flows: `flows/*.yaml` names them as well."""
    return [file for file in files if not (file.name.endswith(TESTS) and len(files) > 1)]


def _check(test: Marked, streams: Collection[str], report: Report) -> None:
    if not isinstance(test.value, dict):
        said = f"a test is a mapping with about, given and expect, not a {test.kind}"
        report.add(test.mark, "E111", "tests", said)
        return
    unknown_keys(test, KEYS, "tests", report)
    for moment in _moments(test, report):
        _check_moment(moment, streams, report)


def _moments(test: Marked, report: Report) -> Iterator[Marked]:
    for part in ("given", "expect"):
        listed = test.value.get(part)
        if listed is None or listed.value is None:
            continue
        if not isinstance(listed.value, list):
            said = f"'{part}' is a list of moments, not a {listed.kind}"
            report.add(listed.mark, "E111", "tests", said, "write '- {at: 1s, STREAM: VALUE}'")
            continue
        yield from listed.value


def _check_moment(moment: Marked, streams: Collection[str], report: Report) -> None:
    if not isinstance(moment.value, dict) or AT not in moment.value:
        cure = "write e.g. '{at: 1s, STREAM: VALUE}'"
        report.add(moment.mark, "E111", "tests", "a moment does not say when", cure)
        return
    when = moment.value[AT]
    try:
        units.parse(when.plain(), "s")
    except units.UnitError as error:
        said, _, cure = str(error).partition("; ")
        report.add(when.mark, "E132", "tests", f"at: {said}", cure)
    known = {*streams, *OWN}
    for name in moment.keys:
        stream = name.partition("/")[0].partition(".")[0]
        if name not in (AT, WITHIN) and stream not in known:
            said, cure = f"no stream is called '{stream}'", nearest(stream, known)
            report.add(moment.keys[name], "E204", "tests", said, cure)
