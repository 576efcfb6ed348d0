"""Whether what comes fits what is wanted: types, units, fields and expressions of each step."""

from dataclasses import dataclass
from typing import Any, TypeVar

from flowctl import units
from flowctl.faults import Mark, nearest
from flowctl.language.drafts import Draft, Drafts
from flowctl.language.flow import FROM
from flowctl.language.graph import Tap, taps
from flowctl.language.infer import Carrying
from flowctl.language.marked import Marked
from flowctl.language.naming import bind_names
from flowctl.language.own import CARRIED
from flowctl.language.rosters import Rosters
from flowctl.language.settings import bare_numbers, written_units
from flowctl.language.wires import (
    base_of,
    base_unit,
    constraint_unit,
    field_names,
    field_wire,
    fits,
    kind_of,
    meet,
    parts,
    put,
    shown,
    silent,
    told,
    unit_of,
)
from flowctl.marks import FieldFrom, Says
from flowctl.signature.node import Input, NodeKind, Wire
from flowctl.values import Plan, names

PLAN_FIELDS = names(Plan)


@dataclass(frozen=True, slots=True)
class Fitting:
    """Tells what does not fit, once all wires are known."""

    drafts: Drafts
    carrying: Carrying
    rosters: Rosters

    def check(self, draft: Draft) -> None:
        """Report all that does not fit at one step, and bind its expressions."""
        for name, source in draft.inputs.items():
            for tap in taps(source):
                self._readable(draft, name, tap)
        if draft.unknown:
            return
        if draft.spec is None:
            self._merge(draft)
            if draft.wants:
                self._input(draft, draft.wants, FROM, draft.wants.wire, draft.wants.wire.unit)
            return
        star = self.carrying.star(draft)
        for item in draft.spec.inputs:
            wanted, unit = self._wanted(draft, item, star)
            self._input(draft, item, item.name, wanted, unit)
        self._quantities(draft, star)
        self._output(draft)
        self._said(draft)
        self.rosters.check(draft)
        bind_names(draft, self.carrying, self.rosters, self.drafts.report)

    def _readable(self, draft: Draft, name: str, tap: Tap) -> None:
        mark = draft.places.get(name, draft.mark)
        step = self.drafts.steps.get(tap.step)
        if tap.step in CARRIED and tap.field:
            self._has_field(CARRIED[tap.step], tap.step, tap.field, mark, draft)
        if step is None or step.unknown:
            return
        if step.wire is None or silent(step.wire):
            told_above = step.spec is not None and step.spec.kind is NodeKind.SINK
            if step.id != draft.before or (draft.spec and not told_above):
                said = f"nothing ever comes out of '{step.id}'"
                self._fault(mark, "E207", draft, said, f"{step.node} yields nothing to read")
        elif tap.field and not self._has_field(step.wire, step.id, tap.field, mark, draft):
            return
        elif tap.field and step.wire.type is Plan and tap.field not in PLAN_FIELDS:
            known = tuple(self.rosters.of(tap.step))
            if known and tap.field not in known:
                cure = nearest(tap.field, known) or _listed("it names", known)
                said = f"the plan of '{step.id}' has no battery '{tap.field}'"
                self._fault(mark, "E206", draft, said, cure)

    def _has_field(self, wire: Wire, who: str, field: str, mark: Mark, draft: Draft) -> bool:
        if field_wire(wire, field) is not None:
            return True
        known = field_names(wire.type) or ()
        cure = nearest(field, known) or _listed("its fields are", known)
        said = f"what '{who}' says ({told(wire.type)}) has no field '{field}'"
        self._fault(mark, "E206", draft, said, cure)
        return False

    def _merge(self, draft: Draft) -> None:
        found = [self.carrying.tap(tap) for tap in taps(draft.inputs.get(FROM, ()))]
        for wire, origin in found[1:]:
            first, since = found[0]
            alike = fits(wire.type, first.type) or fits(first.type, wire.type)
            if not (alike and meet(unit_of(first), unit_of(wire))):
                said = f"streams of {shown(first)}{_since(since)} and of {shown(wire)}"
                said = f"{said}{_since(origin)} cannot be merged"
                self._fault(draft.places.get(FROM, draft.mark), "E304", draft, said)

    def _wanted(self, draft: Draft, item: Input, star: str | None) -> tuple[Wire, str | None]:
        first = item is draft.first
        if isinstance(item.wire.type, TypeVar):
            bound, _ = self.carrying.variable(draft, item.wire.type)
            if first or bound.type is Any:
                return item.wire, constraint_unit(item.wire.type, bound.type)
            return bound, unit_of(bound)
        return item.wire, item.wire.unit if first else put(item.wire.unit, star)

    def _input(self, draft: Draft, item: Input, name: str, wanted: Wire, unit: str | None) -> None:
        piped = name == FROM or item is draft.first
        who = draft.node if draft.spec else draft.label.rpartition(".")[2]
        for tap in taps(draft.inputs.get(name, ())):
            wire, origin = self.carrying.tap(tap)
            right = fits(kind_of(wire), wanted.type)
            if right and meet(unit, unit_of(wire)):
                continue
            want = unit if right else told(wanted.type)
            have = unit_of(wire) if right else told(kind_of(wire))
            carries = f"carries {have}{_since(origin)}"
            said = f"{who} works on {want}, but this wire {carries}"
            if not piped:
                said = f"{item.name} wants {want}, but '{_name(tap)}' {carries}"
            cure = self._others(draft, wanted, unit)
            if wire.type is bool and fits(float, wanted.type):
                told_unit = unit and not unit.startswith(units.ANY_UNIT)
                example = units.example("500", str(unit)) if told_unit else "1"
                cure = f"'map: {example} if value else 0' makes a number of it"
            mark = draft.places.get(name, draft.mark)
            self._fault(mark, "E301" if right else "E302", draft, said, cure)

    def _others(self, draft: Draft, wanted: Wire, unit: str | None) -> str:
        """Name the streams that would do."""
        if unit is None and isinstance(wanted.type, TypeVar):
            return ""
        ends = draft.scope.ends.items()
        steps = [(name, self.drafts.steps[end]) for name, end in ends if end in self.drafts.steps]
        known = [
            name for name, step in steps
            if step.wire and kind_of(step.wire) is not Any and not silent(step.wire)
            and step.stream != draft.stream and fits(kind_of(step.wire), wanted.type)
            and (not unit or unit_of(step.wire) == unit)
        ]  # fmt: skip
        what = unit if unit and fits(float, wanted.type) else told(wanted.type)
        return _listed(f"streams of {what} here:", tuple(known))

    def _quantities(self, draft: Draft, star: str | None) -> None:
        """Quantities of `*` must be in the unit of the wire they are compared with."""
        if draft.spec is None:
            return
        result = unit_of(draft.wire) if draft.wire else None
        flows = [item for item in draft.written.items() if self._in_any_unit(draft, item[0])]
        wanted, whence = star or (None if draft.first else result), "this wire carries"
        if wanted is None or (star is None and not isinstance(draft.settings.get("unit"), str)):
            wanted, whence = self._first_written(flows)
        for name, item in flows:
            pattern = draft.spec.settings[name].unit or ""
            for part, unit in written_units(item):
                if wanted and unit not in (put(pattern, wanted), put(pattern, result)):
                    said = f"{name}: '{part.text}' is in {unit}, but {whence} {wanted}"
                    self._fault(part.mark, "E303", draft, said)
            for part in bare_numbers(item) if wanted or not draft.first else ():
                said, cure = _without_unit(part.text, put(pattern, wanted), pattern)
                self._fault(part.mark, "E132", draft, f"{name}: {said}", cure)

    def _in_any_unit(self, draft: Draft, name: str) -> bool:
        """Tell whether a setting is in the unit of the wire, and right by itself."""
        unit = draft.spec.settings[name].unit if draft.spec else None
        return unit is not None and unit.startswith(units.ANY_UNIT) and name in draft.settings

    def _first_written(self, given: list[tuple[str, Marked]]) -> tuple[str | None, str]:
        """The unit that a step names itself, where its wire tells none: all others must agree."""
        for name, item in given:
            for _, unit in written_units(item):
                return base_of(unit), f"{name} is in"
        return None, ""

    def _output(self, draft: Draft) -> None:
        out = draft.spec.output if draft.spec else None
        unit = draft.settings.get(out.unit_from) if out and out.unit_from else None
        if out and out.unit_from and isinstance(unit, str) and base_unit(unit) is None:
            said = f"{out.unit_from}: '{unit}' is not a unit of a wire"
            cure = nearest(unit, units.SCALES) or _listed("wires carry", ("W", "Wh", "%", "s", "V"))
            if unit in units.SCALES:
                base, factor = units.SCALES[unit]
                cure = f"wires carry {base}: scale by {factor:g} and write '{base}'"
            mark = draft.places.get(out.unit_from, draft.mark)
            self._fault(mark, "E303", draft, said, cure)
        elif out and out.unit_from and unit and draft.wire and draft.wire.type in (bool, str):
            said = f"unit: {told(draft.wire.type)} has no unit"
            where = draft.places.get(out.unit_from, draft.mark)
            self._fault(where, "E303", draft, said, "leave it out")
        if out and isinstance(out.derived, FieldFrom):
            self._field(draft, out.derived.setting)

    def _said(self, draft: Draft) -> None:
        known = draft.spec.settings if draft.spec else {}
        for name, item in draft.written.items():
            setting, value = known[name], draft.settings.get(name)
            says = value is not None and draft.wire and setting.mark(Says)
            if says and draft.wire and not fits(type(value), draft.wire.type):
                kinds = f"{told(type(value))}, but this wire carries {told(draft.wire.type)}"
                self._fault(item.mark, "E302", draft, f"{name}: '{item.text}' is {kinds}")

    def _field(self, draft: Draft, setting: str) -> None:
        path, wire = draft.settings.get(setting), self.carrying.first(draft)[0]
        if not isinstance(path, str) or str in parts(wire.type):
            return
        for name in path.replace("[", ".").replace("]", "").split("."):
            inner = field_wire(wire, name)
            if inner is None:
                known = field_names(wire.type) or ()
                cure = nearest(name, known) or _listed("its fields are", known)
                said = f"{told(wire.type)} has no field '{name}'"
                self._fault(draft.places.get(setting, draft.mark), "E206", draft, said, cure)
                return
            wire = inner

    def _fault(self, mark: Mark, code: str, draft: Draft, said: str, cure: str = "") -> None:
        self.drafts.report.add(mark, code, draft.id, said, cure)


def _without_unit(number: str, unit: str | None, pattern: str) -> tuple[str, str]:
    """What to say of a bare number, and what was meant by it; an unknown unit is not guessed."""
    said = f"{number} has no unit"
    if unit:
        return said, f"did you mean '{units.example(number, unit)}'?"
    shown = [units.example(number, put(pattern, one) or one) for one in ("W", "%")]
    return said, f"write it, e.g. '{shown[0]}' or '{shown[1]}'"


def _name(tap: Tap) -> str:
    return f"{tap.step}.{tap.field}" if tap.field else tap.step


def _since(origin: Mark) -> str:
    return f" (since line {origin.line})" if origin.line else ""


def _listed(words: str, known: tuple[str, ...]) -> str:
    return f"{words} {', '.join(known[:12])}" if known else ""
