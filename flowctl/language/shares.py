"""Each battery of a plan gets its own share, and nobody that of another."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from flowctl.language.drafts import Draft, Drafts
from flowctl.language.rosters import Place, Rosters
from flowctl.language.routes import Places, Read, Routes, everything, pipe


def shares(drafts: Drafts, rosters: Rosters) -> None:
    """Report shares that go to the wrong battery, to a second one, or to none.

    A plan knows a device by the way that its records take there (`batteries: {left: left_calm}`).
    What is told from elsewhere, or steered elsewhere, is nobody's fault.
    """
    routes = Routes(drafts, rosters)
    rule = _Rule(drafts, routes.names())
    reached = Places()
    for device in (step for step in drafts.steps.values() if step.device):
        got = _joined(routes.behind(device, everything, whole=True))
        reached |= got & rule.names.get(device.id, Places())
        for read in routes.behind(device, pipe, whole=False):
            rule.judge(device, got, read)
    if not drafts.report.faulty:  # a reader may be among what is faulty
        steps = drafts.steps.values()
        rule.lost([read for step in steps for read in routes.reads(step, everything)], reached)


@dataclass(frozen=True, slots=True)
class _Rule:
    drafts: Drafts
    names: Mapping[str, Places]
    """What plans call each device."""

    def judge(self, device: Draft, got: Places, read: Read) -> None:
        """Hold a share in the pipe of a device against the name that its plan has for it."""
        own = self.names.get(device.id, Places())
        for plan in sorted({place.step for place in read.places}):
            meant = {place for place in own if place.step == plan}
            if meant and not meant & got:
                self._wrong(device, min(meant), read)
            elif not meant and read.tap.field:
                self._doubled(device, plan, read)

    def lost(self, reads: list[Read], reached: Places) -> None:
        """Tell of batteries whose share nobody reads, though the shares of others are read."""
        single = {place: read for read in reads if read.tap.field for place in read.places}
        whole = _joined(read for read in reads if not read.tap.field)
        by_plan = {(place.step, place.input): read for place, read in single.items()}
        for (plan, name), read in by_plan.items():
            for battery in self.drafts.steps[plan].by_name(name):
                place = Place(plan, name, battery)
                devices = [device for device, places in self.names.items() if place in places]
                if place not in single and place not in (reached if devices else whole):
                    self._lost(place, devices, read)

    def _wrong(self, device: Draft, meant: Place, read: Read) -> None:
        line = self.drafts.steps[meant.step].mark.line
        said = f"gets the share of '{read.tap.field}', but {meant.step} (line {line})"
        said += f" knows it as '{meant.name}'"
        cure = f"write 'from: {read.reference(meant.name)}'"
        self.drafts.report.add(read.mark, "E313", device.id, said, cure)

    def _doubled(self, device: Draft, plan: str, read: Read) -> None:
        others = [name for name, places in self.names.items() if places & read.places]
        if others:
            said = f"gets the share of '{read.tap.field}' as {others[0]} does, unknown to {plan}"
            cure = f"name it among the batteries of {plan}, and give it its own share"
            self.drafts.report.add(read.mark, "W404", device.id, said, cure)

    def _lost(self, place: Place, devices: list[str], read: Read) -> None:
        plan = self.drafts.steps[place.step]
        step = self.drafts.steps[devices[0]] if devices else plan
        mark = step.mark if devices else plan.places.get(place.input, plan.mark)
        said = f"the share of '{place.name}' in the plan of {plan.id} goes nowhere"
        cure = f"give it to its battery: '- from: {read.reference(place.name)}'"
        self.drafts.report.add(mark, "W405", step.id, said, cure)


def _joined(reads: Iterable[Read]) -> Places:
    return Places().union(*(read.places for read in reads))
