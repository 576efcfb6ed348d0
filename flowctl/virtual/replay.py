"""Feed a recording to a flow in virtual time: the same streams, the same bytes each time."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any

from flowctl.engine.engine import Engine
from flowctl.faults import FlowError
from flowctl.language.flow import INTO
from flowctl.language.graph import Graph
from flowctl.recordings.columns import Row, look_up
from flowctl.recordings.plain import Read, plain, reader
from flowctl.recordings.recording import RESTART, read
from flowctl.signature.node import NodeKind
from flowctl.store import Store
from flowctl.virtual.clock import VirtualClock
from flowctl.virtual.detached import DetachedEnds

Line = dict[str, Any]


def replay(
    graph: Graph, recording: str | Path, columns: Mapping[str, str] | None = None
) -> Iterator[Line]:
    """Yield what every stream says now, as `{"t", "stream", "value"}`, in order.

    The recording speaks for sources and devices; one that it does not hold says nothing. What goes
    into a device is told as `left/in`, a release as `null`; what reaches a sink under the name of
    its stream. Streams of the recording that the flow does not have are passed over. Where a
    recording was continued the flow begins anew, with what it had kept.

    Raises:
        FlowError: the recording cannot be read, or holds nothing for this flow.
    """
    edges = {name for name in graph.streams if graph.edge(name)}
    look_up(columns, edges)
    rows = iter(read(recording, columns, restarts=True))
    first = next((row for row in rows if row[1] in edges), None)
    if first is None:
        known = ", ".join(sorted(edges)) or "none"
        raise FlowError(f"{recording}: holds no value for an edge of this flow; edges: {known}")
    player = Player(graph, first[0])
    yield from player.play(chain((first,), rows))
    yield from player.rest()


class Player:
    """A flow in virtual time that is fed by hand and tells everything it says."""

    def __init__(self, graph: Graph, epoch: float) -> None:
        self._graph, self._epoch = graph, epoch
        self.clock = VirtualClock(datetime.fromtimestamp(epoch, UTC))
        self._stores: dict[str, Store] = {}
        self._said = deque[Line]()
        self._edges: dict[str, tuple[Read, Callable[[Any], None]]] = {}
        self.begin()

    def begin(self) -> None:
        """Start the flow, with what an earlier run of it has kept."""
        ends = DetachedEnds(self.clock, accept=False)
        keep = self._stores.setdefault
        self.engine = Engine(
            self._graph, self.clock, ends, lambda step: keep(step, Store()), replayed=True
        )
        for name, step_id in self._graph.streams.items():
            self._listen(name, step_id)
        self.engine.start()
        self.clock.advance(0)
        self._edges.clear()
        self._edges.update((name, (self._reader(name), push)) for name, push in ends.pushes.items())

    def restart(self, time: float) -> None:
        """End the flow, and start it again at a time."""
        self.clock.turn(self.engine.stop)
        self.clock.advance_to(time - self._epoch)
        self.begin()

    def play(self, rows: Iterable[Row]) -> Iterator[Line]:
        """Speak recorded values in order, and tell what comes of them; others are passed over."""
        said, epoch, edges, advance = self._said, self._epoch, self._edges, self.clock.advance_to
        for time, stream, raw in rows:
            edge = edges.get(stream)
            if edge is None:
                if stream == RESTART:
                    self.restart(time)
                continue
            read, push = edge
            advance(time - epoch)
            try:
                value = read(raw, epoch)
            except ValueError as error:
                raise FlowError(f"recorded value of {stream} at {time:.3f}: {error}") from None
            push(value)
            while said:
                yield said.popleft()

    def feed(self, time: float, stream: str, raw: Any) -> list[Line]:
        """Let time pass up to a recorded value, speak it, and tell what came of both."""
        return list(self.play([(time, stream, raw)]))

    def rest(self) -> list[Line]:
        """Tell what is still said at the time of the last value."""
        self.clock.advance(0)
        told = list(self._said)
        self._said.clear()
        return told

    def _reader(self, stream: str) -> Read:
        edge = self.engine.graph.edge(stream)
        return reader(edge.wire if edge else None)

    def _listen(self, name: str, step_id: str) -> None:
        kind, into = self.engine.graph.steps[step_id].kind, f"{name}/{INTO}"
        if kind is NodeKind.DEVICE:
            self.engine.output(into).listen(-1, self._teller(into))
        end = into if kind is NodeKind.SINK else step_id
        self.engine.output(end).listen(-1, self._teller(name))

    def _teller(self, name: str) -> Callable[[Any], None]:
        date, epoch, say = self.clock.stamp, self._epoch, self._said.append

        def tell(value: Any) -> None:
            shown = value if value.__class__ is float else plain(value, epoch)
            say({"t": date(), "stream": name, "value": shown})

        return tell
