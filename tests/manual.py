"""What the code tells of itself in pages of docs/; `python -m tests.manual` renews it."""

import re
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_args

from flowctl import units
from flowctl.expression import Expression
from flowctl.language.declared import TYPES, UNITS
from flowctl.marks import ShellsOwn
from flowctl.signature.hints import strip
from flowctl.signature.node import terms_settings
from flowctl.telling.docs import device_terms, setting_row, table, word
from flowctl.telling.records import RECORDS, field_table
from flowctl.terms import Terms
from flowctl.units import show
from nodes.sim import kinds, setup
from nodes.sim.plant_file import settings_of

DOCS = Path(__file__).parent.parent / "docs"
PAGES = [DOCS / "flow.md", DOCS / "plants.md", DOCS / "write-a-node.md"]
PART = re.compile(r"(<!-- ([\w-]+) -->)(\s*)(.*?)(\s*)(<!-- /\2 -->)", re.DOTALL)
PLANT = {
    "house": setup.HouseSetup,
    "house/loads": setup.LoadEvent,
    "pv": setup.SunSetup,
    "meter": setup.MeterSetup,
    "meter/faults": setup.MeterFault,
    "battery": setup.BatterySetup,
    "battery/telemetry": setup.Telemetry,
    "battery/losses": setup.Losses,
    "battery/faults": setup.BatteryFault,
}


def renewed(text: str) -> str:
    """Write every marked part of a page anew."""

    def part(found: re.Match[str]) -> str:
        begin, name, _, _, _, end = found.groups()
        made = PARTS[name]()
        block = "\n" in made
        return f"{begin}\n{made}\n{end}" if block else f"{begin}{made}{end}"

    return PART.sub(part, text)


def unit_table() -> str:
    """Every unit, and what it counts in."""
    scales = {**units.SCALES, **{name: ("s", by) for name, by in units.DURATIONS.items()}}
    rows = [(f"`{name}`", f"{by:g} {base}") for name, (base, by) in scales.items()]
    return table(("unit", "is"), rows)


def functions() -> str:
    """The functions that expressions know."""
    return ", ".join(f"`{name}`" for name in Expression.FUNCTIONS) + "."


def records() -> str:
    """Every record, with its fields."""
    return "\n\n".join(_record(name, record) for name, record in RECORDS.items())


def _record(name: str, record: type) -> str:
    summary = (record.__doc__ or "").partition("\n")[0]
    return f"### {name}\n\n{summary}\n\n{field_table(record)}"


def plant_kinds(which: str) -> str:
    """What the kinds of meters or batteries begin with."""
    known = {"meters": kinds.METERS, "batteries": kinds.BATTERIES}[which]
    names = list(dict.fromkeys(key for given in known.values() for key in given))
    record = setup.MeterSetup if which == "meters" else setup.BatterySetup
    rows = [(f"`{name}`", *(_cell(record, name, given) for given in known.values()))
            for name in names]  # fmt: skip
    return table(("", *(f"`{kind}`" for kind in known)), rows)


def _cell(record: type, name: str, given: Any) -> str:
    return _shown(given[name], settings_of(record)[name].unit) if name in given else ""


def plant_table(record: type) -> str:
    """Each key of a part of a plant file."""
    return table(("key", "takes", "default", "limits", ""), _plant_rows(record))


def _plant_rows(record: type) -> Iterator[tuple[str, ...]]:
    defaults = {item.name: item for item in fields(record)}
    for name, item in settings_of(record).items():
        _, _, _, limits, about = setting_row(item)
        inner = strip(item.annotation)[0]
        kind = "settings" if is_dataclass(inner) else "list" if is_dataclass(_each(inner)) else ""
        kind = kind or word(item.annotation).replace("`", "")
        default = defaults[name].default
        shown = "" if kind in ("settings", "list") else _shown(default, item.unit)
        yield f"`{name}`", kind, shown, limits, about or "below"


def _each(hint: Any) -> Any:
    return next(iter(get_args(hint)), None)


def _shown(value: Any, unit: str | None) -> str:
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if is_dataclass(value) and not isinstance(value, type):
        told = {item.name: getattr(value, item.name) for item in fields(value)}
        told = {name: part for name, part in told.items() if part}
        made = settings_of(type(value))
        return ", ".join(f"{name} {_shown(part, made[name].unit)}" for name, part in told.items())
    if isinstance(value, int | float):
        hours = unit == "s" and value >= 3600 and value % 3600 == 0
        return f"{value / 3600:g}h" if hours else show(value, unit)
    return f"`{value}`" if isinstance(value, str) else "of the kind"


def shells_own() -> list[str]:
    """The terms of a device that change while it runs."""
    return [name for name, item in terms_settings(Terms()).items() if item.mark(ShellsOwn)]


def _words(names: Any) -> str:
    return ", ".join(f"`{name}`" for name in names)


PARTS: dict[str, Callable[[], str]] = {
    "units": unit_table,
    "functions": functions,
    "records": records,
    "terms": device_terms,
    "shells-own": lambda: _words(shells_own()),
    "input-units": lambda: _words(UNITS),
    "input-types": lambda: _words(TYPES),
    "meters": lambda: plant_kinds("meters"),
    "batteries": lambda: plant_kinds("batteries"),
    **{
        name.replace("/", "-"): (lambda made=record: plant_table(made))
        for name, record in PLANT.items()
    },
}

if __name__ == "__main__":
    for page in PAGES:
        page.write_text(renewed(page.read_text(encoding="utf-8")), encoding="utf-8")
