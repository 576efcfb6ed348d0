"""What every wire of a flow carries, worked out from the sources down."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from flowctl.expression import VALUE, Expression
from flowctl.faults import Mark
from flowctl.language.drafts import Draft, Drafts
from flowctl.language.flow import FROM, OWN
from flowctl.language.graph import Tap, taps
from flowctl.language.kinds import Kinding, joined, plain
from flowctl.language.measures import Measuring, of_var, unit_or_none
from flowctl.language.own import CARRIED
from flowctl.language.settings import written_units
from flowctl.language.wires import (
    ANYTHING,
    base_of,
    base_unit,
    field_wire,
    parts,
    put,
    silent,
    unit_of,
)
from flowctl.marks import FieldFrom, UnitFrom
from flowctl.signature.node import Input, Shape, Wire

Carried = tuple[Wire, Mark]
"""A wire, and where its unit comes from."""


@dataclass(frozen=True, slots=True)
class Carrying:
    """Knows what each tap of a flow carries."""

    drafts: Drafts

    def infer(self, order: list[str]) -> None:
        """Give each step its output wire; steps on a circle carry anything."""
        for draft in self.drafts.steps.values():
            draft.origin = draft.mark
            draft.wire = _declared(draft) if draft.device else ANYTHING
        for name in order:
            draft = self.drafts.steps[name]
            if not draft.device and not draft.unknown:
                draft.wire, draft.origin = self._output(draft)

    def tap(self, tap: Tap) -> Carried:
        """Return what comes through one tap; a field that is not there carries anything."""
        if tap.step in CARRIED:
            wire = CARRIED[tap.step]
            return (field_wire(wire, tap.field) or ANYTHING if tap.field else wire), Mark()
        draft = self.drafts.steps[tap.step]
        if draft.wire is None or self.mute(tap):
            return ANYTHING, draft.mark
        if tap.field is None:
            return draft.wire, draft.origin
        return field_wire(draft.wire, tap.field) or ANYTHING, draft.mark

    def input(self, draft: Draft, item: Input) -> Carried:
        """Return what one input of a step receives; of many streams, the first that is known."""
        found = [self.tap(tap) for tap in taps(draft.inputs.get(item.name, ()))]
        return next((one for one in found if one[0].type is not Any), (ANYTHING, draft.mark))

    def star(self, draft: Draft) -> str | None:
        """Return the unit that `*` stands for at a step: that of what triggers it."""
        if draft.first is None:
            return None
        unit = unit_of(self.first(draft)[0])
        rate = draft.first.wire.unit is not None and draft.first.wire.unit.startswith("*/")
        return base_of(unit) if unit and rate else unit

    def variable(self, draft: Draft, variable: TypeVar) -> Carried:
        """Return what a TypeVar of a step stands for: the first input of that type."""
        first = draft.first
        found = [self.first(draft)] if first and first.wire.type is variable else []
        found += [self.input(draft, n) for n in draft.further if n.wire.type is variable]
        return next((one for one in found if one[0] != ANYTHING), (ANYTHING, draft.mark))

    def first(self, draft: Draft) -> Carried:
        """Return what triggers a step."""
        heard = taps(draft.inputs.get(draft.first.name, ())) if draft.first else ()
        return self.tap(heard[0]) if heard else (ANYTHING, draft.mark)

    def _output(self, draft: Draft) -> tuple[Wire | None, Mark]:
        if draft.spec is None:
            return self._merged(draft)
        out = draft.spec.output
        if out is None:
            return None, draft.mark
        if isinstance(out.type, TypeVar):
            return self.variable(draft, out.type)
        wire, origin = Wire(out.type, put(out.unit, self.star(draft))), draft.mark
        if isinstance(out.derived, FieldFrom):
            wire = self.field(draft, draft.settings.get(out.derived.setting))
        elif out.unit and out.unit.startswith("*") and draft.first:
            origin = self.first(draft)[1]
        if isinstance(out.derived, UnitFrom) and out.derived.otherwise:
            wire = self._told(draft, out.derived.otherwise, wire)
        text = draft.settings.get(out.unit_from) if out.unit_from else None
        if isinstance(text, str) and (wire.unit is None or isinstance(out.derived, UnitFrom)):
            wire, origin = Wire(wire.type, base_unit(text)), draft.mark
        return wire, origin

    def _told(self, draft: Draft, settings: tuple[str, ...], wire: Wire) -> Wire:
        """The wire of a step whose type and unit are told by what is given."""
        found = (self._unit_of_setting(draft, name) for name in settings)
        unit = wire.unit or next(filter(None, found), None)
        kind = joined(self._kind_of_setting(draft, name) for name in settings)
        return Wire(kind if wire.type is Any else wire.type, unit)

    def _kind_of_setting(self, draft: Draft, name: str) -> Any:
        given = draft.settings.get(name)
        if isinstance(given, Expression):
            return Kinding(self.looking(draft)).kind(given)
        return plain(type(given))

    def _unit_of_setting(self, draft: Draft, name: str) -> str | None:
        given = draft.settings.get(name)
        if isinstance(given, Expression):
            return unit_or_none(Measuring(self.looking(draft)).measure(given))
        item = draft.written.get(name)
        found = (unit for _, unit in written_units(item)) if item else iter(())
        return next(found, None)

    def looking(self, draft: Draft) -> Callable[[str], Wire | None]:
        """Return what tells what a name in an expression of a step carries."""
        inputs = self._named(draft)
        values = draft.scope.variables.values()
        first = self.first(draft)[0]

        def look(name: str) -> Wire | None:
            if name == VALUE:
                return first
            if name in inputs:
                return self.tap(inputs[name])[0]
            inner = field_wire(first, name)
            if inner is None or (inner == ANYTHING and name in values):
                return of_var(values[name]) if name in values else None
            return inner

        return look

    def _named(self, draft: Draft) -> dict[str, Tap]:
        """The further inputs that expressions see, by name."""
        made: dict[str, Tap] = {}
        for item in draft.further:
            source = draft.inputs.get(item.name)
            if item.shape is Shape.MAPPING and isinstance(source, Mapping):
                made |= source
            elif isinstance(source, Tap):
                made[item.name] = source
        return made

    def _merged(self, draft: Draft) -> tuple[Wire | None, Mark]:
        heard = taps(draft.inputs.get(FROM, ()))
        if heard and draft.given is None and all(map(self.mute, heard)):
            return None, draft.mark
        found = [self.tap(tap) for tap in heard] or [(ANYTHING, draft.mark)]
        wire, origin = next((one for one in found if one[0].type is not Any), found[0])
        if draft.wants is None:
            return wire, origin
        declared = draft.wants.wire
        kind = declared.type if wire.type is Any else wire.type
        return Wire(kind, wire.unit or put(declared.unit, None)), origin

    def mute(self, tap: Tap) -> bool:
        """Tell whether a tap is on a step out of which nothing ever comes."""
        return tap.step not in OWN and silent(self.drafts.steps[tap.step].wire)

    def field(self, draft: Draft, path: Any) -> Wire:
        """Return what a path into the first input carries; a text may be JSON, of any fields."""
        wire, _ = self.first(draft)
        if not isinstance(path, str) or str in parts(wire.type):
            return ANYTHING
        for part in path.replace("[", ".").replace("]", "").split("."):
            wire = field_wire(wire, part) or ANYTHING
        return wire


def _declared(draft: Draft) -> Wire | None:
    out = draft.spec.output if draft.spec else None
    if out is None or isinstance(out.type, TypeVar):
        return out and ANYTHING
    return Wire(out.type, put(out.unit, None))
