"""Feed a recording to a flow in virtual time: the same streams, the same bytes each time."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flowctl.detached import DetachedEnds
from flowctl.engine import INTO, Engine
from flowctl.faults import FlowError
from flowctl.graph import Graph
from flowctl.node import NodeKind
from flowctl.plain import plain, typed
from flowctl.recording import read
from flowctl.store import Store
from flowctl.virtual import VirtualClock

Line = dict[str, Any]


def replay(
    graph: Graph, recording: str | Path, columns: Mapping[str, str] | None = None
) -> Iterator[Line]:
    """Yield what every stream says now, as `{"t", "stream", "value"}`, in order.

    The recording speaks for sources and devices. A device it does not hold accepts each setpoint
    at once. What goes into a device is told as `left/in`, a release as `null`; what reaches a sink
    under the name of its stream. Streams of the recording that the flow does not have are passed
    over.

    Raises:
        FlowError: the recording cannot be read, or holds nothing for this flow.
    """
    rows = iter(read(recording, columns))
    edges = {name for name in graph.streams if graph.edge(name)}
    first = next((row for row in rows if row[1] in edges), None)
    if first is None:
        known = ", ".join(sorted(edges)) or "none"
        raise FlowError(f"{recording}: holds no value for an edge of this flow; edges: {known}")
    player = Player(graph, first[0])
    for time, stream, raw in _chain(first, rows):
        if stream in edges:
            yield from player.feed(time, stream, raw)


class Player:
    """A flow in virtual time that is fed by hand and tells everything it says."""

    def __init__(self, graph: Graph, epoch: float) -> None:
        self._graph, self._epoch = graph, epoch
        self.clock = VirtualClock(datetime.fromtimestamp(epoch, UTC))
        self._ends = DetachedEnds(self.clock, accept=False)
        stores: dict[str, Store] = {}
        self.engine = Engine(
            graph, self.clock, self._ends, lambda step: stores.setdefault(step, Store())
        )
        self._said: list[Line] = []
        for name, step_id in graph.streams.items():
            self._listen(name, step_id)
        self.engine.start()
        self.clock.advance(0)

    def feed(self, time: float, stream: str, raw: Any) -> Iterator[Line]:
        """Let time pass up to a recorded value, speak it, and tell what came of both."""
        self.clock.advance_to(time - self._epoch)
        edge = self._graph.edge(stream)
        try:
            value = typed(raw, edge.wire if edge else None, self._epoch)
        except ValueError as error:
            raise FlowError(f"recorded value of {stream} at {time:.3f}: {error}") from None
        self._ends.pushes[stream](value)
        self.clock.advance(0)
        yield from self._said
        self._said.clear()

    def _listen(self, name: str, step_id: str) -> None:
        kind, into = self._graph.steps[step_id].kind, f"{name}/{INTO}"
        if kind is NodeKind.DEVICE:
            self.engine.output(into).listen(-1, self._teller(into))
        end = into if kind is NodeKind.SINK else step_id
        self.engine.output(end).listen(-1, self._teller(name))

    def _teller(self, name: str) -> Callable[[Any], None]:
        def tell(value: Any) -> None:
            time = round(self._epoch + self.clock.time(), 6)
            told = plain(value, self._epoch)
            self._said.append({"t": time, "stream": name, "value": told})

        return tell


def _chain(first: Any, rows: Iterator[Any]) -> Iterator[Any]:
    yield first
    yield from rows
