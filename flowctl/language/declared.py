"""Inputs and settings that a sub-flow declares, as a signature would."""

from typing import Annotated, Any

from flowctl import units
from flowctl.expression import Expression
from flowctl.faults import Mark, nearest
from flowctl.language.complaints import complaints
from flowctl.language.flow import mapping, own_word, text_of, unknown_keys
from flowctl.language.marked import Marked
from flowctl.language.report import Report
from flowctl.language.variables import NAME
from flowctl.secret import Secret
from flowctl.signature.node import REQUIRED, Input, Setting, Shape, Wire
from flowctl.units import Unit
from flowctl.values import Battery, Outlook, Plan

TYPES: dict[str, Any] = {
    "number": float, "integer": int, "text": str, "bool": bool, "any": Any,
    "Battery": Battery, "Plan": Plan, "Outlook": Outlook,
}  # fmt: skip
SETTING_TYPES = {**TYPES, "secret": Secret, "expression": Expression}
UNITS = ("W", "Wh", "s", "%", "V", "A", "Hz", "degC", "*", "W/s", "*/s")
_MANY = {"list of ": Shape.LIST, "mapping of ": Shape.MAPPING}


def read_inputs(item: Marked | None, report: Report) -> tuple[Input, ...]:
    """Read names and units or types: `grid: W`, `batteries: mapping of Battery`."""
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
    cure = nearest(word, [*UNITS, *TYPES]) or f"known: {', '.join([*UNITS, *TYPES])}"
    report.add(mark, "E113", where, f"'{word}' is neither a unit nor a type", cure)
    return Wire(Any)


def read_settings(
    item: Marked | None, report: Report
) -> tuple[dict[str, Setting], dict[str, Marked]]:
    """Read names and defaults: the settings, and the defaults as they are written."""
    if item is None or item.value is None:
        return {}, {}
    settings, defaults = {}, {}
    for name, part in mapping(item, "'settings'", "names and their defaults", report).items():
        _check_name(name, item.keys[name], report)
        own_word(name, item.keys[name], "setting", report)
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
        kind = _known(item.value["type"], SETTING_TYPES, "type", where, report)
        bare = SETTING_TYPES.get(kind, Any)
    elif "default" in item.value:
        bare, unit = _guess(item.value["default"])
    default = item.value.get("default")
    about = text_of(item.value, "about", report)
    return _made(name, bare, unit, about, default, where, report), default


def _made(
    name: str, bare: Any, unit: str | None, about: str, default: Marked | None, where: str,
    report: Report,
) -> Setting:  # fmt: skip
    inner: Any = Annotated[(bare, Unit(unit))] if unit in UNITS else bare
    if default is not None and default.value is None:
        inner = inner | None
    annotation: Any = Annotated[(inner, about)]
    setting = Setting(name, annotation, REQUIRED, about, unit)
    if default is None or "${" in default.text:
        return setting if default is None else Setting(name, annotation, None, about, unit)
    from pydantic import ValidationError  # few flows have nodes of their own

    try:
        value = setting.adapter.validate_python(default.plain())
    except ValidationError as error:
        for _, said, cure in complaints(setting, default.plain(), error):
            report.add(default.mark, "E132", where, said.removeprefix(f"{name}: "), cure)
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
        cure = nearest(item.text, known) or f"known: {', '.join(known)}"
        report.add(item.mark, "E113", where, f"'{item.text}' is not a {what}", cure)
    return item.text


def _check_name(name: str, mark: Mark, report: Report) -> None:
    if not NAME.fullmatch(name):
        cure = "use letters, digits and _, beginning with a letter"
        report.add(mark, "E112", "", f"'{name}' is not a name for an input or a setting", cure)
