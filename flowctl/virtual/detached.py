"""The ends of a flow in virtual time: nothing is dialled, everything is recorded."""

from collections.abc import Callable
from typing import Any

from flowctl.engine.ends import Edge, End
from flowctl.engine.engine import Engine
from flowctl.faults import FlowError
from flowctl.language.graph import Graph
from flowctl.values import RELEASE, Battery
from flowctl.virtual.clock import VirtualClock

Told = list[tuple[float, Any]]


class DetachedEnds:
    """Ends in nobody's hands but the caller's: they record what they get."""

    def __init__(self, clock: VirtualClock, *, accept: bool) -> None:
        self._clock, self._accept = clock, accept
        self.pushes: dict[str, Callable[[Any], None]] = {}
        self.dones: dict[str, Callable[[], None]] = {}
        self.heard: dict[str, Told] = {}

    def source(self, edge: Edge, push: Callable[[Any], None], done: Callable[[], None]) -> End:
        """Let the caller speak for a source."""
        self.pushes[edge.step.stream], self.dones[edge.step.stream] = push, done
        return _Note(self.heard, edge.step.id, self._clock, None)

    def sink(self, edge: Edge) -> End:
        """Record what reaches a sink."""
        self.heard[edge.step.id] = []
        return _Note(self.heard, edge.step.id, self._clock, None)

    def device(self, edge: Edge, push: Callable[[Battery], None], renew: Callable[[], None]) -> End:
        """Record what reaches a device; accept it at once if asked to."""
        self.heard[edge.step.id] = []
        self.pushes[edge.step.stream] = push
        return _Note(self.heard, edge.step.id, self._clock, push if self._accept else None)


class _Note:
    def __init__(
        self,
        heard: dict[str, Told],
        step_id: str,
        clock: VirtualClock,
        accept: Callable[[Battery], None] | None,
    ) -> None:
        self._heard, self._id, self._clock, self._accept = heard, step_id, clock, accept

    def put(self, value: Any) -> None:
        now, released = self._clock.time(), value is RELEASE
        self._heard[self._id].append((now, None if released else value))
        if self._accept:
            self._accept(Battery(setpoint=0.0 if released else float(value), setpoint_at=now))

    def close(self) -> None:
        """Nothing is held."""


def rehearse(graph: Graph) -> None:
    """Build a flow with detached ends and let it go again: finds what nodes refuse.

    Raises:
        FlowError: a node refuses its settings.
    """
    clock = VirtualClock()
    engine = Engine(graph, clock, DetachedEnds(clock, accept=False))
    engine.start()
    engine.stop()


def whole(error: FlowError) -> FlowError:
    """Add to the faults of a flow what the nodes of its sound steps refuse: all is told at once."""
    if error.sound is None:
        return error
    try:
        rehearse(error.sound)
    except FlowError as further:
        return FlowError([*error.faults, *further.faults])
    return error
