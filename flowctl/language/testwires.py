"""Whether what a test gives and expects can be: its names, its fields and its units."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flowctl import units
from flowctl.faults import Mark, nearest
from flowctl.language.drafts import Draft, Drafts, Scope
from flowctl.language.flow import ERRORS, INTO, OWN
from flowctl.language.graph import Tap
from flowctl.language.marked import Marked
from flowctl.language.references import References
from flowctl.language.rosters import Rosters
from flowctl.language.wires import field_names, field_wire, shown, silent, told, unit_of
from flowctl.recordings.plain import typed
from flowctl.signature.node import NodeKind, Wire
from flowctl.values import Plan

RELEASED, NOTHING = "released", "nothing"
SETPOINT = Wire(float, "W")
TESTS = "tests"


def read_value(value: Any) -> Any:
    """Return a value as a wire carries it: a quantity as a number in its base unit."""
    if isinstance(value, Mapping):
        return {key: read_value(part) for key, part in value.items()}
    if isinstance(value, str):
        try:
            return units.parse_any(value)[0]
        except units.UnitError:
            return value
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


@dataclass(frozen=True, slots=True)
class TestWires:
    """Knows what the streams of a flow say, and holds tests against it."""

    drafts: Drafts
    scope: Scope
    rosters: Rosters

    def given(self, name: str, mark: Mark, item: Marked) -> None:
        """Hold what a source or a device is to say against what it can."""
        edges = self._edges()
        if name in edges:
            before, wire = len(self.drafts.report.faults), edges[name].wire
            self._fits(item, wire, name)
            if wire and len(self.drafts.report.faults) == before:
                self._made(item, wire, name)
        elif name not in self.scope.ends:
            self._unknown(name, mark)
        else:
            cure = f"these have one: {', '.join(edges) or 'none'}"
            said = f"the stream '{name}' has no source or device to speak for"
            self._fault(mark, "E204", said, cure)

    def expected(self, name: str, mark: Mark, item: Marked) -> None:
        """Hold what a stream, a step or a field is to say against what it carries."""
        whole = name.removesuffix(f"/{INTO}")
        if name.partition("/")[0].partition(".")[0] not in {*self.scope.ends, ERRORS}:
            self._unknown(name, mark)
            return
        tap = References(self.drafts).tap(Marked(mark, whole, text=whole), self.scope, TESTS)
        if tap is None or tap.step in OWN or item.value == NOTHING:
            return
        step = self.drafts.steps[tap.step]
        if tap.field is None and step.device:
            if item.value != RELEASED:
                self._fits(item, SETPOINT, name)
        else:
            self._fits(item, self._carried(tap, mark), name)

    def _carried(self, tap: Tap, mark: Mark) -> Wire | None:
        wire = self.drafts.steps[tap.step].wire
        if tap.field is None or wire is None:
            return wire
        found, known = field_wire(wire, tap.field), field_names(wire.type) or ()
        shares = tuple(self.rosters.of(tap.step)) if wire.type is Plan else ()
        if found is None or (shares and tap.field not in (*known, *shares)):
            said = f"what '{tap.step}' says ({told(wire.type)}) has no field '{tap.field}'"
            self._fault(mark, "E206", said, nearest(tap.field, (*known, *shares)))
            return None
        return found

    def _fits(self, item: Marked, wire: Wire | None, name: str) -> None:
        """Report a value that cannot be on a wire; of what is not known, nothing is said."""
        if wire is None or silent(wire) or item.value is None:
            return
        fields = field_names(wire.type)
        if isinstance(item.value, dict):
            self._fields(item, wire, name)
        elif wire.type in (float, int):
            self._measured(item, wire, name)
        elif fields:
            said = f"{name}: {item.kind} is written, but it carries {shown(wire)}"
            cure = f"write its fields, e.g. {{{fields[0]}: ...}}"
            self._fault(item.mark, "E132", said, cure)

    def _made(self, item: Marked, wire: Wire, name: str) -> None:
        """Report what cannot be made the record of a wire, though each of its numbers is one."""
        try:
            typed(read_value(item.plain()), wire)
        except ValueError as error:
            self._fault(item.mark, "E132", f"{name}: {error}")

    def _fields(self, item: Marked, wire: Wire, name: str) -> None:
        for field, part in item.value.items():
            inner = field_wire(wire, field)
            if inner is not None:
                self._fits(part, inner, f"{name}.{field}")
                continue
            known = field_names(wire.type) or ()
            listed = f"its fields are {', '.join(known[:12])}" if known else ""
            said = f"{name}: {told(wire.type)} has no field '{field}'"
            self._fault(item.keys[field], "E206", said, nearest(field, known) or listed)

    def _measured(self, item: Marked, wire: Wire, name: str) -> None:
        """A number may stand bare, in the unit of its wire."""
        if isinstance(item.value, bool | list):
            said = f"{name}: {item.kind} is written, but it carries {shown(wire)}"
            self._fault(item.mark, "E132", said)
        elif isinstance(item.value, str):
            self._quantity(item, wire, name)

    def _quantity(self, item: Marked, wire: Wire, name: str) -> None:
        try:
            unit = units.parse_any(item.value)[1]
        except units.UnitError as error:
            said, _, cure = str(error).partition("; ")
            self._fault(item.mark, "E132", f"{name}: {said}", cure)
            return
        wanted = unit_of(wire)
        if wanted and unit and not units.same_unit(unit, wanted):
            said = f"{name}: '{item.text}' is in {unit}, but it carries {wanted}"
            self._fault(item.mark, "E303", said)

    def _edges(self) -> dict[str, Draft]:
        kinds = (NodeKind.SOURCE, NodeKind.DEVICE)
        made: dict[str, Draft] = {}
        for step in self.drafts.steps.values():
            if step.spec and step.spec.kind in kinds:
                made.setdefault(step.stream, step)
        return made

    def _unknown(self, name: str, mark: Mark) -> None:
        stream = name.partition("/")[0].partition(".")[0]
        cure = nearest(stream, self.scope.ends)
        self._fault(mark, "E204", f"no stream is called '{stream}'", cure)

    def _fault(self, mark: Mark, code: str, said: str, cure: str = "") -> None:
        self.drafts.report.add(mark, code, TESTS, said, cure)
