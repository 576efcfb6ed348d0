"""Reads a plant file: its keys are stream names, and every fault of it is told with its place."""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar, get_args, get_type_hints

from flowctl.faults import Mark, nearest
from flowctl.language import settings
from flowctl.language.marked import BROKEN, Marked
from flowctl.language.report import Report
from flowctl.language.text import read_file, read_text
from flowctl.signature.node import Setting, wire_of
from nodes.sim.kinds import BATTERIES, METERS, PROTOCOLS, rated
from nodes.sim.load import house_traces, sun_trace
from nodes.sim.made import Words, made_battery
from nodes.sim.sense import senseless
from nodes.sim.setup import (
    BatterySetup,
    HouseSetup,
    MeterSetup,
    PlantSetup,
    SunSetup,
)
from nodes.sim.trace_file import TraceError

T = TypeVar("T")
HOUSE, SUN, METER = "house", "pv", "meter"
NOBODY: Mapping[str, Words | None] = MappingProxyType({})
SHAPE = "a plant is a mapping: meter, house, pv, and a battery by each further name"


def read_plant(path: str | Path, makes: Mapping[str, Words | None] = NOBODY) -> PlantSetup:
    """Read a plant file; a battery without a `kind` begins with what is said of its make.

    Raises:
        FlowError: every fault found, each with its place and cure.
    """
    report = Report()
    found = read_file(Path(path), report, empty=SHAPE)
    return _plant(found, Path(path).parent, report, makes)


def read_plant_text(text: str, folder: Path = Path()) -> PlantSetup:
    """Read a plant from a text; its traces are looked for in a folder."""
    report = Report()
    return _plant(read_text(text, "plant", report, empty=SHAPE), folder, report, NOBODY)


def _plant(
    found: Marked | None, folder: Path, report: Report, makes: Mapping[str, Words | None]
) -> PlantSetup:
    report.settle()
    if found is None or not isinstance(found.value, dict):
        report.add(found.mark if found else Mark(), "E601", "", SHAPE)
        report.settle()
        raise AssertionError
    if {"flow", "streams"} <= found.value.keys():
        report.add(found.mark, "E601", "", "is a flow, not a plant", SHAPE)
        report.settle()
    setup = replace(_streams(found, report, makes), folder=folder)
    _check_traces(found, setup, report)
    report.settle()
    return setup


def _streams(found: Marked, report: Report, makes: Mapping[str, Words | None]) -> PlantSetup:
    parts: dict[str, Any] = {"meter_name": ""}
    batteries: dict[str, BatterySetup] = {}
    for name, item in found.value.items():
        if name == HOUSE:
            parts["house"] = _record(item, HouseSetup(), name, report)
        elif name == SUN:
            parts["pv"] = _record(item, SunSetup(), name, report)
        elif name == METER or _kind(item) in METERS:
            if parts["meter_name"]:
                report.add(found.keys[name], "E603", name, "is a second meter", "keep one")
            begin = replace(MeterSetup(), **METERS.get(_kind(item), {}))
            parts |= {"meter_name": name, "meter": _record(item, begin, METER, report)}
        else:
            batteries[name] = _record(item, _begun(name, item, makes), name, report)
    if not parts["meter_name"]:
        report.add(found.mark, "E604", "", "the plant has no meter", "add 'meter: {kind: dsmr5}'")
    return PlantSetup(batteries=MappingProxyType(batteries), **parts)


def _begun(name: str, item: Marked, makes: Mapping[str, Words | None]) -> BatterySetup:
    """Begin with the kind that is stated, or with the make: of its step, else of its protocol.

    A stated model goes before both, by its rating.
    """
    kind, rating = _kind(item), rated(_word(item, "family"))
    if kind:
        return replace(BatterySetup(), **{**BATTERIES.get(kind, {}), **rating})
    spoken = PROTOCOLS.get(_word(item, "speaks"), "wired")
    return made_battery(name, {**(makes.get(name) or {"kind": spoken}), **rating})


def _kind(item: Marked) -> str:
    return _word(item, "kind")


def _word(item: Marked, key: str) -> str:
    said = item.value.get(key) if isinstance(item.value, dict) else None
    return str(said.value) if said else ""


def _record(item: Marked, default: T, where: str, report: Report) -> T:
    """Read the settings of one record over its defaults."""
    if item.value is not None and not isinstance(item.value, dict):
        report.add(item.mark, "E601", where, f"is {item.kind}; settings are wanted here")
        return default
    made = _made(item, default, where, report) if item.value else default
    if wrong := senseless(made):
        report.add(item.mark, "E602", where, *wrong)
    return made


def _made(item: Marked, default: T, where: str, report: Report) -> T:
    made: Any = type(default)
    known = settings_of(made)
    given: dict[str, Any] = {}
    for key, value in item.value.items():
        name = key.replace("-", "_")
        if name in known:
            given |= _setting(value, known[name], getattr(default, name), where, report)
        else:
            cure = nearest(name, known) or f"it has {', '.join(known)}"
            report.add(item.keys[key], "E602", where, f"no setting is named '{key}'", cure)
    return replace(default, **given)  # type: ignore[type-var]


def _setting(
    item: Marked, setting: Setting, default: Any, where: str, report: Report
) -> dict[str, Any]:
    inner = f"{where}/{setting.name}"
    each = _each(setting.annotation)
    if is_dataclass(default):
        return {setting.name: _record(item, default, inner, report)}
    if each is not None:
        return {setting.name: _list(item, each, inner, report)}
    made = settings.read(setting, item, inner, report)
    return {} if made is BROKEN else {setting.name: made}


def _list(item: Marked, each: type, where: str, report: Report) -> tuple[Any, ...]:
    if not isinstance(item.value, list):
        report.add(item.mark, "E601", where, f"is {item.kind}; a list is wanted: '- after: 2m'")
        return ()
    return tuple(_record(part, each(), where, report) for part in item.value)


@cache
def settings_of(record: type) -> Mapping[str, Setting]:
    """Return the settings of a record of a plant file, by name."""
    hints = get_type_hints(record, include_extras=True)
    return {item.name: _described(item.name, hints[item.name]) for item in fields(record)}


def _described(name: str, hint: Any) -> Setting:
    marks = get_args(hint)[1:]
    about = next((mark for mark in marks if isinstance(mark, str)), "")
    return Setting(name, hint, None, about, wire_of(hint).unit)


def _each(annotation: Any) -> type | None:
    """Return the record that a list setting holds."""
    bare = wire_of(annotation).type
    inner = get_args(bare)
    return inner[0] if len(inner) == 2 and inner[1] is Ellipsis else None


def _check_traces(found: Marked, setup: PlantSetup, report: Report) -> None:
    """Open the traces now, so that a faulty one is told at its place."""
    makers: dict[str, Callable[[], object]] = {
        HOUSE: lambda: house_traces(setup.house, setup.folder, 1),
        SUN: lambda: setup.pv and sun_trace(setup.pv, setup.folder, 1, 0.0),
    }
    for name, make in makers.items():
        item = found.value.get(name)
        if item is None or not isinstance(item.value, dict) or "trace" not in item.value:
            continue
        try:
            make()
        except TraceError as error:
            report.add(item.value["trace"].mark, "E606", name, str(error))
