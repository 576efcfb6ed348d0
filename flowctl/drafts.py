"""From raw streams to drafts of steps: nodes looked up, labels given, sub-flows unfolded."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flowctl.faults import Fault, FlowError, Mark
from flowctl.flow import FROM, RawStep, RawStream
from flowctl.graph import Source
from flowctl.library import Library
from flowctl.node import Input, NodeKind, NodeSpec, Shape, Wire
from flowctl.report import Report
from flowctl.settings import split
from flowctl.subflow import SubflowSpec
from flowctl.text import Marked
from flowctl.variables import Variables

DEEPEST = 8  # sub-flows inside sub-flows


@dataclass
class Scope:
    """The names that references of one file can use, and what they stand for."""

    variables: Variables
    stream: str = ""
    """The stream of the flow that a sub-flow is unfolded in."""
    prefix: str = ""
    ends: dict[str, str | None] = field(default_factory=dict)
    """Stream to the id of its last step; `None` when it has none."""
    labels: dict[str, dict[str, str]] = field(default_factory=dict)
    """Stream to its labels, label to step id."""
    bound: dict[str, tuple[Input, Marked, "Scope"]] = field(default_factory=dict)
    """Inputs of a sub-flow that are lists or mappings, and what was given for them."""
    inside: tuple[str, ...] = ()

    def id(self, stream: str, label: str) -> tuple[str, str]:
        """Return the stream of the flow and the label there."""
        if self.stream:
            return self.stream, f"{self.prefix}{stream}/{label}"
        return stream, label


@dataclass
class Draft:
    """A step on its way to be checked."""

    stream: str
    label: str
    mark: Mark
    scope: Scope
    spec: NodeSpec | None
    given: Marked | None = None
    before: str | None = None
    """The step above it in the pipe."""
    wants: Input | None = None
    """What the input of a sub-flow asks of its wire."""
    unknown: bool = False
    """The node could not be found: whatever comes in and goes out is right."""
    inputs: dict[str, Source] = field(default_factory=dict)
    places: dict[str, Mark] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    written: dict[str, Marked] = field(default_factory=dict)
    """Settings as they were given, filled."""
    wire: Wire | None = None
    origin: Mark = field(default=Mark())
    """Where the unit of its wire comes from."""

    @property
    def id(self) -> str:
        """`stream/label`."""
        return f"{self.stream}/{self.label}"

    @property
    def node(self) -> str:
        """Name of its node type."""
        return self.spec.name if self.spec else FROM

    @property
    def device(self) -> bool:
        """Whether its wire runs through the world."""
        return self.spec is not None and self.spec.kind is NodeKind.DEVICE


@dataclass
class Drafts:
    """All steps of a flow, by id, in the order of the file."""

    library: Library
    report: Report
    steps: dict[str, Draft] = field(default_factory=dict)

    def unfold(self, streams: tuple[RawStream, ...], scope: Scope) -> None:
        """Add the steps of these streams."""
        for raw in streams:
            scope.labels[raw.name] = {}
            scope.ends[raw.name] = self._stream(raw, scope)

    def _stream(self, raw: RawStream, scope: Scope) -> str | None:
        above: Draft | None = None
        for step in raw.steps:
            label = self._label(raw, step, scope)
            stream, full = scope.id(raw.name, label)
            draft = Draft(stream, full, step.mark, scope, None)
            draft = self._step(draft, step, above)
            scope.labels[raw.name][label] = draft.id
            self.steps[draft.id] = above = draft
        return above.id if above else None

    def _label(self, raw: RawStream, step: RawStep, scope: Scope) -> str:
        taken = scope.labels[raw.name]
        wanted = step.label or step.node
        if wanted not in taken:
            return wanted
        if step.label:
            said = f"two steps of the stream are called '{wanted}'"
            self.report.add(step.mark, "E212", f"{raw.name}/{wanted}", said, "rename one of them")
        number = 2
        while f"{wanted}#{number}" in taken:
            number += 1
        return f"{wanted}#{number}"

    def _step(self, draft: Draft, step: RawStep, above: Draft | None) -> Draft:
        draft.given = step.given and draft.scope.variables.fill(step.given, draft.id)
        draft.before = above.id if above else None
        if step.node == FROM:
            if above:
                cure = "begin another stream with it"
                self.report.add(step.mark, "E211", draft.id, "'from' is a first step", cure)
            return draft
        draft.spec = self._spec(step, draft.id)
        draft.unknown = draft.spec is None
        if draft.spec:
            self._position(draft, draft.spec, above)
        if isinstance(draft.spec, SubflowSpec):
            return self._subflow(draft, draft.spec)
        return draft

    def _spec(self, step: RawStep, where: str) -> NodeSpec | None:
        try:
            return self.library.get(step.node)
        except FlowError as error:
            for fault in error.faults:
                if not fault.mark.line:
                    self.report.add(step.mark, fault.code, where, fault.message, fault.cure)
                elif fault not in self.report.faults:
                    self.report.faults.append(fault)
        return None

    def _position(self, draft: Draft, spec: NodeSpec, above: Draft | None) -> None:
        name = spec.name
        said = cure = ""
        if not spec.inputs and above:
            said = f"{name} is a source and takes nothing from above"
            cure = "give it a stream of its own"
        elif spec.inputs and not above:
            said = f"{name} works on what comes from above, and nothing does"
            cure = "begin the stream with '- from: STREAM' or a source"
        elif above and above.spec and above.spec.kind is NodeKind.SINK:
            said = f"{above.node} is a sink: nothing comes out of it for {name}"
            cure = "move it into a stream of its own"
        if said:
            self.report.add(draft.mark, "E211" if above else "E210", draft.id, said, cure)

    def _subflow(self, draft: Draft, spec: SubflowSpec) -> Draft:
        outer = draft.scope
        if spec.name in outer.inside or len(outer.inside) == DEEPEST:
            chain = " -> ".join([*outer.inside, spec.name])
            self.report.add(draft.mark, "E220", draft.id, f"sub-flows use themselves: {chain}")
            draft.unknown, draft.spec = True, None
            return draft
        self.report.texts[spec.file] = list(spec.lines)
        settings, inputs = split(spec, draft.given, draft.mark, draft.id, self.report)
        scope = Scope(
            outer.variables.within({**spec.declared, **settings}),
            draft.stream,
            f"{draft.label}.",
            inside=(*outer.inside, spec.name),
        )
        self._bind(draft, spec, inputs, scope)
        self.unfold(spec.streams, scope)
        end = Draft(draft.stream, draft.label, draft.mark, outer, None)
        end.before = scope.ends.get(spec.ending)
        end.written = settings
        return end

    def _bind(
        self, draft: Draft, spec: SubflowSpec, given: Mapping[str, Marked], scope: Scope
    ) -> None:
        for item in spec.inputs:
            first = item is spec.inputs[0]
            if item.shape is not Shape.ONE:
                if item.name in given:
                    scope.bound[item.name] = (item, given[item.name], draft.scope)
                continue
            mark = given[item.name].mark if item.name in given else draft.mark
            inlet = Draft(draft.stream, f"{draft.label}.{item.name}", mark, draft.scope, None)
            inlet.before = draft.before if first else None
            inlet.given, inlet.wants = given.get(item.name), item
            inlet.unknown = not first and item.name not in given
            self.steps[inlet.id] = inlet
            scope.labels[item.name] = {}
            scope.ends[item.name] = inlet.id


def remarked(fault: Fault, mark: Mark) -> Fault:
    """Give a fault without a place the place where it was noticed."""
    if fault.mark.line:
        return fault
    return Fault(mark, fault.code, fault.where, fault.message, fault.cure, fault.source)
