"""From raw streams to drafts of steps: nodes looked up, labels given, sub-flows unfolded."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from flowctl.faults import Fault, FlowError
from flowctl.language.drafts import Draft, Drafts, Scope
from flowctl.language.flow import FROM, RawStep, RawStream
from flowctl.language.library import Library
from flowctl.language.marked import BROKEN, Marked
from flowctl.language.overlay import Overlay
from flowctl.language.settings import read, split
from flowctl.language.subflow import SubflowSpec
from flowctl.signature.node import NodeKind, NodeSpec, Shape

DEEPEST = 8  # sub-flows inside sub-flows
MOST = 20_000  # steps of a flow, those of sub-flows too
MANY = 200  # steps of one stream; beyond, numbers of labels leave gaps rather than take for ever


@dataclass(frozen=True, slots=True)
class Unfolding:
    """Fills `drafts` with the steps of a flow."""

    drafts: Drafts
    library: Library
    overlay: Overlay

    def flow(self, streams: tuple[RawStream, ...], scope: Scope) -> None:
        """Add all steps of a flow; what is laid over it has to find its step."""
        self.streams(streams, scope)
        self.overlay.check(self.drafts.steps)

    def streams(self, streams: tuple[RawStream, ...], scope: Scope) -> None:
        """Add the steps of these streams."""
        for raw in streams:
            scope.labels[raw.name] = {}
            scope.ends[raw.name] = self._stream(raw, scope)

    def _stream(self, raw: RawStream, scope: Scope) -> str | None:
        above: Draft | None = None
        for step in raw.steps:
            if len(self.drafts.steps) >= MOST:
                said = f"the flow grows to more than {MOST} steps"
                self.drafts.report.add(step.mark, "E104", raw.name, said)
                return None
            label = self._label(raw, step, scope)
            stream, full = scope.id(raw.name, label)
            draft = Draft(stream, full, step.mark, scope, None)
            draft = self._step(draft, step, above, last=step is raw.steps[-1])
            scope.labels[raw.name][label] = draft.id
            self.drafts.steps[draft.id] = above = draft
        return above.id if above else None

    def _label(self, raw: RawStream, step: RawStep, scope: Scope) -> str:
        taken = scope.labels[raw.name]
        wanted = step.label or step.node
        if wanted not in taken:
            return wanted
        if step.label:
            said = f"two steps of the stream are called '{wanted}'"
            self.drafts.report.add(
                step.mark, "E212", f"{raw.name}/{wanted}", said, "rename one of them"
            )
        number = len(taken) + 1 if len(taken) > MANY else 2
        while f"{wanted}#{number}" in taken:
            number += 1
        return f"{wanted}#{number}"

    def _step(self, draft: Draft, step: RawStep, above: Draft | None, *, last: bool) -> Draft:
        draft.given = step.given and draft.scope.variables.fill(step.given, draft.id)
        draft.before = above.id if above else None
        if step.node == FROM:
            if above:
                cure = "begin another stream with it"
                self.drafts.report.add(step.mark, "E211", draft.id, "'from' is a first step", cure)
            return draft
        draft.spec = self._spec(step, draft.id)
        draft.unknown = draft.spec is None
        if draft.spec:
            self._position(draft, draft.spec, above)
            names = (draft.id, draft.stream) if last and not draft.scope.stream else (draft.id,)
            draft.given = self.overlay.onto(names, draft.spec, draft.given)
        if isinstance(draft.spec, SubflowSpec):
            return self._subflow(draft, draft.spec)
        return draft

    def _spec(self, step: RawStep, where: str) -> NodeSpec | None:
        try:
            spec = self.library.meant(step.node)
        except FlowError as error:
            self._told(error.faults, step, where)
            return None
        if isinstance(spec, SubflowSpec):
            self._told(spec.faults, step, where)
        return spec

    def _told(self, faults: Iterable[Fault], step: RawStep, where: str) -> None:
        for fault in faults:
            if not fault.mark.line:
                self.drafts.report.add(step.mark, fault.code, where, fault.message, fault.cure)
            elif fault not in self.drafts.report.faults:
                self.drafts.report.faults.append(fault)

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
            self.drafts.report.add(draft.mark, "E211" if above else "E210", draft.id, said, cure)

    def _subflow(self, draft: Draft, spec: SubflowSpec) -> Draft:
        outer = draft.scope
        if spec.name in outer.inside or len(outer.inside) == DEEPEST:
            chain = " -> ".join([*outer.inside, spec.name])
            self.drafts.report.add(
                draft.mark, "E220", draft.id, f"sub-flows use themselves: {chain}"
            )
            draft.unknown, draft.spec = True, None
            return draft
        self.drafts.report.texts[spec.file] = list(spec.lines)
        settings, inputs = split(spec, draft.given, draft.mark, draft.id, self.drafts.report)
        declared = {**spec.declared, **self._given(draft, spec, settings)}
        scope = Scope(
            outer.variables.within(declared),
            draft.stream,
            f"{draft.label}.",
            inside=(*outer.inside, spec.name),
        )
        self._bind(draft, spec, inputs, scope)
        self.streams(spec.streams, scope)
        end = Draft(draft.stream, draft.label, draft.mark, outer, None)
        end.before = scope.ends.get(spec.ending)
        end.unknown = end.before is None
        return end

    def _given(
        self, draft: Draft, spec: SubflowSpec, settings: Mapping[str, Marked]
    ) -> dict[str, Marked]:
        """What `${setting}` means inside; a faulty or missing one is told once, out here."""
        missing = Marked(draft.mark, BROKEN)
        made = {name: missing for name, item in spec.settings.items() if item.required}
        for name, item in settings.items():
            right = read(spec.settings[name], item, draft.id, self.drafts.report) is not BROKEN
            made[name] = item if right else missing
        return made

    def _bind(
        self, draft: Draft, spec: SubflowSpec, given: Mapping[str, Marked], scope: Scope
    ) -> None:
        for item in spec.inputs:
            first = item is spec.inputs[0]
            if item.shape is not Shape.ONE:
                said = given.get(item.name, Marked(draft.mark, BROKEN))
                scope.bound[item.name] = (item, said, draft.scope)
                continue
            mark = given[item.name].mark if item.name in given else draft.mark
            inlet = Draft(draft.stream, f"{draft.label}.{item.name}", mark, draft.scope, None)
            inlet.before = draft.before if first else None
            inlet.given, inlet.wants = given.get(item.name), item
            inlet.unknown = not first and item.name not in given
            self.drafts.steps[inlet.id] = inlet
            scope.labels[item.name] = {}
            scope.ends[item.name] = inlet.id
