"""The ends of a flow in a backtest: twins for its devices, the plant's meter for its source."""

from collections.abc import Callable, Collection
from typing import Any

from flowctl.backtest.makes import SUN, Makes
from flowctl.backtest.twins import Twin, Twins
from flowctl.backtest.world import World
from flowctl.engine.ends import Edge, End
from flowctl.faults import Fault, FlowError, nearest
from flowctl.language.graph import Graph, Step
from flowctl.language.wires import silent
from flowctl.signature.node import NodeKind
from flowctl.values import RELEASE, Battery
from flowctl.virtual.clock import VirtualClock

Command = tuple[float, float | None]


class TwinEnds:
    """Nothing is dialled: what is sent goes into the plant, what it says comes out."""

    def __init__(self, twins: Twins, clock: VirtualClock) -> None:
        self._twins, self._clock = twins, clock
        self.pushes: dict[str, Callable[[Any], None]] = {}
        self.sent = False
        """Whether something was sent since somebody looked."""
        self.commands: dict[str, list[Command]] = {}
        """What was written to each battery, and when; `None` released it."""
        self.nobody: list[str] = []
        """Devices of the flow that are not there."""

    def source(self, edge: Edge, push: Callable[[Any], None], done: Callable[[], None]) -> End:
        """Let the plant speak for a source."""
        self.pushes[edge.step.stream] = push
        return _Nowhere()

    def sink(self, edge: Edge) -> End:
        """Let a sink's values go."""
        return _Nowhere()

    def device(self, edge: Edge, push: Callable[[Battery], None], renew: Callable[[], None]) -> End:
        """Hand commands to the twin."""
        name = edge.step.stream
        self.pushes[name] = push
        if name not in self._twins.names:
            self.nobody.append(name)
            return _Nowhere()
        self.commands[name] = []
        return _Wire(name, self._twins.twin(name), self)

    def send(self, name: str, twin: Twin, watts: float | None) -> None:
        """Hand a command to a twin."""
        self.commands[name].append((self._clock.time(), watts))
        self.sent = True
        twin.command(watts)


class _Wire:
    def __init__(self, name: str, twin: Twin, ends: TwinEnds) -> None:
        self._name, self._twin, self._ends = name, twin, ends

    def put(self, value: Any) -> None:
        self._ends.send(self._name, self._twin, None if value is RELEASE else float(value))

    def close(self) -> None:
        """The shell has released it."""


class _Nowhere:
    def put(self, value: Any) -> None:
        """Nobody listens."""

    def close(self) -> None:
        """Nothing is held."""


def fit(graph: Graph, twins: Twins, world: World, fed: Collection[str], asks: Makes) -> None:
    """Hold the edges of a flow against the streams of a plant; `fed` are spoken for elsewhere.

    A device that has no address need not be there.

    Raises:
        FlowError: the plant lacks a stream of the flow, or the flow has none for its meter.
    """
    faults = [
        fault
        for stream in graph.streams
        if (edge := graph.edge(stream)) is not None
        if asks.get(stream, {}) is not None
        if (fault := _fault(edge, twins, world, fed)) is not None
    ]
    meter = twins.names[0]
    edge = graph.edge(meter)
    if not faults and (edge is None or edge.kind is not NodeKind.SOURCE):
        cure = nearest(meter, graph.streams) or f"call the stream of its meter '{meter}'"
        said = f"the flow has no source called '{meter}', as the meter of {world.called} is"
        raise FlowError(f"{graph.file or graph.name}: {said}; {cure}")
    if faults:
        raise FlowError(faults)


def _fault(edge: Step, twins: Twins, world: World, fed: Collection[str]) -> Fault | None:
    name, (meter, *batteries) = edge.stream, twins.names
    if edge.kind is NodeKind.DEVICE:
        return None if name in batteries else _missing(edge, world, batteries)
    if silent(edge.wire) or name in (meter, SUN, *fed):
        return None
    cure = f"say --say {name}=VALUE, --silent {name}, or give a --recording that holds it"
    said = f"nothing in {world.called} speaks for the source '{name}'; its meter is '{meter}'"
    return Fault(edge.mark, "E607", edge.id, said, cure)


def _missing(edge: Step, world: World, known: Collection[str]) -> Fault:
    name = edge.stream
    add = f"add '{name}: {{kind: wired}}' to it" if world.plant else "call them alike"
    cure = nearest(name, known) or f"{add}, or name a plant that has it: --plant FILE"
    said = f"{world.called} has no battery '{name}'; it has {', '.join(known) or 'none'}"
    return Fault(edge.mark, "E607", edge.id, said, cure)
