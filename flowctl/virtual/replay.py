"""Feed a recording to a flow in virtual time: the same streams, the same bytes each time."""

import copy
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from flowctl.engine.engine import Engine
from flowctl.engine.replayed import Replayed
from flowctl.engine.stay import STAY
from flowctl.faults import FlowError
from flowctl.language.flow import INTO
from flowctl.language.graph import Graph
from flowctl.language.law import law
from flowctl.recordings.columns import Row, look_up
from flowctl.recordings.foreign import foreign
from flowctl.recordings.opening import UNKNOWN, Opening, opening
from flowctl.recordings.plain import Read, plain, reader
from flowctl.recordings.recording import LAW, RESTART, header, read
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

    A run that was recorded begins as it began then, in time and knowledge; as long as the flow is
    what it was, batteries are written when they were written then.

    Raises:
        FlowError: the recording cannot be read, or holds nothing for this flow.
    """
    edges = {name for name in graph.streams if graph.edge(name)}
    look_up(columns, edges)
    rows = iter(read(recording, columns, restarts=True))
    first = next((row for row in rows if row[1] in edges), None)
    if first is None:
        raise foreign(recording, edges, columns)
    run = opening(header(recording))
    player = Player(graph, run.start(first[0]), run)
    yield from player.play(chain((first,), rows))
    yield from player.rest()


class Player:
    """A flow in virtual time that is fed by hand and tells everything it says."""

    def __init__(self, graph: Graph, epoch: float, run: Opening = UNKNOWN) -> None:
        self._graph, self._epoch = graph, epoch
        self.clock = VirtualClock(datetime.fromtimestamp(epoch, UTC))
        self._stores: dict[str, Store] = {}
        self._said = deque[Line]()
        self._edges: dict[str, tuple[Read, Callable[[Any], None]]] = {}
        self._law = law(graph)
        self.begin(run)

    def begin(self, run: Opening) -> None:
        """Start the flow, with what an earlier run of it has kept."""
        self.run = run
        self._stores.update(_stores(self._graph, run))
        ends = DetachedEnds(self.clock, accept=False)
        keep = self._stores.setdefault
        self.engine = Engine(
            self._graph, self.clock, ends, lambda step: keep(step, Store()), made=Replayed
        )
        for name, step_id in self._graph.streams.items():
            self._listen(name, step_id)
        self.engine.start()
        self.clock.advance(0)
        self._edges.clear()
        self._edges.update((name, (self._reader(name), push)) for name, push in ends.pushes.items())
        self._edges.update((f"{name}/{INTO}", (_watts, put)) for name, put in self._writes())
        self._edges[LAW] = (_text, self._follow)
        self._follow(run.law)

    def _writes(self) -> Iterator[tuple[str, Callable[[Any], None]]]:
        """Return what hears what was written to each device, where the recording holds that."""
        steps, shells = self._graph.steps, self.engine.shells
        for step_id, shell in shells.items() if self.run.holds else ():
            if isinstance(shell, Replayed):
                yield steps[step_id].stream, partial(self.clock.turn, shell.write_as_then)

    def _follow(self, then: str) -> None:
        """Write when it was written then, if it was a flow that decides as this one does."""
        self.follows = self.run.holds and then == self._law
        for shell in self.engine.shells.values():
            if isinstance(shell, Replayed):
                shell.follow(self.follows)

    def restart(self, time: float, run: Opening) -> None:
        """End the flow, and start it again as another run."""
        self.clock.turn(self.engine.stop)
        self.clock.advance_to(run.start(time) - self._epoch)
        self.begin(run)

    def play(self, rows: Iterable[Row]) -> Iterator[Line]:
        """Speak recorded values in order, and tell what comes of them; others are passed over."""
        said, epoch, edges, advance = self._said, self._epoch, self._edges, self.clock.advance_to
        for time, stream, raw in rows:
            edge = edges.get(stream)
            if edge is None:
                if stream == RESTART:
                    self.restart(time, opening(raw or {}))
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


def _stores(graph: Graph, run: Opening) -> Iterator[tuple[str, Store]]:
    """Return what steps knew when a run began; one that is recorded so begins with no other."""
    for place in graph.steps if run.began is not None else ():
        for key in (place, f"{place}:{STAY}"):
            yield f"{graph.name}:{key}", Store(copy.deepcopy(dict(run.kept.get(key, {}))))


def _watts(raw: Any, _: float) -> float | None:
    if raw is None:
        return None
    if isinstance(raw, bool) or not isinstance(raw, float | int):
        raise ValueError(f"{raw!r} is not a power")
    return float(raw)


def _text(raw: Any, _: float) -> str:
    return str(raw)
