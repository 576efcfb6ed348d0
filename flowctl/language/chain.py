"""Which steps a device's setpoint follows from: up its pipe, and what they looked at beside it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from flowctl.faults import FlowError, nearest
from flowctl.language.graph import Graph, Step, Tap, taps
from flowctl.signature.node import NodeKind


class Heard(NamedTuple):
    """What a step said."""

    at: float
    """Second of the run."""
    value: Any
    inputs: Mapping[str, "Heard"] = MappingProxyType({})
    """What those it listens to had said by then; nothing of a device, whose wire is the world."""


NEVER = Heard(-1.0, None)


def devices(graph: Graph) -> list[str]:
    """Name the streams that end in a device."""
    return [step.stream for step in graph.steps.values() if step.kind is NodeKind.DEVICE]


def device_step(graph: Graph, device: str) -> Step:
    """Return the device step of a stream.

    Raises:
        FlowError: the stream ends in no device.
    """
    for step in graph.steps.values():
        if step.stream == device and step.kind is NodeKind.DEVICE:
            return step
    known = devices(graph)
    hint = nearest(device, known) or f"devices are {', '.join(known) or 'none'}"
    raise FlowError(f"'{device}' ends in no device; {hint}")


def trigger(step: Step, last: Mapping[str, Heard]) -> Tap | None:
    """Return the wire that makes a step speak; of several, the one that spoke last."""
    first = next((taps(source) for source in step.inputs.values()), ())
    return max(first, key=lambda tap: last.get(tap.step, NEVER).at, default=None)


def wire_into(graph: Graph, device: str) -> Tap:
    """Return the wire on which a device is decided: past `from` steps that only name it."""
    tap = trigger(device_step(graph, device), {})
    while tap and tap.field is None and graph.steps[tap.step].spec is None:
        above = trigger(graph.steps[tap.step], {})
        if above is None:
            break
        tap = above
    if tap is None:
        raise FlowError(f"nothing is wired to '{device}'")
    return tap


def pipe(graph: Graph, device: str, decided: Heard) -> dict[str, Heard]:
    """Return what was said from the sample down to the step that the device listens to.

    Each step is told as the one below it had heard it: a sample that was held is the held one.
    """
    found: dict[str, Heard] = {}
    tap: Tap | None = wire_into(graph, device)
    heard: Heard | None = decided
    while tap is not None and heard is not None and tap.step in graph.steps:
        step = graph.steps[tap.step]
        if step.spec is not None:
            found[step.id] = heard
        tap = None if step.kind is NodeKind.DEVICE else trigger(step, heard.inputs)
        heard = heard.inputs.get(tap.step) if tap else None
    return dict(reversed(found.items()))


def aside(graph: Graph, main: Mapping[str, Heard]) -> dict[str, Heard]:
    """Return what steps of other streams said that a pipe looked at, devices and sources not."""
    found: dict[str, Heard] = {}
    todo = [said for heard in main.values() for said in heard.inputs.items()]
    while todo:
        name, heard = todo.pop()
        step = graph.steps.get(name)
        if step is None or name in found or step.kind in (NodeKind.DEVICE, NodeKind.SOURCE):
            continue
        found[name] = heard
        todo += heard.inputs.items()
    return {
        name: found[name]
        for name, step in graph.steps.items()
        if name in found and name not in main and step.spec
    }


def all_taps(step: Step) -> list[Tap]:
    """Return every wire that a step listens to."""
    return [tap for source in step.inputs.values() for tap in taps(source)]
