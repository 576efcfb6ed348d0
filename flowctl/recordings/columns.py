"""What the columns of a table stand for: `meter=1000*sensor.p1_power`, `left.soc=sensor.charge`."""

import re
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from flowctl.faults import FlowError, nearest
from flowctl.values import Battery, names

FACTOR = re.compile(r"(-?)(?:(\d+\.?\d*|\.\d+)\s*\*\s*)?(.+)\Z", re.DOTALL)


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
