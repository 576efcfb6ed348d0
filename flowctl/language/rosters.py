"""Which batteries a plan or an outlook names, and whether settings that name some are right."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from flowctl.faults import Mark, nearest
from flowctl.language.drafts import Draft, Drafts
from flowctl.language.graph import Tap, taps
from flowctl.language.infer import Carrying
from flowctl.language.marked import Marked
from flowctl.language.settings import read
from flowctl.marks import NamesBatteries
from flowctl.values import Battery, Outlook, Plan


class Place(NamedTuple):
    """Where a flow says what a battery tells: `batteries: {left: left_calm}`."""

    step: str
    input: str
    name: str


Roster = Mapping[str, frozenset[Place]]
"""Batteries by name, each with where it got that name; empty where they are not known."""


@dataclass(frozen=True, slots=True)
class Rosters:
    """Knows the batteries that each step has to do with."""

    drafts: Drafts
    carrying: Carrying
    _of: dict[str, Roster] = field(default_factory=dict)

    def work_out(self, order: list[str]) -> None:
        """Go through all steps, each after those it listens to."""
        for name in order:
            self._of[name] = self._roster(self.drafts.steps[name])

    def of(self, step: str) -> Roster:
        """Return the batteries that a step names."""
        return self._of.get(step, {})

    def spread(self, draft: Draft) -> None:
        """Let what was one value for all go on for the batteries that are not given another."""
        for setting in draft.spec.settings.values() if draft.spec else ():
            item = draft.written.get(setting.name)
            rest = item.rest if item else None
            if item is None or rest is None or rest.value is None:
                continue
            if setting.name not in draft.settings:  # it is faulty, and told so
                continue
            known = self.of(draft.id) if setting.mark(NamesBatteries) else {}
            if known:
                item = draft.written[setting.name] = _spread(item, rest, known)
                made = read(setting, item, draft.id, self.drafts.report)
                draft.settings[setting.name] = made
            else:
                said = f"{setting.name}: is {rest.text} for all, whose names nobody tells"
                parts = ", ".join(f"{key}: {part.text}" for key, part in item.value.items())
                cure = f"give it whole: '{setting.name}={{{parts}, ...}}'"
                self.drafts.report.add(item.mark, "E125", draft.id, said, cure)

    def check(self, draft: Draft) -> None:
        """Report names of batteries that the step does not know."""
        known = self.of(draft.id)
        for name, where, battery in _named(draft) if known else ():
            if battery not in known:
                cure = nearest(battery, known) or f"it knows {', '.join(known)}"
                said = f"{name}: no battery is called '{battery}'"
                self.drafts.report.add(where, "E206", draft.id, said, cure)

    def _roster(self, draft: Draft) -> Roster:
        """A plan names those of the plans it is made of, or else of the outlook, or its own."""
        heard = [tap for source in draft.inputs.values() for tap in taps(source)]
        for record in (Plan, Outlook):
            found = [self.of(tap.step) for tap in heard if self.carries(tap, record)]
            if found:
                return _together(found) if all(found) else {}
        return next(self._own(draft), {})

    def _own(self, draft: Draft) -> Iterator[Roster]:
        for name, source in draft.inputs.items():
            if isinstance(source, Mapping) and all(
                self.carries(tap, Battery) for tap in source.values()
            ):
                yield {key: frozenset([Place(draft.id, name, key)]) for key in source}

    def carries(self, tap: Tap, record: type) -> bool:
        """Tell whether whole records of a kind come through a tap."""
        return self.carrying.tap(tap)[0].type is record


def _spread(item: Marked, rest: Marked, names: Iterable[str]) -> Marked:
    others = [name for name in names if name not in item.value]
    value = {**item.value, **dict.fromkeys(others, rest)}
    return replace(item, value=value, keys={**item.keys, **dict.fromkeys(others, rest.mark)})


def _together(found: list[Roster]) -> Roster:
    made: dict[str, frozenset[Place]] = {}
    for roster in found:
        for name, places in roster.items():
            made[name] = made.get(name, frozenset()) | places
    return made


def _named(draft: Draft) -> Iterator[tuple[str, Mark, str]]:
    """Yield what names batteries, where, and the name."""
    for setting in draft.spec.settings.values() if draft.spec else ():
        item, names = draft.written.get(setting.name), setting.mark(NamesBatteries)
        if names and item is not None and setting.name in draft.settings:
            for where, battery in _names(item):
                yield setting.name, where, battery
    for given in draft.further:
        source = draft.inputs.get(given.name)
        if NamesBatteries() in given.marks and isinstance(source, Mapping):
            keys = draft.keys[given.name]
            for battery in source:
                yield given.name, keys.get(battery, draft.places[given.name]), battery


def _names(item: Marked) -> Iterator[tuple[Mark, str]]:
    if isinstance(item.value, dict):
        yield from ((item.keys[name], name) for name in item.value)
    elif isinstance(item.value, list):
        yield from ((part.mark, part.text) for part in item.value)
