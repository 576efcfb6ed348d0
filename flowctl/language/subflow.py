"""A node type written in YAML: inputs, settings, streams, output. It expands where it is used."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from flowctl.faults import Fault, FlowError, nearest
from flowctl.language.declared import read_inputs, read_settings
from flowctl.language.flow import (
    FROM,
    RawStream,
    mapping,
    read_streams,
    read_vars,
    text_of,
    unknown_keys,
)
from flowctl.language.marked import Marked
from flowctl.language.report import Report
from flowctl.language.text import read_file
from flowctl.signature.node import Input, NodeKind, NodeSpec, Wire

TOP = ("node", "about", "inputs", "settings", "vars", "streams", "output")


@dataclass(frozen=True)
class SubflowSpec(NodeSpec):
    """A node type that is made of steps."""

    file: str = ""
    streams: tuple[RawStream, ...] = ()
    declared: Mapping[str, Marked] = field(default_factory=dict)
    """Its vars, and the defaults of its settings, as they are written."""
    ending: str = ""
    """The stream that is its output."""
    lines: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()
    """What is wrong with it; the rest is as it is written."""


def read_subflow(path: Path) -> SubflowSpec:
    """Read the definition of a node from a YAML file, as far as it can be read.

    Raises:
        FlowError: it cannot be read at all.
    """
    report = Report()
    root = read_file(path, report)
    if root is None:
        raise FlowError(report.faults)
    made = _subflow(root, path, report)
    return replace(made, faults=tuple(report.faults))


def ended(spec: SubflowSpec, look: Callable[[str], NodeSpec]) -> SubflowSpec:
    """Return a sub-flow as what its output ends in: a device, a sink or an operator."""
    pipes = {stream.name: stream.steps for stream in spec.streams}
    name, seen = spec.ending, set[str]()
    while pipes.get(name) and name not in seen:
        seen.add(name)
        last = pipes[name][-1]
        if last.node == FROM:
            name = last.given.text if last.given else ""
            continue
        try:
            end = look(last.node)
        except FlowError:  # told where it is used
            return spec
        if end.kind in (NodeKind.DEVICE, NodeKind.SINK) and spec.inputs:
            return replace(spec, kind=end.kind, output=end.output)
        return spec
    return spec


def _subflow(root: Marked, path: Path, report: Report) -> SubflowSpec:
    top = mapping(root, "a node file", "node:, inputs:, settings:, streams:, output:", report)
    unknown_keys(root, TOP, "", report)
    _name(top, root, path, report)
    about = text_of(top, "about", report)
    inputs = read_inputs(top.get("inputs"), report)
    settings, defaults = read_settings(top.get("settings"), report)
    streams = read_streams(top["streams"], report) if "streams" in top else ()
    _distinct(inputs, streams, report)
    return SubflowSpec(
        name=path.stem,
        function=_never,
        kind=NodeKind.OPERATOR if inputs else NodeKind.SOURCE,
        inputs=inputs,
        settings=settings,
        handed={},
        output=Wire(Any),
        summary=about.partition("\n")[0],
        doc=about,
        file=str(path),
        streams=streams,
        declared={**read_vars(top.get("vars"), report), **defaults},
        ending=_output(top, root, streams, report),
        lines=tuple(report.texts.get(str(path), ())),
    )


def _distinct(inputs: tuple[Input, ...], streams: tuple[RawStream, ...], report: Report) -> None:
    for stream in streams:
        if any(item.name == stream.name for item in inputs):
            said = f"'{stream.name}' is an input and a stream"
            report.add(stream.mark, "E112", stream.name, said, "rename one of them")


def _name(top: Mapping[str, Marked], root: Marked, path: Path, report: Report) -> None:
    name = text_of(dict(top), "node", report)
    if name != path.stem:
        mark = top["node"].mark if "node" in top else root.mark
        said = f"the node in the file {path.name} is named '{name}'" if name else "has no name"
        report.add(mark, "E112", "node", said, f"write 'node: {path.stem}'")


def _never(*_: Any, **__: Any) -> None:
    raise TypeError("a sub-flow is expanded into its steps, never called")


def _output(
    top: Mapping[str, Marked], root: Marked, streams: tuple[RawStream, ...], report: Report
) -> str:
    names = [stream.name for stream in streams]
    if "output" in top:
        item = top["output"]
        if item.text not in names:
            cure = nearest(item.text, names) or f"its streams are {', '.join(names)}"
            report.add(item.mark, "E204", "output", f"no stream is called '{item.text}'", cure)
        return item.text
    if len(names) != 1:
        said = "the file does not say which stream is the output"
        report.add(root.mark, "E111", "", said, "'output: STREAM'")
    return names[0] if names else ""
