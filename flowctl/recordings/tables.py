"""Tables read as recordings: CSV with a column per stream, and exports of Home Assistant.

A table has a header line and a column of times: seconds, milliseconds since the epoch, or dates.
Every value holds until the next row. An export of Home Assistant's history has the columns
`entity_id`, `state`, `last_changed`; an entity is named where a column would be. `-name` turns the
sign of a column that counts the other way, `1000*name` makes W of kW. What `left.soc` is said to
be is that field of what the battery `left` tells.
"""

import csv
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, tzinfo
from itertools import chain
from pathlib import Path
from zoneinfo import ZoneInfo

from flowctl.faults import Fault, FlowError, Mark, faulty, nearest
from flowctl.recordings.columns import Column, Row, column_of
from flowctl.recordings.lines import decoded, lines

Cells = Sequence[str]

TIMES = ("t_s", "t", "ts", "time", "timestamp", "date", "datetime", "last_changed")
DELIMITERS = ",;\t"
SEPARATOR = "sep="  # the line before the names in which spreadsheets are told it
EXPORT = {"entity_id", "state", "last_changed"}
SILENT = {"", "unknown", "unavailable", "null", "None"}
SOME = 12  # columns or entities that an error lists
OF_OUR_TIME = 1e8  # s since the epoch; a smaller time is counted from some midnight
MILLI_FROM = 1e11  # a time beyond the year 5000 is in milliseconds


def is_table(path: Path) -> bool:
    """Tell by its name whether a file is a table."""
    return path.name.removesuffix(".gz").endswith(".csv")


def column_names(path: Path) -> list[str]:
    """Name the columns of a table beside that of its times."""
    heads = [head.strip() for head in next(_cells(path), (1, []))[1]]
    time = next((name for name in TIMES if name in heads), "")
    return [head for head in heads if head != time]


def read_table(
    path: Path, columns: Mapping[str, str], *, zone: str = "UTC", start: float = 0.0
) -> tuple[bool, Iterator[Row]]:
    """Return whether the table has to be sorted as a whole, and its rows.

    `zone` is where dates without a zone were written; `start` is the date of second 0.

    Raises:
        FlowError: a column is missing, or a row is broken that is not the last.
    """
    table = _cells(path)
    heads = [head.strip() for head in next(table, (1, [""]))[1]]
    export, when = set(heads) >= EXPORT, _times(zone, start)
    if not any(heads):
        raise faulty(path, "E704", "is empty", "a table begins with the names of its columns")
    if not columns:
        names = _entity_names(heads, table) if export else heads
        cure = "no entity is in it"
        if names:
            example = names[0 if export else -1]
            cure = f"say which of {_listed(names)} it is, e.g. meter={example}"
        raise faulty(path, "E704", "no stream is named", cure)
    if export:
        return True, _entities(path, heads, columns, when, table)
    return False, _rows(path, table, _wide(path, heads, columns, when))


def _value(cell: str) -> float | str | None:
    """Read one cell: a number where it is one, a text where not, nothing where it is silent."""
    if cell in SILENT:
        return None
    try:
        value = float(cell)
    except ValueError:
        return cell
    return value if math.isfinite(value) else None


def _cells(path: Path) -> Iterator[tuple[int, Cells]]:
    """Yield the number of each line that is not empty, and what stands in its cells."""
    rows: Iterator[str] = map(decoded, lines(path))
    first = next(rows, "")
    if "\0" in first:
        raise faulty(path, "E702", "is no text", "save it as CSV in UTF-8")
    if first.startswith(SEPARATOR):
        first = next(rows, "")
    delimiter = max(DELIMITERS, key=first.count)
    if delimiter == ";":
        rows = (line.replace(",", ".") for line in rows)  # written where decimals have commas
    table = csv.reader(chain([first], rows), delimiter=delimiter)
    try:
        yield from ((table.line_num, cells) for cells in table if cells)
    except csv.Error as error:
        raise _broken(path, table.line_num, error) from None


def _broken(path: Path, number: int, error: Exception) -> FlowError:
    said = f"no row of this table: {error}"
    return FlowError([Fault(Mark(str(path), number, 1), "E702", "", said)])


def _rows(
    path: Path, table: Iterator[tuple[int, Cells]], split: Callable[[Cells], Iterator[Row]]
) -> Iterator[Row]:
    broken: FlowError | None = None
    for number, cells in table:
        if broken:
            raise broken
        try:
            yield from split(cells)
        except (ValueError, IndexError, OverflowError) as error:
            broken = _broken(path, number, error)


def _wide(
    path: Path, heads: list[str], columns: Mapping[str, str], when: Callable[[str], float]
) -> Callable[[Cells], Iterator[Row]]:
    """Split a row of a table with a column per stream."""
    time = next((heads.index(name) for name in TIMES if name in heads), 0)
    wanted = [column_of(stream, text, heads) for stream, text in columns.items()]
    for column in wanted:
        if column.name not in heads:
            cure = nearest(column.name, heads) or f"it has {', '.join(heads)}"
            raise faulty(path, "E704", f"no column '{column.name}'", cure)
    places = [(heads.index(column.name), column) for column in wanted]

    def split(cells: Cells) -> Iterator[Row]:
        t = when(cells[time])
        for place, column in places:
            value = _value(cells[place])
            if value is not None:
                yield t, column.stream, column.said(value)

    return split


def _entities(
    path: Path, heads: list[str], columns: Mapping[str, str], when: Callable[[str], float],
    table: Iterator[tuple[int, Cells]],
) -> Iterator[Row]:  # fmt: skip
    """Yield the rows of a Home Assistant export: one entity, one state in each.

    An entity that never spoke is most likely misspelt.
    """
    entity, state, changed = map(heads.index, ("entity_id", "state", "last_changed"))
    wanted: dict[str, list[Column]] = {}
    for stream, text in columns.items():
        column = column_of(stream, text)
        wanted.setdefault(column.name, []).append(column)
    silent, others = set(wanted), set[str]()

    def split(cells: Cells) -> Iterator[Row]:
        found = wanted.get(cells[entity], ())
        if not found:
            others.add(cells[entity])
        value = _value(cells[state]) if found else None
        if value is not None:
            silent.discard(cells[entity])
            t = when(cells[changed])
            yield from ((t, column.stream, column.said(value)) for column in found)

    yield from _rows(path, table, split)
    if silent:
        named = [name for name in wanted if name in silent]
        cure = nearest(named[0], others) or (
            f"it tells of {_listed(sorted(others))}" if others else ""
        )
        raise faulty(path, "E704", f"nothing is known of {', '.join(named)}", cure)


def _entity_names(heads: list[str], table: Iterator[tuple[int, Cells]]) -> list[str]:
    place = heads.index("entity_id")
    return sorted({cells[place] for _, cells in table if len(cells) > place})


def _listed(names: Sequence[str]) -> str:
    return ", ".join([*names[:SOME], *(["..."] if len(names) > SOME else [])])


def _times(zone: str, start: float) -> Callable[[str], float]:
    """Return what reads the times of rows, one after the other."""
    try:
        place = ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        raise FlowError(f"no time zone '{zone}'; one is named like Europe/Berlin") from None
    last = -math.inf

    def when(cell: str) -> float:
        nonlocal last
        time = _seconds(cell, place, start)
        if time < last:  # in autumn an hour comes twice
            again = _seconds(cell, place, start, fold=1)
            time = again if again >= last else time
        last = time
        return time

    return when


def _seconds(cell: str, place: tzinfo, start: float, fold: int = 0) -> float:
    try:
        seconds = float(cell)
    except ValueError:
        date = _date(cell)
        return (date if date.tzinfo else date.replace(tzinfo=place, fold=fold)).timestamp()
    return (seconds / 1000 if seconds > MILLI_FROM else seconds) + start


def _date(cell: str) -> datetime:
    try:
        return datetime.fromisoformat(cell.strip())
    except ValueError:
        said = f"'{cell}' is no time: write seconds, or 2026-06-01T18:00:00+02:00"
        raise ValueError(said) from None
