"""Types and units on wires: what fits what, and what a field carries."""

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import lru_cache
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from flowctl.signature.hints import is_union
from flowctl.signature.node import Wire, wire_of
from flowctl.units import ANY_UNIT, PER_SECOND, SCALES, same_unit
from flowctl.values import Plan

ANYTHING = Wire(Any)
UNITS = tuple(dict.fromkeys([*(base for base, _ in SCALES.values()), "s"]))
_NAMES = {
    float: "a number",
    int: "a whole number",
    str: "a text",
    bool: "true or false",
    list: "a list",
    Mapping: "a mapping",
}


def fits(given: Any, wanted: Any) -> bool:
    """Tell whether a value of one type may come where another is wanted; unsure counts as yes."""
    if Any in (given, wanted) or wanted is object or isinstance(given, TypeVar):
        return True
    if isinstance(wanted, TypeVar):
        options = wanted.__constraints__ or ((wanted.__bound__,) if wanted.__bound__ else ())
        return not options or any(fits(given, wire_of(option).type) for option in options)
    if is_union(given):
        return any(fits(part, wanted) for part in parts(given))
    if is_union(wanted):
        return any(fits(given, part) for part in parts(wanted))
    return _fits_class(get_origin(given) or given, get_origin(wanted) or wanted)


def _fits_class(given: Any, wanted: Any) -> bool:
    if not (isinstance(given, type) and isinstance(wanted, type)):
        return True
    if wanted in (float, int) and given in (float, int):
        return True
    return issubclass(given, wanted) and not (given is bool and wanted is int)


def constraint_unit(wanted: Any, given: Any) -> str | None:
    """Return the unit that a TypeVar's constraint of that type asks for."""
    if not isinstance(wanted, TypeVar):
        return None
    wires = map(wire_of, wanted.__constraints__)
    return next((wire.unit for wire in wires if fits(given, wire.type)), None)


def parts(hint: Any) -> tuple[Any, ...]:
    """Return the types a union chooses from, without their marks; nothing is not among them."""
    if not is_union(hint):
        return (wire_of(hint).type,)
    return tuple(wire_of(part).type for part in get_args(hint) if part is not types.NoneType)


def silent(wire: Wire | None) -> bool:
    """Tell whether nothing ever flows there."""
    return (
        wire is None or wire.type in (None, types.NoneType) or str(wire.type) == "typing.NoReturn"
    )


def unit_of(wire: Wire) -> str | None:
    """Return the unit of what flows: a plan is watts."""
    if wire.unit is None and wire.type is Plan:
        return "W"
    return wire.unit


def kind_of(wire: Wire) -> Any:
    """Return the type of what flows; where only a unit is told, it is numbers."""
    return float if wire.type is Any and wire.unit else wire.type


def base_of(unit: str) -> str:
    """Return what `*` stands for when a wire of this unit meets `*/s` or `*`."""
    return unit.removesuffix(PER_SECOND)


def put(pattern: str | None, star: str | None) -> str | None:
    """Put the unit of the wire for the `*` of a pattern."""
    if pattern == ANY_UNIT:
        return star
    if pattern == ANY_UNIT + PER_SECOND:
        return f"{star}{PER_SECOND}" if star else None
    return pattern


def meet(pattern: str | None, given: str | None) -> bool:
    """Tell whether a wire of a unit may come where a unit or a pattern is wanted."""
    return pattern is None or given is None or same_unit(given, pattern)


def base_unit(text: str) -> str | None:
    """Return the unit a text names, if wires carry it as it is: W and degC, not kW."""
    base, slash, per = text.partition("/")
    known, factor = ("s", 1.0) if base == "s" else SCALES.get(base, ("", 0.0))
    if factor != 1 or (slash and per != "s"):
        return None
    return f"{known}{PER_SECOND}" if slash else known


def field_names(kind: Any) -> tuple[str, ...] | None:
    """Return the fields of a record; `None` when any name may be one."""
    options = parts(kind)
    if not all(is_dataclass(option) for option in options):
        simple = all(option in (float, int, str, bool) for option in options)
        return () if simple else None
    return tuple(dict.fromkeys(item.name for option in options for item in fields(option)))


def field_wire(wire: Wire, name: str) -> Wire | None:
    """Return what a field carries; `None` when the record has no such field."""
    if wire.type is Plan and name not in _hints(Plan):
        return Wire(float, "W")
    for option in parts(wire.type):
        if is_dataclass(option) and name in _hints(option):
            return _known(_hints(option)[name])
        if get_origin(option) in (dict, Mapping) or option in (dict, Mapping):
            args = get_args(option)
            return _known(args[1]) if len(args) == 2 else ANYTHING
    names = field_names(wire.type)
    return ANYTHING if names is None else None


def told(kind: Any) -> str:
    """Name a type for people."""
    if kind in _NAMES:
        return _NAMES[kind]
    if isinstance(kind, TypeVar):
        return " or ".join(told(wire_of(part).type) for part in kind.__constraints__) or "anything"
    if is_union(kind):
        return " or ".join(map(told, parts(kind)))
    return getattr(kind, "__name__", None) or str(kind)


def shown(wire: Wire) -> str:
    """Name what a wire carries: its unit, or its type."""
    return wire.unit if wire.unit and wire.type in (float, int) else told(wire.type)


def _known(hint: Any) -> Wire:
    """A field's wire: `Watts | None` is W; a field with nothing in it says nothing."""
    if not is_union(hint):
        return wire_of(hint)
    options = [part for part in get_args(hint) if part is not types.NoneType]
    return wire_of(options[0]) if len(options) == 1 else ANYTHING


def _hints(record: Any) -> dict[str, Any]:
    return _read_hints(record)  # two functions: mypy doubts that a dataclass can be a key


@lru_cache(maxsize=256)
def _read_hints(record: type) -> dict[str, Any]:
    try:
        return get_type_hints(record, include_extras=True)
    except (NameError, TypeError):
        return {item.name: Any for item in fields(record)}
