"""A flow on the bench: virtual time, its edges in your hands."""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from flowctl.engine.engine import Engine
from flowctl.faults import nearest
from flowctl.language.check import load
from flowctl.language.flow import INTO
from flowctl.language.graph import Graph
from flowctl.store import Store
from flowctl.virtual.clock import START, VirtualClock
from flowctl.virtual.detached import DetachedEnds, Told


class Bench:
    """Puts a flow (a path, or YAML text) in virtual time with its edges detached.

    `say` speaks for a source or device, `advance` lets seconds pass, `heard` is what reached a
    device or sink as `(t, value)`: for a device what would go on the wire after limits, dead band,
    write interval and lease; a release is `(t, None)`. A detached device accepts each setpoint at
    once and its stream tells so, unless `accept=False`. With `record=False` only what reached
    devices and sinks is kept.

    Raises:
        FlowError: the flow is faulty.
    """

    def __init__(
        self,
        flow: str | Path | Graph,
        *,
        record: bool = True,
        accept: bool = True,
        start: datetime = START,
        sets: Mapping[str, str] | None = None,
        env: Mapping[str, str] | None = None,
        stores: Callable[[str], Store] | None = None,
    ) -> None:
        self.graph = flow if isinstance(flow, Graph) else load(flow, sets=sets or {}, env=env)
        self.clock = VirtualClock(start)
        self._ends = DetachedEnds(self.clock, accept=accept)
        self._kept: dict[str, Store] = {}
        self.engine = Engine(self.graph, self.clock, self._ends, stores or self._store)
        self._recorded = record
        self.records: dict[str, Told] = {}
        """All that was said, by step id, as `(t, value)`."""
        if record:
            for step_id in (*self.graph.steps, "errors"):
                self._keep(step_id)
        self.engine.start()
        self.clock.advance(0)

    @property
    def time(self) -> float:
        """Virtual seconds since the start."""
        return self.clock.time()

    def say(self, stream: str, value: Any) -> None:
        """Speak for the source or device of a stream, now."""
        push = self._ends.pushes.get(stream)
        if push is None:
            known = list(self._ends.pushes)
            hint = nearest(stream, known) or f"these have one: {', '.join(known) or 'none'}"
            raise ValueError(f"stream '{stream}' has no source or device to speak for; {hint}")
        push(value)
        self.clock.advance(0)

    def end(self, stream: str) -> None:
        """Let the source of a stream end, as a file does."""
        self._ends.dones[stream]()
        self.clock.advance(0)

    def advance(self, seconds: float) -> None:
        """Let virtual seconds pass; every timer due up to and including then runs."""
        self.clock.advance(seconds)

    def heard(self, name: str) -> Told:
        """Return what reached the device or sink of a stream (or of `stream/step`)."""
        heard = self._ends.heard
        for step_id in (name, self.graph.streams.get(name, "")):
            if step_id in heard:
                return heard[step_id]
        ends = sorted({step_id.partition("/")[0] for step_id in heard})
        hint = nearest(name, ends) or f"these do: {', '.join(ends) or 'none'}"
        raise ValueError(f"'{name}' ends in no device or sink; {hint}")

    def stream(self, name: str) -> Told:
        """Return what a stream or `stream/step` said; `left/in` is what went into a device."""
        if not self._recorded:
            raise ValueError("this bench was made with record=False; only heard() is kept")
        if name.endswith(f"/{INTO}") and name not in self.graph.steps:
            return self.heard(name.removesuffix(f"/{INTO}"))
        step_id = self.engine.resolve(name)
        if step_id not in self.records:
            known = [*self.graph.streams, *self.graph.steps]
            raise ValueError(f"no stream or step is called '{name}'; {nearest(name, known)}")
        return self.records[step_id]

    def close(self) -> None:
        """Stop the flow: devices release, timers die."""
        self.clock.turn(self.engine.stop)
        self.clock.advance(0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _keep(self, step_id: str) -> None:
        told = self.records[step_id] = Told()
        clock = self.clock
        self.engine.output(step_id).listen(-1, lambda value: told.append((clock.time(), value)))

    def _store(self, step_id: str) -> Store:
        return self._kept.setdefault(step_id, Store())
