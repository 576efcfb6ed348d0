"""Draw a checked flow: streams as groups, what flows on the wires, devices in the world."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from flowctl.language.flow import FROM
from flowctl.language.graph import Graph, Source, Step, Tap, taps
from flowctl.language.wires import ANYTHING, field_wire
from flowctl.recordings.plain import plain
from flowctl.signature.node import NodeKind, Wire
from flowctl.telling.docs import word
from flowctl.units import ANY_UNIT

WORLD = "the house"  # where the powers of all devices meet, and meters measure
POWER = Wire(float, "W")
MERMAID = {
    NodeKind.SOURCE: '(["{}"])',
    NodeKind.CLOCKED: '(["{}"])',
    NodeKind.OPERATOR: '["{}"]',
    NodeKind.DEVICE: '[["{}"]]',
    NodeKind.SINK: '>"{}"]',
}
DOT = {
    NodeKind.SOURCE: "ellipse",
    NodeKind.CLOCKED: "ellipse",
    NodeKind.OPERATOR: "box",
    NodeKind.DEVICE: "box3d",
    NodeKind.SINK: "cds",
}


@dataclass(frozen=True, slots=True)
class Edge:
    """One wire: from a step or the world, into a step or the world."""

    start: str
    end: str
    wire: Wire | None
    input: str = ""
    field: str | None = None

    @property
    def label(self) -> str:
        """What flows: a field of what comes out, and its unit or type."""
        field = f".{self.field} " if self.field else ""
        return field + says(self.wire)


def says(wire: Wire | None) -> str:
    """Say what flows on a wire: its unit, or its type where it has none."""
    if wire is None:
        return "anything"
    return wire.unit if wire.unit and not wire.unit.startswith(ANY_UNIT) else word(wire.type)


def edges(graph: Graph) -> Iterator[Edge]:
    """Yield every wire of a flow, in the order of the steps they lead to."""
    for step in graph.steps.values():
        for name, source in step.inputs.items():
            for tap in taps(source):
                yield Edge(tap.step, step.id, _flows(graph, tap), name, tap.field)


def through_world(graph: Graph) -> Iterator[Edge]:
    """Yield the wires that no file shows: devices act on the house, and meters measure it."""
    devices = [step for step in graph.steps.values() if step.kind is NodeKind.DEVICE]
    for step in devices:
        yield Edge(step.id, WORLD, POWER)
    for step in graph.steps.values():
        measures = step.kind is NodeKind.SOURCE and step.wire and step.wire.unit == POWER.unit
        if devices and measures:
            yield Edge(WORLD, step.id, step.wire)


def drawn(graph: Graph) -> Graph:
    """Return a flow without steps that only hand on one wire, such as the ends of a sub-flow.

    One that is a whole stream stays: it gives a name.
    """
    whole = {stream for stream, steps in _groups(graph).items() if len(steps) == 1}
    passing = {
        step.id: taps(step.inputs[FROM])[0]
        for step in graph.steps.values()
        if step.spec is None and step.stream not in whole and len(taps(step.inputs[FROM])) == 1
    }

    def behind(tap: Tap) -> Tap:
        while tap.step in passing:
            before = passing[tap.step]
            fields = [field for field in (before.field, tap.field) if field]
            tap = Tap(before.step, ".".join(fields) or None)
        return tap

    def followed(source: Source) -> Source:
        if isinstance(source, Tap):
            return behind(source)
        if isinstance(source, Mapping):
            return {name: behind(tap) for name, tap in source.items()}
        return tuple(map(behind, source))

    shown = {
        name: replace(step, inputs={key: followed(item) for key, item in step.inputs.items()})
        for name, step in graph.steps.items()
        if name not in passing
    }
    return replace(graph, steps=shown)


def mermaid(graph: Graph) -> str:
    """Draw a flow as Mermaid, which Markdown pages show as a picture."""
    graph = drawn(graph)
    names = {id_: f"s{number}" for number, id_ in enumerate(_ids(graph))}
    lines = ["flowchart LR"]
    for stream, steps in _groups(graph).items():
        lines.append(f'  subgraph g{len(lines)}["{_escaped(stream)}"]')
        shown = ((names[step.id], MERMAID[step.kind], _title(step)) for step in steps)
        lines += [f"    {name}{shape.format(_escaped(title))}" for name, shape, title in shown]
        lines.append("  end")
    for arrow, wires in (("-->", edges(graph)), ("-.->", through_world(graph))):
        for edge in wires:
            label = f'|"{_escaped(edge.label)}"|'
            lines.append(f"  {names[edge.start]} {arrow}{label} {names[edge.end]}")
    lines += [f'  {names[id_]}(("{id_}"))' for id_ in _others(graph)]
    return "\n".join(lines) + "\n"


def dot(graph: Graph) -> str:
    """Draw a flow as a file for Graphviz."""
    graph = drawn(graph)
    quoted: Callable[[str], str] = json.dumps
    lines = [f"digraph {quoted(graph.name)} {{", "  rankdir=LR;"]
    for stream, steps in _groups(graph).items():
        lines.append(f"  subgraph cluster_{len(lines)} {{")
        lines.append(f"    label={quoted(stream)};")
        for step in steps:
            shape = f"label={quoted(_title(step))}, shape={DOT[step.kind]}"
            lines.append(f"    {quoted(step.id)} [{shape}];")
        lines.append("  }")
    lines += [f"  {quoted(id_)} [shape=circle];" for id_ in _others(graph)]
    for style, wires in (("solid", edges(graph)), ("dashed", through_world(graph))):
        for edge in wires:
            label = f"label={quoted(edge.label)}, style={style}"
            lines.append(f"  {quoted(edge.start)} -> {quoted(edge.end)} [{label}];")
    return "\n".join([*lines, "}"]) + "\n"


def as_json(graph: Graph) -> str:
    """Give a flow to a program: streams, steps, wires, and the wires through the world."""
    told = {
        "flow": graph.name,
        "about": graph.about,
        "streams": dict(graph.streams),
        "steps": [_step(step) for step in graph.steps.values()],
        "wires": [_edge(edge) for edge in edges(graph)],
        "world": [_edge(edge) for edge in through_world(graph)],
    }
    return json.dumps(told, indent=2, ensure_ascii=False) + "\n"


DRAWINGS: dict[str, Callable[[Graph], str]] = {"mermaid": mermaid, "dot": dot, "json": as_json}


def _flows(graph: Graph, tap: Tap) -> Wire | None:
    step = graph.steps.get(tap.step)
    wire = step.wire if step else None
    if tap.field is None or wire is None:
        return wire
    return field_wire(wire, tap.field) or ANYTHING


def _groups(graph: Graph) -> dict[str, list[Step]]:
    made: dict[str, list[Step]] = {}
    for step in graph.steps.values():
        made.setdefault(step.stream, []).append(step)
    return made


def _others(graph: Graph) -> list[str]:
    """Name what wires touch beside steps: the world, and the engine's own stream of errors."""
    ends = [
        id_ for edge in (*edges(graph), *through_world(graph)) for id_ in (edge.start, edge.end)
    ]
    return [id_ for id_ in dict.fromkeys(ends) if id_ not in graph.steps]


def _ids(graph: Graph) -> list[str]:
    return [*graph.steps, *_others(graph)]


def _title(step: Step) -> str:
    named = step.label.partition("#")[0] == step.node
    title = step.label if named else f"{step.label}: {step.node}"
    return f"{title} (device)" if step.kind is NodeKind.DEVICE else title


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")


def _step(step: Step) -> dict[str, Any]:
    settings = {name: _told(value) for name, value in step.settings.items()}
    kind = {"id": step.id, "stream": step.stream, "node": step.node, "kind": step.kind.value}
    return {**kind, **_wire(step.wire), "settings": settings}


def _edge(edge: Edge) -> dict[str, Any]:
    inside = {"input": edge.input, "field": edge.field} if edge.input else {}
    return {"from": edge.start, "to": edge.end, **inside, **_wire(edge.wire)}


def _wire(wire: Wire | None) -> dict[str, Any]:
    return {"type": word(wire.type) if wire else None, "unit": wire.unit if wire else None}


def _told(value: Any) -> Any:
    try:
        return plain(value)
    except TypeError:
        return str(value)  # an expression, a path
