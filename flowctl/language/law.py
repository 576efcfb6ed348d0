"""Whether two flows decide alike: what of a flow has a say in setpoints, as one short text."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from flowctl.expression import Expression
from flowctl.language.chain import all_taps
from flowctl.language.graph import Graph, Source, Step, taps
from flowctl.recordings.plain import plain
from flowctl.signature.node import NodeKind
from flowctl.terms import Terms

DIGITS = 16  # of the text
EDGES = (NodeKind.SOURCE, NodeKind.DEVICE)


def law(graph: Graph) -> str:
    """Return the same text for flows that decide alike: wherever their devices and meters are.

    Only steps count that a device listens to, by whatever way. What sources are told is left out,
    and of devices all but their terms: a recording speaks for them, and addresses and secrets stay
    with them.
    """
    steps = {_name(step.id, graph): _step(step, graph) for step in _heard(graph)}
    told = json.dumps(steps, sort_keys=True, default=str)
    return hashlib.sha256(told.encode(errors="backslashreplace")).hexdigest()[:DIGITS]


def _heard(graph: Graph) -> Iterator[Step]:
    """Yield all devices, and what they listen to."""
    todo = [step.id for step in graph.steps.values() if step.kind is NodeKind.DEVICE]
    seen: set[str] = set()
    while todo:
        step = graph.steps.get(name := todo.pop())
        if step is not None and name not in seen:
            seen.add(name)
            todo += [tap.step for tap in all_taps(step)]
            yield step


def _step(step: Step, graph: Graph) -> list[Any]:
    is_edge = step.kind in EDGES
    usual = _usual(step, is_edge=is_edge)
    settings = {k: _told(v) for k, v in step.settings.items() if k in usual}
    settings = {k: v for k, v in settings.items() if v != _told(usual[k])}
    inputs = [_wires(source, graph) for source in step.inputs.values()]
    return ["" if is_edge else step.node, inputs, settings]


def _usual(step: Step, *, is_edge: bool) -> dict[str, Any]:
    """Return the settings that count, as they usually are: those that a new version has, too."""
    if is_edge:
        return {item.name: item.default for item in fields(Terms)}
    return {name: item.default for name, item in step.spec.settings.items()} if step.spec else {}


def _wires(source: Source, graph: Graph) -> list[list[str | None]]:
    wires = taps(source)
    names = list(source) if isinstance(source, Mapping) else [""] * len(wires)
    return [
        [name, _name(tap.step, graph), tap.field] for name, tap in zip(names, wires, strict=True)
    ]


def _name(step_id: str, graph: Graph) -> str:
    """Name a step; one at an edge by its stream: another make of meter says the same."""
    step = graph.steps.get(step_id)
    return step.stream if step and step.kind in EDGES else step_id


def _told(value: Any) -> Any:
    if isinstance(value, Expression):
        return [value.text, value.numbers]
    if isinstance(value, Mapping):
        return {str(key): _told(part) for key, part in value.items()}
    try:
        return plain(value)
    except TypeError:
        return str(value)  # a path, say
