"""One live flow: its engine, its ends, its recorder, and its reload when a file changes."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flowctl.clock import Clock
from flowctl.engine.engine import Engine
from flowctl.engine.knowledge import knowledge
from flowctl.faults import FlowError, plainly
from flowctl.language.chain import devices
from flowctl.language.check import load
from flowctl.language.flow import INTO
from flowctl.language.graph import Graph
from flowctl.language.law import law
from flowctl.live.accepted import keep
from flowctl.live.edges import LiveEnds
from flowctl.live.reload import Changes, replace
from flowctl.live.storage import Storage
from flowctl.recordings.opening import Opening
from flowctl.recordings.recording import LAW, Recorder
from flowctl.store import Store
from flowctl.virtual.detached import whole
from flowctl.zone import own_zone

SET = 1.0  # s; a clock that is ahead by more was set


@dataclass(frozen=True)
class Options:
    """How flows are to be run."""

    sets: Mapping[str, str] = field(default_factory=dict)
    record: Path | None = None
    shadow: bool = False
    seconds: float | None = None
    """Stop after so long."""
    state: Path | None = None
    """Folder of what survives a restart; none: nothing does."""
    watch: bool = True


class Session:
    """A flow while it runs."""

    def __init__(
        self,
        source: Path,
        graph: Graph,
        clock: Clock,
        options: Options,
        storage: Storage | None = None,
    ) -> None:
        self.source, self.options = source, options
        self._ends = LiveEnds(shadow=options.shadow, given=self._write)
        self._store = storage.store if storage else lambda _: Store()
        self.engine = Engine(graph, clock, self._ends, self._store, shadow=options.shadow)
        self.log = logging.getLogger(graph.name or source.stem)
        self._recorder: Recorder | None = None
        self._recorded: set[str] = set()
        self._named, self._law = graph.name, ""
        self._faulty = False  # the file, so that another one runs
        self._borrows = False
        self._warned: frozenset[str] = frozenset()

    @property
    def forced(self) -> Sequence[str]:
        """Devices that did not answer when they were to be given back."""
        return self._ends.forced

    def start(self) -> None:
        """Build the flow; a device is not written before its first setpoint."""
        if self.options.record:
            self._recorder = self._open(self.options.record)
            self._record_edges()
        self._warn()
        self.engine.start()

    def _open(self, file: Path) -> Recorder:
        graph, began = self.engine.graph, self.engine.clock.wall().timestamp()
        self._law = law(graph)
        kept, watched = knowledge(graph, self._store), self.options.shadow
        run = Opening(began=round(began, 6), law=self._law, watched=watched, kept=kept)
        epoch = began - self.engine.clock.time()
        return Recorder(file, flow=graph.name, zone=own_zone(), epoch=epoch, run=run)

    async def stop(self) -> None:
        """Release every device, then let go of everything.

        What devices tell of that the flow heard no more, so it is no part of the recording.
        """
        recorder, self._recorder = self._recorder, None
        self.engine.clock.turn(self.engine.stop)
        await self._ends.finish()
        if recorder:
            self._recording(recorder.close)

    def reload(self) -> Changes | None:
        """Take over the changed file; a faulty one is shown, and the old flow runs on."""
        began = time.perf_counter()
        try:
            new = load(self.source, sets=self.options.sets)
            changes = replace(self.engine, new)
        except FlowError as error:
            self.log.error("not reloaded, the flow runs on as it was:\n%s", whole(error))
            self._faulty = True
            return None
        except Exception:
            self.log.exception("not reloaded")
            return None
        self.note()
        self._warn()
        if changes:
            took = (time.perf_counter() - began) * 1000
            self.log.info("reloaded in %.0f ms: %s", took, changes)
        elif self._faulty:
            self.log.info("the file is good again, and says what runs")
        self._faulty = False
        if new.name != self._named:
            self.log.warning("it is called '%s' from its next start on", new.name)
        self._named = new.name
        if self._recorder:
            self._record_edges()
            self._record_law()
        return changes

    def _warn(self) -> None:
        """Say what is odd in the flow, as `check` does; each time it is new."""
        odd = [str(fault) for fault in self.engine.graph.warnings]
        for said in odd:
            if said not in self._warned:
                self.log.warning("%s", said.replace("warning: ", "", 1))
        self._warned = frozenset(odd)

    def note(self) -> None:
        """Note the flow as it was taken over, for whoever gives its batteries back."""
        graph, state = self.engine.graph, self.options.state
        self._borrows |= bool(devices(graph))  # one that did may owe nothing from now on
        if state and not self.options.shadow and self._borrows:
            keep(state, self.source, graph.watches)

    def _record_edges(self) -> None:
        graph = self.engine.graph
        edges = {stream: edge.id for stream in graph.streams if (edge := graph.edge(stream))}
        for stream, step_id in edges.items():
            if step_id not in self._recorded:
                self._record(stream, step_id)
        self._recorded = set(edges.values())  # one that was removed may come back

    def _record_law(self) -> None:
        """Tell from when on another flow decides."""
        before, self._law = self._law, law(self.engine.graph)
        if before != self._law:
            self._put(LAW, self._law)

    def _write(self, device: str, value: Any) -> None:
        """Record what a device is given."""
        self._put(f"{device}/{INTO}", value)

    def _put(self, stream: str, value: Any) -> None:
        if self._recorder:
            self._recording(self._recorder.write, self._date(self._recorder), stream, value)

    def _record(self, stream: str, step_id: str) -> None:
        odd = False

        def write(value: Any) -> None:
            nonlocal odd
            try:
                self._put(stream, value)
            except TypeError as error:  # a user's node may say anything
                if not odd:
                    self.log.warning("%s is recorded with gaps: %s", stream, error)
                odd = True

        self.engine.output(step_id).listen(-1, write)

    def _date(self, recorder: Recorder) -> float:
        """When it is, by a wall clock that may be set forward meanwhile: a Pi starts without one.

        One that is set back is let be, for times of a recording never run back.
        """
        clock = self.engine.clock
        date = recorder.epoch + clock.time()
        ahead = clock.wall().timestamp() - date
        if ahead > SET:
            self.log.warning("the clock was set forward by %.0f s: the recording follows", ahead)
            recorder.epoch += ahead
            date += ahead
        return date

    def _recording(self, do: Callable[..., None], *what: Any) -> None:
        try:
            do(*what)
        except OSError as error:  # a full disk must not stop the house
            self.log.error("recording ends: %s; the flow runs on", plainly(error))
            self._recorder = None
