"""The environment of a flow: the process's own, over a `.env` file beside the flow."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from flowctl.faults import Mark
from flowctl.language.report import Report

_LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*", re.ASCII)


def environment(
    folder: Path | None, given: Mapping[str, str] | None, report: Report
) -> dict[str, str]:
    """Return the environment over what a `.env` file in the folder says."""
    real = os.environ if given is None else given
    file = folder / ".env" if folder else None
    return {**(_dotenv(file, report) if file and file.is_file() else {}), **real}


def _dotenv(path: Path, report: Report) -> dict[str, str]:
    """Read `NAME=value` lines; a fault never shows the line, for it may hold a secret."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "is not UTF-8 text; save it so"
        report.add(Mark(str(path), 1, 1), "E101", "", f"cannot be read: {said}")
        return {}
    made = {}
    for number, name, value in entries(lines):
        if name:
            made[name] = value
        else:
            report.add(Mark(str(path), number, 1), "E124", "", "is not of the form NAME=value")
    return made


def entries(lines: Iterable[str]) -> Iterator[tuple[int, str, str]]:
    """Yield number, name and value of each line that says something; no name where it is odd."""
    for number, line in enumerate(lines, 1):
        found = _LINE.fullmatch(line)
        if found:
            yield number, found[1], _unquoted(found[2])
        elif line.strip() and not line.lstrip().startswith("#"):
            yield number, "", ""


def _unquoted(text: str) -> str:
    for quote in "\"'":
        if text.startswith(quote):
            return text[1:].partition(quote)[0]
    return text.partition(" #")[0].rstrip()
