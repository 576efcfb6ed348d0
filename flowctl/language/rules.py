"""What must hold for a flow as a whole: no circles, one producer per device, one way to each."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, TypeVar

from flowctl.faults import Mark
from flowctl.language.addresses import address, host
from flowctl.language.drafts import Draft, Drafts
from flowctl.language.flow import FROM
from flowctl.language.graph import taps
from flowctl.language.order import sort
from flowctl.language.wires import silent
from flowctl.signature.node import NodeKind, NodeSpec, Shape

ONE_NUMBER = "register"  # a setting that says where one number lies


def circles(drafts: Drafts) -> list[str]:
    """Return the order of building; report streams that feed themselves."""
    needs = {
        name: [
            tap.step
            for source in draft.inputs.values()
            for tap in taps(source)
            if tap.step in drafts.steps and not drafts.steps[tap.step].device
        ]
        for name, draft in drafts.steps.items()
    }
    order, found = sort(needs)
    for chain in found:
        where, mark = _closing(chain, drafts)
        begin = chain.index(where)
        turned = [*chain[begin:-1], *chain[:begin], where]
        said = f"streams feed themselves: {' -> '.join(_short(turned, drafts))}"
        cure = "read an earlier step, or let it pass through a device"
        drafts.report.add(mark, "E310", where, said, cure)
    return order


def producers(drafts: Drafts) -> None:
    """A device gets its setpoints from one place."""
    known: dict[Any, Draft] = {}
    for draft in drafts.steps.values():
        if not draft.device:
            continue
        merge = next(filter(None, map(_merges, _upstream(draft, drafts))), None)
        if merge:
            said = f"{draft.node} would get setpoints from several streams at once"
            cure = "let one step make them of all (sum, switch)"
            drafts.report.add(merge, "E311", draft.id, said, cure)
        device = address(draft)
        if device in known:
            said = f"is the same device as {known[device].id} (line {known[device].mark.line})"
            drafts.report.add(draft.mark, "E311", draft.id, said, "steer it from one stream")
        elif device:
            known[device] = draft


def twice(drafts: Drafts) -> None:
    """Warn of two ways to one battery: each would write over the other."""
    known: dict[str, tuple[Draft, bool]] = {}
    for draft in drafts.steps.values():
        name, has_port = host(draft) if draft.device else ("", False)
        other, had_port = known.setdefault(name, (draft, has_port))
        on_a_bus = "device" in draft.settings and "device" in other.settings
        apart = on_a_bus or (has_port and had_port) or other.node == draft.node
        if name and not apart:
            said = f"is at the same address as {other.id} (line {other.mark.line})"
            cure = "steer a battery by one of the two"
            drafts.report.add(draft.mark, "W406", draft.id, said, cure)


def topics(drafts: Drafts) -> None:
    """Two sinks that write to one place overwrite each other."""
    known: dict[Any, Draft] = {}
    for draft in drafts.steps.values():
        if draft.spec is None or draft.spec.kind is not NodeKind.SINK:
            continue
        place = address(draft)
        if place in known:
            other = known[place]
            said = f"writes to the same place as {other.id} (line {other.mark.line})"
            if ONE_NUMBER in draft.settings:
                cure = "let one step make the number of both (sum, switch)"
                drafts.report.add(draft.mark, "E314", draft.id, said, cure)
            else:
                drafts.report.add(draft.mark, "W403", draft.id, said)
        elif place:
            known[place] = draft


def unread(drafts: Drafts) -> None:
    """Warn of streams that end in nothing."""
    if drafts.report.faulty:
        return  # a reader may be among what is faulty
    idle = set(silent_ends(drafts))
    acting = {draft.stream for draft in drafts.steps.values() if _acts(draft)}
    for draft in drafts.steps.values():
        if draft.id in idle and not draft.scope.stream and draft.stream not in acting:
            said = f"nobody reads the stream '{draft.stream}'"
            cure = "end it in a sink or a device, or remove it"
            drafts.report.add(draft.mark, "W401", draft.stream, said, cure)


def silent_ends(drafts: Drafts) -> tuple[str, ...]:
    """Return the steps that nobody listens to, sinks, devices and mute sources aside."""
    heard = {
        tap.step
        for draft in drafts.steps.values()
        for source in draft.inputs.values()
        for tap in taps(source)
    }
    loud = (step for step in drafts.steps.values() if not _acts(step) and not silent(step.wire))
    return tuple(step.id for step in loud if step.id not in heard)


def _acts(draft: Draft) -> bool:
    spec = draft.spec
    return spec is not None and (spec.kind in (NodeKind.SINK, NodeKind.DEVICE) or _writes(spec))


def _writes(spec: NodeSpec) -> bool:
    """Tell whether a step hands on what comes in and is given a log: it is there to write it."""
    return hands_on(spec) and "log" in spec.handed.values()


def hands_on(spec: NodeSpec) -> bool:
    """Tell whether what comes in goes out as it is."""
    if not spec.inputs or not spec.output:
        return False
    passed = spec.inputs[0].wire.type
    return isinstance(passed, TypeVar) and spec.output.type is passed


def _merges(draft: Draft) -> Mark | None:
    """Tell where a step lets several streams speak as one."""
    if draft.spec is None:
        several = len(taps(draft.inputs.get(FROM, ()))) > 1
        return draft.places.get(FROM, draft.mark) if several else None
    out = draft.spec.output
    joined = [
        item.name
        for item in draft.further
        if item.shape is Shape.LIST and item.triggers and item.name in draft.inputs
        and isinstance(item.wire.type, TypeVar) and out and out.type is item.wire.type
    ]  # fmt: skip
    return draft.places[joined[0]] if joined else None


def trigger(draft: Draft) -> list[str]:
    """Name the steps whose values make a step speak."""
    name = draft.first.name if draft.first else FROM
    return [tap.step for tap in taps(draft.inputs.get(name, ()))]


def _upstream(draft: Draft, drafts: Drafts) -> Iterator[Draft]:
    """The steps above a device: its own pipe, and streams before it that only merge."""
    seen = {draft.id}
    names = trigger(draft)
    while len(names) == 1 and names[0] in drafts.steps and names[0] not in seen:
        step = drafts.steps[names[0]]
        if step.device or (step.stream != draft.stream and step.spec and not _merges(step)):
            return
        yield step
        seen.add(step.id)
        names = trigger(step)


def _closing(chain: list[str], drafts: Drafts) -> tuple[str, Mark]:
    """The wire that closes a circle: one given by name rather than by `from`, else the first."""
    found = [
        (name == FROM, draft.places[name].line, draft.id, draft.places[name])
        for before, draft in ((one, drafts.steps[other]) for one, other in pairwise(chain))
        for name, source in draft.inputs.items()
        if name in draft.places and any(tap.step == before for tap in taps(source))
    ]
    _, _, step, mark = min(found, default=(True, 0, chain[0], drafts.steps[chain[0]].mark))
    return step, mark


def _short(chain: list[str], drafts: Drafts) -> list[str]:
    """Name the streams of a circle; where it is inside one stream, the steps."""
    streams = [drafts.steps[name].stream for name in chain]
    if len(set(streams)) == 1:
        return chain
    made = [name for n, name in enumerate(streams) if n == 0 or name != streams[n - 1]]
    return made if made[0] == made[-1] else [*made, made[0]]
