"""Steps become streams: builds a checked flow on any clock, with any ends."""

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from flowctl.clock import Clock
from flowctl.engine.depth import make_room
from flowctl.engine.ends import Edge, End, Ends
from flowctl.engine.output import Output
from flowctl.engine.refusal import refusal
from flowctl.engine.running import Running
from flowctl.engine.sentences import ENDED, REMOVED, STOPPED
from flowctl.engine.shell import Shell
from flowctl.engine.stay import STAY, Stay
from flowctl.engine.unknown import Unknown
from flowctl.engine.why import Whys
from flowctl.faults import RAISED, FlowError, told
from flowctl.language.flow import ERRORS, INTO
from flowctl.language.graph import Graph, Step
from flowctl.log import Log
from flowctl.signature.node import NodeKind
from flowctl.store import Store
from flowctl.terms import Terms
from flowctl.values import Battery, Release, Trouble


class Engine:
    """One flow, built: its outputs can be tapped, its steps replaced while it runs."""

    def __init__(
        self,
        graph: Graph,
        clock: Clock,
        ends: Ends,
        store: Callable[[str], Store] | None = None,
        *,
        shadow: bool = False,
        made: type[Shell] = Shell,
    ) -> None:
        self.graph, self.clock, self.ends = graph, clock, ends
        self._shadow, self._made = shadow, made
        self.log = logging.getLogger(graph.name or "flow")
        self._store = store or (lambda _: Store())
        self.outputs: dict[str, Output] = {}
        self.shells: dict[str, Shell] = {}
        self.errors = self.output(ERRORS)
        self._running: dict[str, Running] = {}
        self._ends: dict[str, End] = {}
        self._logs: dict[str, Log] = {}
        self._ranks = {step_id: rank for rank, step_id in enumerate(graph.steps)}
        self._open_sources: set[str] = set()
        self._bad: set[str] = set()
        self._whys, self._unknown = Whys(self), Unknown(self)
        self.completed: Callable[[], None] = lambda: None
        """Called when the last source has ended."""

    def start(self) -> None:
        """Build everything, listeners before speakers, so that no early value is lost."""
        make_room(self.graph)
        self.clock.turn(self._build_all)

    def stop(self) -> None:
        """Release every device and take everything down."""
        for shell in self.shells.values():
            shell.close(STOPPED)
        for end in self._ends.values():
            end.close()
        for running in self._running.values():
            running.stop()

    def output(self, step_id: str) -> Output:
        """Return the register of a step; it is made when first asked for."""
        if step_id not in self.outputs:
            output = self.outputs[step_id] = Output(step_id, self._refused)
            output.promise(self.graph.steps.get(step_id))
        return self.outputs[step_id]

    def resolve(self, name: str) -> str | None:
        """Turn a stream, `stream/step` or `stream/in` into the id of its output."""
        if name in self.graph.streams:
            return self.graph.streams[name]
        known = name in self.graph.steps or name in self.outputs
        return name if known else None

    def arguments(self, step: Step, clock: Clock) -> dict[str, Any]:
        """Collect what a node function gets beside its streams: settings, and what is handed in."""
        spec = step.spec
        if spec is None:
            return {}
        terms = Terms.names() if step.kind is NodeKind.DEVICE else frozenset()
        given = {name: step.settings[name] for name in spec.settings if name not in terms}
        for name, what in spec.handed.items():
            given[name] = self._handed(step, what, clock)
        return given

    def _handed(self, step: Step, what: str, clock: Clock) -> Any:
        if what == "clock":
            return clock
        if what == "store":
            return self._store(f"{self.graph.name}:{step.id}")
        return Terms.of(step.settings) if what == "terms" else self.log_of(step)

    def log_of(self, step: Step) -> Log:
        """Return the log of a step; it writes as its stream: `home.left`."""
        if step.id not in self._logs:
            self._logs[step.id] = Log(f"{self.log.name}.{step.stream}", partial(self.report, step))
        return self._logs[step.id]

    def report(self, step: Step, error: BaseException, value: Any = None) -> None:
        """Put an error on the stream `errors`, as the next turn."""
        shown = "" if value is None else repr(value)[:200]
        what = {"stream": step.stream, "step": step.id, "error": told(error), "value": shown}
        self.clock.hand(self.errors.emit, Trouble(at=self.clock.time(), **what))
        self.log_of(step).troubles += 1

    def build(self, step: Step, *, late: bool = False) -> None:
        """Plug one step between its wires; `late`: its wires may have spoken already.

        Raises:
            ValueError: the node refuses its settings.
        """
        running = Running(step, self, self._ranks[step.id], late=late)
        self._running[step.id] = running
        if step.kind in (NodeKind.OPERATOR, NodeKind.CLOCKED):
            running.operate()
        elif step.kind is NodeKind.SOURCE:
            self._source(step)
        elif step.kind is NodeKind.SINK:
            self._sink(step, running)
        else:
            self._device(step, running)

    def remove(self, step_id: str, why: str = REMOVED) -> None:
        """Unplug one step; a device releases its battery. Its output stays for its listeners."""
        if step_id in self.shells:
            self.shells[step_id].close(why)  # who asks why finds it there
            del self.shells[step_id]
        if step_id in self._ends:
            self._ends.pop(step_id).close()
        self._open_sources.discard(step_id)
        self._logs.pop(step_id, None)
        self._running.pop(step_id).stop()

    def adopt(self, graph: Graph) -> None:
        """Take a new flow as one's own; the steps are replaced one by one."""
        self.graph = graph
        make_room(graph)
        self._ranks = {step_id: rank for rank, step_id in enumerate(graph.steps)}
        for step_id, output in self.outputs.items():
            output.promise(self.graph.steps.get(step_id))
        self._whys.begin()
        self._unknown.begin()

    def rewire(self, step_id: str, *, wires: bool) -> None:
        """Let a step that stays take its new place, and new wires and terms where they differ."""
        running, step = self._running[step_id], self.graph.steps[step_id]
        if wires:
            running.rewire(step, self._ranks[step_id])
        else:
            running.step, running.rank = step, self._ranks[step_id]
        if step_id in self.shells:
            self.shells[step_id].go_by(Terms.of(step.settings))

    def _build_all(self) -> None:
        faults = []
        for step in list(self.graph.steps.values())[::-1]:
            try:
                self.build(step)
            except RAISED as error:  # it may be anybody's node
                faults.append(refusal(step, error))
        if faults:
            raise FlowError(faults)
        self._whys.begin()
        self._unknown.begin()

    def _source(self, step: Step) -> None:
        output = self.output(step.id)
        output.closed = False
        self._open_sources.add(step.id)
        hand, emit, edge = self.clock.hand, output.emit, self.edge(step)

        def done() -> None:
            self._open_sources.discard(step.id)
            self.clock.turn(output.complete)
            if not self._open_sources:
                self.clock.turn(self.completed)

        self._ends[step.id] = self.ends.source(edge, lambda value: hand(emit, value), done)

    def _sink(self, step: Step, running: Running) -> None:
        end = self._ends[step.id] = self.ends.sink(self.edge(step))
        into = self.output(f"{step.stream}/{INTO}")

        def put(value: Any) -> None:
            end.put(value)
            self._tell(running, into, value)

        running.listen(put, end.close)

    def _device(self, step: Step, running: Running) -> None:
        output, into = self.output(step.id), self.output(f"{step.stream}/{INTO}")
        shell: Shell
        stay = self.stay(step)
        stay.tell(self.log_of(step))

        def send(command: float | Release) -> None:
            end.put(command)
            self._tell(running, into, command)

        def push(record: Any) -> None:
            output.emit(shell.told(record) if isinstance(record, Battery) else record)

        shell = self.shells[step.id] = self._made(
            Terms.of(step.settings), self.clock, send, self.log_of(step),
            stay=stay, shadow=self._shadow,
            report=lambda error, value: self.report(step, error, value),
        )  # fmt: skip
        output.recall = shell.recalled
        end = self._ends[step.id] = self.ends.device(
            self.edge(step), lambda record: self.clock.hand(push, record), shell.renew
        )
        running.listen(shell.want, partial(shell.close, ENDED))

    def stay(self, step: Step) -> Stay:
        """Return how long a device is left to somebody else; a rebuilt step and a run find it."""
        kept = Store() if self._shadow else self._store(f"{self.graph.name}:{step.id}:{STAY}")
        return Stay(Terms.of(step.settings), self.clock, kept)

    @staticmethod
    def _tell(running: Running, into: Output, value: Any) -> None:
        """Tell who looks on what has gone to an end: what they raise must not undo the rest."""
        try:
            into.emit(value)
        except RAISED as error:  # a fence like any
            running.failed(error, value)

    def edge(self, step: Step) -> Edge:
        """Collect what an end needs to be started."""
        given = self.arguments(step, self.clock)
        return Edge(step, given, self.log_of(step), partial(self.report, step))

    def _refused(self, step_id: str, value: Any) -> None:
        if step_id not in self._bad:
            self._bad.add(step_id)
            said, step = self.outputs[step_id].objection(value), self.graph.steps.get(step_id)
            if step and not self.outputs[step_id].fits(value):
                self.report(step, TypeError(said), value)
            self.log.warning("%s: %s; further ones are counted", step_id, said)
