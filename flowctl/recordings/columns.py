"""What the columns of a table stand for: `meter=1000*sensor.p1_power`, `left.soc=sensor.charge`.

Several columns may be added up to one stream: `meter=sensor.imported - sensor.exported`.
"""

import math
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from flowctl.faults import FlowError, nearest
from flowctl.numerals import speaks, unsure
from flowctl.values import Battery, names

Row = tuple[float, str, Any]
FACTOR = re.compile(r"(-?)(?:(\d+\.?\d*|\.\d+)\s*\*\s*)?(.+)\Z", re.DOTALL)


TERM = re.compile(r"\s+([-+])\s+")
PART = "+"  # behind the name of a stream: a part of its sum


class Column(NamedTuple):
    """A column, or an entity, and what becomes of its cells."""

    name: str
    stream: str
    field: str
    factor: float

    def said(self, value: float | str) -> Any:
        """Return what the stream says where a cell holds this."""
        told = value * self.factor if isinstance(value, float) else value
        return {self.field: told} if self.field else told


def look_up(columns: Mapping[str, str] | None, known: Collection[str]) -> None:
    """Make sure that columns are named for streams that somebody knows.

    Raises:
        FlowError: one is not.
    """
    for text in columns or ():
        stream = text.partition(".")[0]
        if stream not in known:
            cure = nearest(stream, known) or f"there are {', '.join(sorted(known))}"
            raise FlowError(f"--column {text}: no source or device is called '{stream}'; {cure}")


def column_of(stream: str, text: str, heads: Collection[str] = ()) -> Column:
    """Read `left.soc` and `-1000*name`; what stands in the table as it is goes before that."""
    stream, _, field = stream.partition(".")
    if field and field not in names(Battery):
        cure = nearest(field, names(Battery)) or "`flowctl nodes Battery` lists them"
        raise FlowError(f"--column {stream}.{field}: a battery tells no '{field}'; {cure}")
    found = None if text in heads else FACTOR.match(text)
    sign, factor, name = found.groups() if found else ("", None, text)
    return Column(name, stream, field, float(factor or 1.0) * (-1.0 if sign else 1.0))


def parted(columns: Mapping[str, str], heads: Collection[str]) -> dict[str, str]:
    """Give each column of a sum a name of its own: `meter+0` and `meter+1`."""
    made: dict[str, str] = {}
    for stream, text in columns.items():
        first, *rest = [text] if text in heads else TERM.split(text)
        terms = [first, *(term if sign == "+" else _turned(term) for sign, term in _pairs(rest))]
        names = [f"{stream}{PART}{k}" for k in range(len(terms))] if rest else [stream]
        made |= dict(zip(names, terms, strict=True))
    return made


def summed(rows: Iterable[Row], columns: Collection[str]) -> Iterator[Row]:
    """Add up the parts of streams, each holding until it speaks again; rows are in order.

    What its parts say at one time counts as one word of the stream.

    Raises:
        FlowError: a part says what is meant as a number, and is none for sure.
    """
    held: dict[str, dict[str, Any]] = {}
    for part in columns:
        if PART in part:
            held.setdefault(part.partition(PART)[0], {})[part] = None
    if not held:
        yield from rows
        return
    waiting: dict[str, float] = {}
    for t, name, value in rows:
        yield from _due(waiting, held, t)
        stream, sign, _ = name.partition(PART)
        if not sign:
            yield t, name, value
        elif speaks(value):
            raise FlowError(f"a part of {stream}: {unsure(value)}")
        elif isinstance(value, float):
            held[stream][name] = value
            waiting[stream] = t
    yield from _due(waiting, held, math.inf)


def _due(
    waiting: dict[str, float], held: Mapping[str, Mapping[str, Any]], now: float
) -> Iterator[Row]:
    """Say the sums of earlier times, where all parts have spoken."""
    for stream in [stream for stream, t in waiting.items() if t < now]:
        t, parts = waiting.pop(stream), held[stream].values()
        if None not in parts:
            yield t, stream, sum(parts)


def _pairs(rest: Sequence[str]) -> Iterator[tuple[str, str]]:
    return zip(rest[::2], rest[1::2], strict=True)


def _turned(term: str) -> str:
    return term.removeprefix("-") if term.startswith("-") else f"-{term}"
