"""What sources of a flow say in a world whose plant does not speak for them."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from flowctl.backtest.loop import Row
from flowctl.backtest.times import span
from flowctl.faults import FlowError, nearest
from flowctl.language.graph import Graph
from flowctl.language.marked import scalar
from flowctl.recordings.course import course, is_course
from flowctl.recordings.plain import typed
from flowctl.recordings.tables import OF_OUR_TIME
from flowctl.signature.node import NodeKind, Wire
from flowctl.units import UnitError, parse


def said(
    given: Mapping[str, str], graph: Graph, spoken: Collection[str], start: datetime
) -> list[Row]:
    """Return what `--say NAME=VALUE` lets sources say at second 0, the date `start`.

    Of `NAME=FILE#COLUMN` each value is said at its time, and at second 0 the one that holds then.
    The plant speaks for `spoken`.

    Raises:
        FlowError: the flow has no such source, or it does not say such a value.
    """
    rows: list[Row] = []
    for name, text in given.items():
        edge = graph.edge(name) if name in graph.streams else None
        if edge is None or edge.kind is not NodeKind.SOURCE:
            known = [step.stream for step in graph.steps.values() if step.kind is NodeKind.SOURCE]
            cure = nearest(name, known) or f"it has {', '.join(known)}"
            raise FlowError(f"--say {name}: the flow has no source of that name; {cure}")
        if name in spoken:
            raise FlowError(f"--say {name}: the plant speaks for it; say it in a plant file")
        if is_course(text):
            rows += _over_time(name, text, start)
            continue
        try:
            rows.append((0.0, name, _value(text, edge.wire)))
        except (UnitError, ValueError) as error:
            raise FlowError(f"--say {name}={text}: {error}") from None
    return sorted(rows, key=lambda row: row[0])


def _over_time(name: str, file: str, start: datetime) -> list[Row]:
    """What a source says that a file speaks for; times without a date are those of the run."""
    found = course(file)
    dated = bool(found) and found[0][0] > OF_OUR_TIME
    begin = start.timestamp() if dated else 0.0
    rows = [*since(((t, name, value) for t, value in found), begin)]
    if not rows:
        raise FlowError(f"--say {name}={file}: the file holds no value")
    return rows


def since(rows: Iterable[Row], begin: float) -> Iterator[Row]:
    """Move rows to second 0; of what was said before, each source's last word stands there."""
    before: dict[str, Any] = {}
    later: list[Row] = []
    for time, stream, value in rows:
        if time <= begin:
            before[stream] = value
        else:
            later.append((time - begin, stream, value))
    yield from ((0.0, stream, value) for stream, value in before.items())
    yield from later


def rows_of(fed: Sequence[Row], graph: Graph) -> list[Row]:
    """Give what was recorded the types of the wires of a flow; what it does not hear is left out.

    Raises:
        FlowError: a source does not say such values.
    """
    wires = {name: edge.wire for name in graph.streams if (edge := graph.edge(name)) is not None}
    return [(t, name, _typed(t, name, raw, wires[name])) for t, name, raw in fed if name in wires]


def _typed(time: float, name: str, raw: Any, wire: Wire | None) -> Any:
    try:
        return typed(raw, wire)
    except ValueError as error:
        said = f"what was recorded of {name}, {span(time)} after the beginning: {error}"
        raise FlowError(f"{said}; --silent {name} leaves it out") from None


def _value(text: str, wire: Wire | None) -> Any:
    """Read a value as a wire carries it: a quantity with its unit, a truth value, a text."""
    if wire and wire.unit:
        return parse(text, wire.unit)
    try:
        return typed(scalar(text), wire)
    except ValueError:
        return typed(text, wire)
