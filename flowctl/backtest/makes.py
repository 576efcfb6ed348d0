"""What the devices of a flow are in a plant: the twin of each node is asked.

A twin is a function of the entry-point group `flowctl.twins` by the name of a node, with the
signature of that node. It is called with the settings of a step, and returns settings of a plant
file: what they mean the plant knows.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from flowctl.faults import Fault, FlowError
from flowctl.language.graph import Graph, Step
from flowctl.language.wires import silent
from flowctl.signature.node import NodeKind
from flowctl.terms import Terms

GROUP = "flowctl.twins"
METER = "meter"
SUN = "pv"  # a source of this name is the roof's own meter
NEWEST = 1.0  # s between two readings of a meter, if nobody says another time
TOLD = {"ha_state"}  # sources that hear a change at once: what they say of `every` is no poll
Words = Mapping[str, Any]
Makes = Mapping[str, Words | None]
"""What twins say, by stream; `None`: nobody is there."""


@dataclass(frozen=True)
class Made:
    """The meter and the batteries of a flow, as their twins have them."""

    flow: Path
    words: Makes
    """The meter first, where there is no plant file."""
    strange: Mapping[str, str] = field(default_factory=dict)
    """Streams whose nodes have no twin."""


def made(graph: Graph, flow: Path) -> Made:
    """Ask the twins of a flow's meter and batteries: they are all that there is.

    Raises:
        FlowError: which source is the meter is not clear, there is no battery, or a twin fails.
    """
    meter, known = _meter(graph, flow), _twins()
    edges = [meter, *_devices(graph)]
    words = _asked(edges, known)
    if not any(words[edge.stream] is not None for edge in edges[1:]):
        cure = "give its devices a host, or name a plant: --plant FILE"
        raise FlowError(f"{flow}: it has no battery with an address; {cure}")
    return Made(flow, words, {edge.stream: edge.node for edge in edges if edge.node not in known})


def asks(graph: Graph) -> Makes:
    """Ask the twins of a flow's devices, and of what may be its meter.

    Raises:
        FlowError: a twin fails.
    """
    meters = [step for step in graph.steps.values() if _may_be_meter(step)]
    return _asked([*_devices(graph), *meters], _twins())


def _devices(graph: Graph) -> list[Step]:
    return [step for step in graph.steps.values() if step.kind is NodeKind.DEVICE]


def _meter(graph: Graph, flow: Path) -> Step:
    """The source that is called so, or the only one that says watts."""
    sources = {step.stream: step for step in graph.steps.values() if _may_be_meter(step)}
    if METER in sources:
        return sources[METER]
    found = [step for step in sources.values() if step.wire and step.wire.unit == "W"]
    if len(found) == 1:
        return found[0]
    names = ", ".join(step.stream for step in found)
    said = f"which of {names} is its meter is not clear" if found else "it has no meter"
    if METER in graph.streams and not found:
        cure = "begin it with the step of your meter, e.g. homewizard_p1"
        raise FlowError(f"{flow}: '{METER}' is no source of its own; {cure}")
    cure = f"call the stream of its meter '{METER}', or name a plant: --plant FILE"
    raise FlowError(f"{flow}: {said}; {cure}")


def _may_be_meter(step: Step) -> bool:
    return step.kind is NodeKind.SOURCE and not silent(step.wire) and step.stream != SUN


def _asked(steps: Iterable[Step], known: Mapping[str, EntryPoint]) -> dict[str, Words | None]:
    """What the twin of each step says; without a twin how a source reads, nothing of a device."""
    return {
        step.stream: _said(step, known[step.node]) if step.node in known else _read(step)
        for step in steps
    }


def _said(step: Step, entry: EntryPoint) -> Words | None:
    try:
        words = entry.load()(**_given(step))
    except Exception as error:  # whoever wrote the twin, it is told with its place
        raise _failed(step, entry, str(error) or type(error).__name__) from error
    if words is not None and not isinstance(words, Mapping):
        raise _failed(step, entry, f"it says {words!r}; a twin returns settings of a plant file")
    return words


def _given(step: Step) -> dict[str, Any]:
    """The settings of a step, as its node gets them; what runs is kept back."""
    assert step.spec
    terms = Terms.names() if step.kind is NodeKind.DEVICE else frozenset()
    given = {name: step.settings[name] for name in step.spec.settings if name not in terms}
    handed = (name for name, what in step.spec.handed.items() if what == "terms")
    return given | {name: Terms.of(step.settings) for name in handed}


def _failed(step: Step, entry: EntryPoint, error: str) -> FlowError:
    said, _, cure = error.partition("; ")
    message = f"its twin {entry.value} fails: {said}"
    return FlowError([Fault(step.mark, "E608", step.id, message, cure, step.line)])


def _read(step: Step) -> Words:
    """A meter of no make is asked as often as its step says."""
    every = step.settings.get("every")
    if step.kind is not NodeKind.SOURCE or not isinstance(every, float):
        return {}
    return {"every": every} if step.node in TOLD else {"every": min(every, NEWEST), "polled": every}


def _twins() -> Mapping[str, EntryPoint]:
    """All twins there are, by node.

    Raises:
        FlowError: two packages bring one for the same node.
    """
    found: dict[str, EntryPoint] = {}
    for entry in entry_points(group=GROUP):
        other = found.setdefault(entry.name, entry).value
        if other != entry.value:
            cure = "uninstall one of their packages"
            raise FlowError(f"'{entry.name}' has two twins, {other} and {entry.value}; {cure}")
    return found
