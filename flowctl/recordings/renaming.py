"""Recordings whose streams have other names than a flow's: `meter=p1`, `left=venus`."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from flowctl.faults import FlowError, faulty, nearest
from flowctl.recordings.columns import PART, Column, Row, column_of
from flowctl.recordings.lines import lines
from flowctl.recordings.mending import is_ours
from flowctl.recordings.tables import is_table


def as_table(path: Path, columns: Mapping[str, str] | None) -> bool:
    """Tell whether a file is read as a table: by its name, or where columns of it are named."""
    return is_table(path) or (columns is not None and not _is_recording(path))


def renamed(path: Path, rows: Iterable[Row], columns: Mapping[str, str]) -> Iterator[Row]:
    """Let streams of a recording speak under the names that `columns` give them.

    What is not named there keeps its own name, unless another has got it.

    Raises:
        FlowError: a stream is not in the recording, or says what cannot be added or multiplied.
    """
    wanted: dict[str, list[Column]] = {}
    for stream, text in columns.items():
        column = column_of(stream, text)
        wanted.setdefault(column.name, []).append(column)
    taken = {stream.partition(".")[0].partition(PART)[0] for stream in columns}
    silent, others = set(wanted), set[str]()
    for time, name, value in rows:
        stream, way, rest = name.partition("/")
        if way:  # what went into it
            for one in (column.stream for column in wanted.get(stream, ()) if _alike(column)):
                yield time, f"{one}/{rest}", value
        elif stream in wanted:
            silent.discard(stream)
            yield from ((time, column.stream, _said(column, value)) for column in wanted[stream])
        others |= {stream} - wanted.keys() - {""}
        if stream not in wanted and stream not in taken:
            yield time, name, value
    if silent:
        raise _unknown(path, sorted(silent), others | wanted.keys() - silent)


def _is_recording(path: Path) -> bool:
    """Tell by its first line; what cannot be read is told by whoever reads it."""
    try:
        return is_ours(next(filter(bytes.strip, lines(path)), b""))
    except OSError:
        return False


def _alike(column: Column) -> bool:
    """Tell whether a stream is taken as it is, under another name."""
    return column.factor == 1 and not column.field and PART not in column.stream


def _said(column: Column, value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if isinstance(value, Mapping) and not _alike(column):
        stream = column.stream.partition(PART)[0]
        said = f"--column {stream}: '{column.name}' tells records, which are taken as they are"
        raise FlowError(f"{said}: write {stream}={column.name}")
    return column.said(value)


def _unknown(path: Path, silent: list[str], held: Collection[str]) -> FlowError:
    cure = nearest(silent[0], held) or f"it holds {', '.join(sorted(held)) or 'nothing'}"
    return faulty(path, "E704", f"no stream '{', '.join(silent)}'", cure)
