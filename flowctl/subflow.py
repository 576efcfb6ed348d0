"""A node type written in YAML: inputs, settings, streams, output. It expands where it is used."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import ValidationError

from flowctl import units
from flowctl.expression import Expression
from flowctl.faults import Mark, nearest
from flowctl.flow import RawStream, mapping, read_streams, read_vars, text_of, unknown_keys
from flowctl.node import REQUIRED, Input, NodeKind, NodeSpec, Setting, Shape, Wire
from flowctl.report import Report
from flowctl.secret import Secret
from flowctl.text import Marked, read_file
from flowctl.units import Unit
from flowctl.values import Battery, Outlook, Plan
from flowctl.variables import NAME

TOP = ("node", "about", "inputs", "settings", "vars", "streams", "output")
TYPES: dict[str, Any] = {
    "number": float, "integer": int, "text": str, "bool": bool, "any": Any,
    "Battery": Battery, "Plan": Plan, "Outlook": Outlook,
}  # fmt: skip
SETTING_TYPES = {**TYPES, "secret": Secret, "expression": Expression}
UNITS = ("W", "Wh", "s", "%", "V", "A", "Hz", "degC", "*", "W/s", "*/s")
_MANY = {"list of ": Shape.LIST, "mapping of ": Shape.MAPPING}


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


def read_subflow(path: Path) -> SubflowSpec:
    """Read the definition of a node from a YAML file.

    Raises:
        FlowError: with all that is wrong with it.
    """
    report = Report()
    root = read_file(path, report)
    made = _subflow(root, path, report) if root else None
    report.settle()
    assert made is not None, "what is not read is a fault"
    return made


def _subflow(root: Marked, path: Path, report: Report) -> SubflowSpec:
    top = mapping(root, "a node file", "node:, inputs:, settings:, streams:, output:", report)
    unknown_keys(root, TOP, "", report)
    name, about = text_of(top, "node", report), text_of(top, "about", report)
    if name != path.stem:
        mark = top["node"].mark if "node" in top else root.mark
        said = f"the node in the file {path.name} is named '{name}'" if name else "has no name"
        report.add(mark, "E112", "node", said, f"write 'node: {path.stem}'")
    inputs = _inputs(top.get("inputs"), report)
    settings, defaults = _settings(top.get("settings"), report)
    streams = read_streams(top["streams"], report) if "streams" in top else ()
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


def _never(*_: Any, **__: Any) -> None:
    raise TypeError("a sub-flow is expanded into its steps, never called")


def _inputs(item: Marked | None, report: Report) -> tuple[Input, ...]:
    if item is None or item.value is None:
        return ()
    made = []
    for name, part in mapping(item, "'inputs'", "names and units or types", report).items():
        _check_name(name, item.keys[name], report)
        about, said = "", part
        if isinstance(part.value, dict):
            unknown_keys(part, ("unit", "type", "about"), f"inputs/{name}", report)
            about = text_of(part.value, "about", report)
            said = part.value.get("unit") or part.value.get("type") or part
        word, shape = said.text, Shape.ONE
        for prefix, many in _MANY.items():
            if word.startswith(prefix):
                word, shape = word.removeprefix(prefix), many
        wire = _wire(word, said.mark, f"inputs/{name}", report)
        made.append(Input(name, wire, shape, required=True, triggers=False, about=about))
    return tuple(made)


def _wire(word: str, mark: Mark, where: str, report: Report) -> Wire:
    if word in UNITS:
        return Wire(float, word)
    if word in TYPES:
        return Wire(TYPES[word])
    cure = nearest(word, [*UNITS, *TYPES]) or f"known are {', '.join([*UNITS, *TYPES])}"
    report.add(mark, "E113", where, f"'{word}' is no unit and no type", cure)
    return Wire(Any)


def _settings(item: Marked | None, report: Report) -> tuple[dict[str, Setting], dict[str, Marked]]:
    if item is None or item.value is None:
        return {}, {}
    settings, defaults = {}, {}
    for name, part in mapping(item, "'settings'", "names and their defaults", report).items():
        _check_name(name, item.keys[name], report)
        settings[name], default = _setting(name, part, report)
        if default is not None:
            defaults[name] = default
    return settings, defaults


def _setting(name: str, item: Marked, report: Report) -> tuple[Setting, Marked | None]:
    where = f"settings/{name}"
    if not isinstance(item.value, dict):
        bare, unit = _guess(item)
        return _made(name, bare, unit, "", item, where, report), item
    unknown_keys(item, ("unit", "type", "default", "about"), where, report)
    bare, unit = Any, None
    if "unit" in item.value:
        bare, unit = float, _known(item.value["unit"], UNITS, "unit", where, report)
    elif "type" in item.value:
        bare = SETTING_TYPES.get(_known(item.value["type"], SETTING_TYPES, "type", where, report))
    elif "default" in item.value:
        bare, unit = _guess(item.value["default"])
    default = item.value.get("default")
    about = text_of(item.value, "about", report)
    return _made(name, bare, unit, about, default, where, report), default


def _made(
    name: str, bare: Any, unit: str | None, about: str, default: Marked | None, where: str,
    report: Report,
) -> Setting:  # fmt: skip
    marks = [*([Unit(unit)] if unit in UNITS else []), about]
    optional = default is not None and default.value is None
    annotation: Any = Annotated[(bare | None if optional else bare, *marks)]
    setting = Setting(name, annotation, REQUIRED, about, unit)
    if default is None or "${" in default.text:
        return setting if default is None else Setting(name, annotation, None, about, unit)
    try:
        value = setting.adapter.validate_python(default.plain())
    except ValidationError as error:
        said = error.errors(include_url=False, include_input=False)[0]["msg"]
        report.add(default.mark, "E132", where, said.removeprefix("Value error, "))
        value = None
    return Setting(name, annotation, value, about, unit)


def _guess(item: Marked) -> tuple[Any, str | None]:
    """Type and unit of a setting from the default that is written."""
    if isinstance(item.value, bool):
        return bool, None
    if isinstance(item.value, int | float):
        return float, None
    if isinstance(item.value, str):
        try:
            return float, units.parse_any(item.value)[1]
        except units.UnitError:
            return str, None
    return Any, None


def _known(item: Marked, known: Any, what: str, where: str, report: Report) -> str:
    if item.text not in known:
        cure = nearest(item.text, known) or f"known are {', '.join(known)}"
        report.add(item.mark, "E113", where, f"'{item.text}' is no {what}", cure)
    return item.text


def _check_name(name: str, mark: Mark, report: Report) -> None:
    if not NAME.fullmatch(name):
        cure = "use letters, digits and _, beginning with a letter"
        report.add(mark, "E112", "", f"'{name}' is no name for an input or a setting", cure)


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
        report.add(
            root.mark, "E111", "", "it is not said which stream is the output", "'output: STREAM'"
        )
    return names[0] if names else ""
