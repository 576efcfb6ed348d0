"""The rows of a file: CSV or JSON lines, packed or not, up to the place where it was cut off."""

import csv
import gzip
import zlib
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, tzinfo
from io import TextIOWrapper
from itertools import chain
from pathlib import Path
from typing import Any

from flowctl.numerals import written
from nodes._helpers.fields import read_json, read_number
from nodes._helpers.nonsense import excerpt

TIMES = ("t", "t_s", "time", "timestamp", "ts", "date", "datetime", "last_changed")
MILLI_FROM = 1e11  # a time beyond the year 5000 is in milliseconds
SEPARATORS = ",;\t"
SEPARATOR = "sep="  # the line before the names in which spreadsheets are told it
UTF16 = (BOM_UTF16_LE, BOM_UTF16_BE)
LATIN = "cp1252"  # what Windows wrote, where it is not UTF-8; ASCII is the same in both


def rows(path: Path, bad: Callable[[object], None]) -> Iterator[dict[str, Any]]:
    """Yield the rows of a file by column; `bad` is told of each one that cannot be read."""
    lines = _lines(path)
    first = next(lines, "").lstrip("\ufeff")
    if first.startswith(SEPARATOR):
        first = next(lines, "")
    if "\0" in first:
        bad("it is no text; save it as CSV in UTF-8")
    elif first.lstrip().startswith("{"):
        yield from _objects(first, lines, bad)
    elif first.strip():
        yield from _table(first, lines, bad)


def seconds(stamp: Any, zone: tzinfo | None = UTC, fold: int = 0) -> float:
    """Read the time of a row: seconds, milliseconds since the epoch, or a date and time.

    A date that tells no zone is taken to be in `zone` (`None`: that of this machine); of an hour
    that comes twice there, in the first one, or in the second with a `fold` of 1.

    Raises:
        ValueError: it is neither.
    """
    try:
        told = read_number(stamp)
        return told / 1000 if told > MILLI_FROM else told
    except ValueError:
        pass
    try:
        made = datetime.fromisoformat(str(stamp).strip())
    except ValueError:
        said = f"{excerpt(str(stamp))} is no time"
        raise ValueError(f"{said}: write seconds, or 2026-06-01T18:00:00+02:00") from None
    return (made if made.tzinfo else made.replace(tzinfo=zone, fold=fold)).timestamp()


def cell(text: Any, decimal_comma: bool = False) -> Any:
    """Read the text of a cell: a number where it is one; an empty cell is nothing."""
    if not isinstance(text, str):
        return text
    plain = text.strip()
    number = written(plain, comma=decimal_comma) if plain else None
    return (plain or None) if number is None else number


def _lines(path: Path) -> Iterator[str]:
    """Yield lines; of a packed file that was cut off, all that can be had but a half one."""
    packed = path.suffix == ".gz"
    with gzip.open(path, "rb") if packed else path.open("rb") as file:
        try:
            if file.peek(2).startswith(UTF16):
                with TextIOWrapper(file, "utf-16", "replace") as text:
                    yield from text
                return
            while line := file.readline():
                yield _text(line)
        except (EOFError, zlib.error, gzip.BadGzipFile):
            return


def _text(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode(LATIN, "replace")


def _objects(
    first: str, lines: Iterator[str], bad: Callable[[object], None]
) -> Iterator[dict[str, Any]]:
    broken: ValueError | None = None
    for line in chain([first], lines):
        if broken:
            bad(broken)
            broken = None
        try:
            row = read_json(line) if line.strip() else None
        except ValueError as why:
            broken = why  # told only when another line follows: else the file was cut off there
            continue
        if isinstance(row, dict):
            yield row
        elif row is not None:
            bad(f"a line that is not an object: {excerpt(line)}")


def _table(
    first: str, lines: Iterator[str], bad: Callable[[object], None]
) -> Iterator[dict[str, Any]]:
    separator = max(SEPARATORS, key=first.count)
    names = [name.strip() for name in _cells(first, separator)]
    comma = separator == ";"  # the lands that separate by it write decimals with a comma
    for line in lines:
        cells = _cells(line, separator)
        if len(cells) == len(names):
            yield {name: cell(text, comma) for name, text in zip(names, cells, strict=True)}
        elif cells:
            bad(f"{len(cells)} cells under {len(names)} names: {excerpt(line)}")


def _cells(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line.rstrip("\r\n")], delimiter=separator), [])
    except csv.Error:
        return [line]
