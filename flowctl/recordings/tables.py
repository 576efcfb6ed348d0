"""Tables read as recordings: CSV with a column per stream, and exports of Home Assistant.

A table has a header line and a column of times: seconds, milliseconds since the epoch, or dates.
Every value holds until the next row. An export of Home Assistant's history has the columns
`entity_id`, `state`, `last_changed`; an entity is named where a column would be. `-name` turns the
sign of a column that counts the other way, `1000*name` makes W of kW. What `left.soc` is said to
be is that field of what the battery `left` tells.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from flowctl.autumn import Autumn
from flowctl.faults import faulty, nearest
from flowctl.recordings.columns import Column, Row, column_of
from flowctl.recordings.sheet import Cells, Sheet
from flowctl.recordings.stamps import stamps

TIMES = ("t_s", "t", "ts", "time", "timestamp", "date", "datetime", "last_changed")
EXPORT = {"entity_id", "state", "last_changed"}
SOME = 12  # columns or entities that an error lists
OF_OUR_TIME = 1e8  # s since the epoch; a smaller time is counted from some midnight


def is_table(path: Path) -> bool:
    """Tell by its name whether a file is a table."""
    return path.name.removesuffix(".gz").endswith(".csv")


def column_names(path: Path) -> list[str]:
    """Name the columns of a table beside that of its times."""
    heads = Sheet(path).heads
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
    sheet = Sheet(path)
    times = partial(stamps, zone, start, comma=sheet.comma)
    export = set(sheet.heads) >= EXPORT
    if not any(sheet.heads):
        raise faulty(path, "E704", "is empty", "a table begins with the names of its columns")
    if not columns:
        names = _entity_names(sheet) if export else sheet.heads
        cure = "no entity is in it"
        if names:
            example = names[0 if export else -1]
            cure = f"say which of {_listed(names)} it is, e.g. meter={example}"
        raise faulty(path, "E704", "no stream is named", cure)
    if export:
        return True, _entities(sheet, columns, times)
    return False, sheet.rows(_wide(sheet, columns, times()))


def _wide(
    sheet: Sheet, columns: Mapping[str, str], times: Autumn[str]
) -> Callable[[Cells], Iterator[Row]]:
    """Split a row of a table with a column per stream."""
    heads = sheet.heads
    time = next((heads.index(name) for name in TIMES if name in heads), 0)
    wanted = [column_of(stream, text, heads) for stream, text in columns.items()]
    for column in wanted:
        if column.name not in heads:
            cure = nearest(column.name, heads) or f"it has {', '.join(heads)}"
            raise faulty(sheet.path, "E704", f"no column '{column.name}'", cure)
    places = [(heads.index(column.name), column) for column in wanted]

    def split(cells: Cells) -> Iterator[Row]:
        t = times.read(cells[time])
        for place, column in places:
            value = sheet.value(cells[place])
            if value is not None:
                yield t, column.stream, column.said(value)

    return split


def _entities(
    sheet: Sheet, columns: Mapping[str, str], anew: Callable[[], Autumn[str]]
) -> Iterator[Row]:
    """Yield the rows of a Home Assistant export: one entity, one state in each.

    An entity that never spoke is most likely misspelt.
    """
    entity, state, changed = map(sheet.heads.index, ("entity_id", "state", "last_changed"))
    wanted: dict[str, list[Column]] = {}
    for stream, text in columns.items():
        column = column_of(stream, text)
        wanted.setdefault(column.name, []).append(column)
    silent, others = set(wanted), set[str]()
    times = {name: anew() for name in wanted}

    def split(cells: Cells) -> Iterator[Row]:
        found = wanted.get(cells[entity], ())
        if not found:
            others.add(cells[entity])
        value = sheet.value(cells[state]) if found else None
        if value is not None:
            silent.discard(cells[entity])
            t = times[cells[entity]].read(cells[changed])
            yield from ((t, column.stream, column.said(value)) for column in found)

    yield from sheet.rows(split)
    if silent:
        named = [name for name in wanted if name in silent]
        cure = nearest(named[0], others) or (
            f"it tells of {_listed(sorted(others))}" if others else ""
        )
        raise faulty(sheet.path, "E704", f"nothing is known of {', '.join(named)}", cure)


def _entity_names(sheet: Sheet) -> list[str]:
    return sorted(set(sheet.column(sheet.heads.index("entity_id"))))


def _listed(names: Sequence[str]) -> str:
    return ", ".join([*names[:SOME], *(["..."] if len(names) > SOME else [])])
