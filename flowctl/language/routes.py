"""Which shares of plans reach a device, and what the plans call it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from flowctl.faults import Mark
from flowctl.language.drafts import Draft, Drafts
from flowctl.language.flow import FROM
from flowctl.language.graph import Tap, taps
from flowctl.language.rosters import Place, Roster, Rosters
from flowctl.marks import FieldFrom
from flowctl.values import Battery, Plan

Places = frozenset[Place]
Inputs = Callable[[Draft], Iterable[str]]


class Read(NamedTuple):
    """A share, or a whole plan, that a step listens to."""

    tap: Tap
    places: Places
    mark: Mark
    step: Draft

    def reference(self, name: str) -> str:
        """Write what a flow has to read for the share of another battery."""
        ends = self.step.scope.ends.items()
        stream = next((stream for stream, end in ends if end == self.tap.step), self.tap.step)
        return f"{stream}.{name}"


@dataclass(frozen=True, slots=True)
class Routes:
    """Follows the wires of a flow, as far as they carry shares and what batteries tell."""

    drafts: Drafts
    rosters: Rosters

    def reads(self, step: Draft, inputs: Inputs) -> Iterator[Read]:
        """Yield what one step has of plans. What makes a plan of a plan has none of it yet."""
        for name in inputs(step):
            keys, source = step.keys.get(name, {}), step.inputs.get(name, ())
            named = {tap: key for key, tap in source.items()} if isinstance(source, Mapping) else {}
            for tap in taps(source):
                if not self.rosters.carries(Tap(tap.step), Plan):
                    continue
                roster = self.rosters.of(tap.step)
                field = tap.field or _picked(step, roster)
                known = roster.values() if field is None else [roster.get(field, Places())]
                places = Places().union(*known)
                if places and not (field is None and self._plans(step)):
                    mark = keys.get(named.get(tap, ""), step.places.get(name, step.mark))
                    yield Read(Tap(self._origin(tap.step), field), places, mark, step)

    def behind(self, device: Draft, inputs: Inputs, *, whole: bool) -> Iterator[Read]:
        """Yield what reaches a device: through its first shares only, or the `whole` way up."""
        steps, seen = [device], {device.id}
        while steps:
            step = steps.pop()
            found = list(self.reads(step, inputs))
            yield from found
            if found and not whole:
                continue
            heard = {tap.step for name in inputs(step) for tap in taps(step.inputs.get(name, ()))}
            above = [self.drafts.steps[name] for name in heard - seen if name in self.drafts.steps]
            seen |= heard
            steps += [step for step in above if not step.device]

    def names(self) -> dict[str, Places]:
        """Return what plans call each device, by the way that its own records take to them."""
        plans = (step for step in self.drafts.steps.values() if self._plans(step))
        known = Places().union(*(p for step in plans for p in self.rosters.of(step.id).values()))
        made: dict[str, Places] = {}
        for place in known:
            for device in self._tellers(place):
                made[device] = made.get(device, Places()) | {place}
        return made

    def _tellers(self, place: Place) -> Iterator[str]:
        """Yield the devices whose records a name stands for: one, or several as one."""
        source = self.drafts.steps[place.step].by_name(place.input)
        names, seen = [source[place.name].step], set[str]()
        while names:
            step = self.drafts.steps[names.pop()]
            if step.device:
                yield step.id
            elif step.id not in seen:
                seen.add(step.id)
                heard = (tap for item in step.inputs.values() for tap in taps(item))
                names += [tap.step for tap in heard if self.rosters.carries(tap, Battery)]

    def _origin(self, name: str) -> str:
        """Go up through steps that only hand on, to one that a flow would name."""
        while (step := self.drafts.steps[name]).spec is None:
            heard = taps(step.inputs.get(FROM, ()))
            if len(heard) != 1 or heard[0].field or heard[0].step not in self.drafts.steps:
                break
            name = heard[0].step
        return name

    def _plans(self, step: Draft) -> bool:
        return step.wire is not None and step.wire.type is Plan


def _picked(step: Draft, roster: Roster) -> str | None:
    """Name the battery whose share a step takes out of a whole plan."""
    out = step.spec.output if step.spec else None
    if out is None or not isinstance(out.derived, FieldFrom):
        return None
    name = step.settings.get(out.derived.setting)
    return name if isinstance(name, str) and name in roster else None


def everything(step: Draft) -> Iterable[str]:
    """Name all inputs of a step."""
    return step.inputs


def pipe(step: Draft) -> Iterator[str]:
    """Name the inputs whose values a step hands on: the pipe, and those it chooses from."""
    yield step.first.name if step.first else FROM
    out = step.spec.output if step.spec else None
    for item in step.further:
        if out and isinstance(out.type, TypeVar) and item.wire.type is out.type:
            yield item.name
