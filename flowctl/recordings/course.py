"""One value over time, `FILE#COLUMN`: a column of a table, or a stream of a recording."""

from pathlib import Path
from typing import Any

from flowctl.faults import FlowError, faulty, nearest
from flowctl.recordings.recording import read
from flowctl.recordings.tables import column_names, is_table

Course = list[tuple[float, Any]]
"""`(second, value)`, in order; seconds since the epoch where the file tells dates."""


def is_course(text: str) -> bool:
    """Tell whether a text names a file that is there."""
    return Path(text.partition("#")[0]).is_file()


def course(text: str) -> Course:
    """Read what `FILE#COLUMN` names; without `#COLUMN` the only one there is.

    Raises:
        FlowError: the file cannot be read, or holds no such column or stream.
    """
    name, _, column = text.partition("#")
    path = Path(name)
    if is_table(path):
        return [(t, value) for t, _, value in read(path, {"it": column or _only(path)})]
    said: dict[str, Course] = {}
    for t, stream, value in read(path):
        said.setdefault(stream, []).append((t, value))
    found = said.get(column or next(iter(said), "")) if column or len(said) == 1 else None
    if found is None:
        raise _which(path, sorted(said), column)
    return found


def _only(path: Path) -> str:
    try:
        found = column_names(path)
    except OSError as error:
        raise faulty(path, "E700", f"cannot be read: {error.strerror or error}") from None
    if len(found) != 1:
        raise _which(path, found)
    return found[0]


def _which(path: Path, known: list[str], column: str = "") -> FlowError:
    several = "says not which of its values is meant" if known else "holds no value"
    said = f"holds no '{column}'" if column else several
    cure = nearest(column, known) if column else ""
    cure = cure or (f"name one of {', '.join(known)}: {path}#{known[0]}" if known else "")
    return faulty(path, "E704", said, cure)
