"""What a reference means: `stream`, `stream/step`, `stream.field`, `stream/step.field`."""

import re
from dataclasses import dataclass

from flowctl.faults import nearest
from flowctl.language.drafts import Drafts, Scope
from flowctl.language.flow import OWN
from flowctl.language.graph import Source, Tap
from flowctl.language.marked import BROKEN, Marked
from flowctl.signature.node import Shape

_REFERENCE = re.compile(r"([^\s./]+)(?:/([^\s.]+(?:\.[^\s./]+/[^\s.]+)*))?(?:\.([^\s./]+))?")


@dataclass(frozen=True, slots=True)
class References:
    """Looks references up among all steps of a flow."""

    drafts: Drafts

    def source(self, item: Marked, shape: Shape, scope: Scope, where: str) -> Source | None:
        """Return what one input listens to; `None` when a fault was told."""
        if shape is Shape.ONE:
            if isinstance(item.value, list | dict):
                cure = "merge them in a stream of their own: '- from: [a, b]'"
                self._fault(item, "E205", where, f"one stream is wanted, not {item.kind}", cure)
                return None
            return self.tap(item, scope, where)
        if isinstance(item.value, str) and item.value in scope.bound:
            _, given, outer = scope.bound[item.value]
            return self.source(given, shape, outer, where)
        if shape is Shape.LIST:
            return self.taps(item, scope, where)
        return self._mapping(item, scope, where)

    def taps(self, item: Marked, scope: Scope, where: str) -> tuple[Tap, ...] | None:
        """Return the taps of one reference or of a list of them."""
        if isinstance(item.value, dict):
            self._fault(item, "E205", where, "a list of streams is wanted, not a mapping")
            return None
        parts = item.value if isinstance(item.value, list) else [item]
        if not parts:
            self._fault(item, "E205", where, "the list of streams is empty")
            return None
        found = [self.tap(part, scope, where) for part in parts]
        for index, part in enumerate(parts):
            if found[index] is not None and found[index] in found[:index]:
                self._fault(part, "E205", where, f"'{part.text}' is given twice", "remove one")
        known = tuple(tap for tap in found if tap is not None)
        return known if len(known) == len(found) else None

    def tap(self, item: Marked, scope: Scope, where: str) -> Tap | None:
        """Return what one reference means."""
        if item.value is BROKEN:
            return None
        if not isinstance(item.value, str):
            self._fault(item, "E205", where, f"a stream is named by a text, not {item.kind}")
            return None
        if item.value in self.drafts.steps and not scope.stream:
            return Tap(item.value)
        found = _REFERENCE.fullmatch(item.value)
        if not found:
            cure = "write STREAM, STREAM/STEP, STREAM.FIELD or STREAM/STEP.FIELD"
            self._fault(item, "E205", where, f"'{item.value[:60]}' does not name a stream", cure)
            return None
        stream, label, part = found.groups()
        if stream in OWN and not label:
            return Tap(stream, part)
        step = self._step(item, stream, label, scope, where)
        return Tap(step, part) if step else None

    def _mapping(self, item: Marked, scope: Scope, where: str) -> Source | None:
        if isinstance(item.value, dict):
            named = {name: self.tap(part, scope, where) for name, part in item.value.items()}
            known = {name: tap for name, tap in named.items() if tap is not None}
            return known if len(known) == len(named) else None
        taps = self.taps(item, scope, where)
        if taps is None:
            return None
        parts = item.value if isinstance(item.value, list) else [item]
        return {re.sub(r"[./]", "_", part.text): tap for part, tap in zip(parts, taps, strict=True)}

    def _step(
        self, item: Marked, stream: str, label: str | None, scope: Scope, where: str
    ) -> str | None:
        if stream in scope.bound:
            self._fault(item, "E205", where, f"'{stream}' holds many streams; one is wanted here")
            return None
        if stream not in scope.ends:
            known = [*scope.ends, *scope.bound, *OWN]
            owners = [
                f"{name}/{stream}" for name, labels in scope.labels.items() if stream in labels
            ]
            cure = nearest(stream, known) or (f"did you mean '{owners[0]}'?" if owners else "")
            cure = cure or f"its streams are {', '.join(known)}"
            self._fault(item, "E204", where, f"no stream is called '{stream}'", cure)
            return None
        if label is None:
            return scope.ends[stream]
        labels = scope.labels[stream]
        if label not in labels:
            cure = nearest(label, labels) or f"it has {', '.join(labels)}"
            self._fault(item, "E204", where, f"the stream '{stream}' has no step '{label}'", cure)
            return None
        return labels[label]

    def _fault(self, item: Marked, code: str, where: str, said: str, cure: str = "") -> None:
        self.drafts.report.add(item.mark, code, where, said, cure)
