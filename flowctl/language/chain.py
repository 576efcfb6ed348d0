"""Which steps a device's setpoint follows from: up its pipe, and what they looked at beside it."""

from collections.abc import Mapping
from typing import Any

from flowctl.faults import FlowError, nearest
from flowctl.language.graph import Graph, Step, Tap, taps
from flowctl.signature.node import NodeKind

Heard = tuple[float, Any]
"""When something was said, in seconds of the run, and what."""
NEVER: Heard = (-1.0, None)


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
    return max(first, key=lambda tap: last.get(tap.step, NEVER)[0], default=None)


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


def pipe(graph: Graph, device: str, last: Mapping[str, Heard]) -> list[str]:
    """Name the steps from the sample down to the one that the device listens to."""
    found: list[str] = []
    tap: Tap | None = wire_into(graph, device)
    while tap is not None and tap.step in graph.steps:
        step = graph.steps[tap.step]
        if step.spec is not None and step.id in last:
            found.append(step.id)
        tap = None if step.kind is NodeKind.DEVICE else trigger(step, last)
    return found[::-1]


def aside(graph: Graph, main: list[str], last: Mapping[str, Heard]) -> list[str]:
    """Name the steps of other streams that a pipe looked at, devices and sources left out."""
    found: set[str] = set()
    todo = [tap.step for name in main for tap in all_taps(graph.steps[name])]
    while todo:
        step = graph.steps.get(todo.pop())
        if step is None or step.id in found or step.kind in (NodeKind.DEVICE, NodeKind.SOURCE):
            continue
        found.add(step.id)
        todo += [tap.step for tap in all_taps(step)]
    seen = found - set(main)
    return [name for name, step in graph.steps.items() if name in seen & last.keys() and step.spec]


def all_taps(step: Step) -> list[Tap]:
    """Return every wire that a step listens to."""
    return [tap for source in step.inputs.values() for tap in taps(source)]
