"""Settings of a step: from what is written to Python values, faults at their exact place."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from flowctl import units
from flowctl.faults import Mark, nearest
from flowctl.language.complaints import complaints, mentions
from flowctl.language.flow import FROM
from flowctl.language.marked import BROKEN, Marked
from flowctl.language.report import Report
from flowctl.language.simple import UNSURE, simple
from flowctl.secret import Secret
from flowctl.signature.node import Input, NodeSpec, Setting, Shape

Found = tuple[dict[str, Marked], dict[str, Marked]]


def split(spec: NodeSpec, given: Marked | None, mark: Mark, where: str, report: Report) -> Found:
    """Tell settings from further inputs, by name; report those unknown and those missing."""
    entries = _entries(spec, given, where, report)
    settings: dict[str, Marked] = {}
    inputs: dict[str, Marked] = {}
    further = {item.name for item in spec.inputs[1:]}
    for name, (key, item) in entries.items():
        if name in spec.settings:
            settings[name] = item
        elif name in further:
            inputs[name] = item
        else:
            _unknown(spec, name, key, where, report)
    for wanted in spec.inputs[1:]:
        if wanted.required and wanted.name not in inputs:
            cure = _named(wanted)
            report.add(mark, "E131", where, f"the input '{wanted.name}' is missing", cure)
    for setting in spec.settings.values():
        if setting.required and setting.name not in settings:
            cure = f"write '{setting.name}: ...' ({setting.about})" if setting.about else ""
            report.add(mark, "E131", where, f"the setting '{setting.name}' is missing", cure)
    return settings, inputs


def _named(wanted: Input) -> str:
    """How an input is given, and what it takes."""
    about = f" ({wanted.about})" if wanted.about else ""
    if wanted.shape is Shape.ONE:
        return f"name the stream: '{wanted.name}: STREAM'{about}"
    return f"name the streams: '{wanted.name}: [STREAM, ...]'{about}"


def read(setting: Setting, item: Marked, where: str, report: Report) -> Any:
    """Check one setting; `BROKEN` when it is faulty."""
    if item.broken():
        return BROKEN
    value = (_anchored(item) if hides(setting) else item).plain()
    value = _lent(setting, value)
    made = simple(setting.annotation, value)
    return _validated(setting, item, value, where, report) if made is UNSURE else made


def _lent(setting: Setting, value: Any) -> Any:
    """Lend a unit to bare numbers in the unit of the wire: only the wires tell if it may be."""
    if setting.unit not in (units.ANY_UNIT, units.ANY_UNIT + units.PER_SECOND):
        return value
    if isinstance(value, dict):
        return {name: _lent(setting, part) for name, part in value.items()}
    bare = isinstance(value, int | float) and not isinstance(value, bool)
    return units.example(repr(value), setting.unit) if bare else value


def _validated(setting: Setting, item: Marked, value: Any, where: str, report: Report) -> Any:
    from pydantic import ValidationError  # only what is not simple, or wrong, needs it

    try:
        made = setting.adapter.validate_python(value)
    except ValidationError as error:
        if item.soft and item.text != value:
            return read(setting, Marked(item.mark, item.text, text=item.text), where, report)
        for path, said, cure in complaints(setting, value, error):
            report.add(item.place(path), "E132", where, said, cure)
        return BROKEN
    said = _odd(value, made)
    if said and not hides(setting):
        report.add(item.mark, "E132", where, f"{setting.name}: {said}")
        return BROKEN
    return made


def _anchored(item: Marked) -> Marked:
    """`file:` beside a secret is meant from the file it is written in; from outside, from here."""
    if isinstance(item.value, dict):
        return replace(item, value={key: _anchored(part) for key, part in item.value.items()})
    if item.soft or not isinstance(item.value, str) or not item.value.startswith("file:"):
        return item
    path = Path(item.mark.file).parent / Path(item.value.removeprefix("file:")).expanduser()
    return replace(item, value=f"file:{path}")


def hides(setting: Setting) -> bool:
    """Tell whether a setting holds a secret, which no message may show."""
    return mentions(setting.annotation, Secret)


def _entries(
    spec: NodeSpec, given: Marked | None, where: str, report: Report
) -> dict[str, tuple[Mark, Marked]]:
    if given is None:
        return {}
    if isinstance(given.value, dict):
        named: dict[str, tuple[Mark, Marked]] = {}
        for name, item in _commas(given, where, report):
            word = name.replace("-", "_")
            if word in named:
                report.add(given.keys[name], "E103", where, f"'{word}' is given twice")
            named[word] = (given.keys[name], item)
        return named
    first = spec.first_setting
    if first is None:
        others = [item.name for item in spec.inputs[1:]]
        cure = f"name the input: '{spec.name}: {{{others[0]}: STREAM}}'" if others else ""
        report.add(given.mark, "E130", where, f"{spec.name} has no settings", cure)
        return {}
    return {first: (given.mark, given)}


def _commas(given: Marked, where: str, report: Report) -> Iterator[tuple[str, Marked]]:
    """Yield settings; of a number with a comma, which YAML takes for the end of it, tell so."""
    items = [*given.value.items(), ("", given)]
    taken = ""
    for (name, item), (after, rest) in pairwise(items):
        whole = isinstance(item.value, int) and not isinstance(item.value, bool)
        if name == taken:
            continue
        if whole and rest.value is None and re.fullmatch(r"\d+\s?[^\s\d]*", after):
            said = f"{name}: a number is written with a point, not with a comma"
            cure = f"did you mean '{item.text}.{after}'?"
            report.add(item.mark, "E132", where, said, cure)
            taken = after
            yield name, replace(item, value=BROKEN)
        else:
            yield name, item


def _unknown(spec: NodeSpec, name: str, mark: Mark, where: str, report: Report) -> None:
    known = [*spec.settings, *(item.name for item in spec.inputs[1:])]
    if name == FROM or (spec.inputs and name == spec.inputs[0].name):
        said = f"what {spec.name} works on comes from above"
        cure = "write '- from: STREAM' as a step above it"
    else:
        said = f"{spec.name} has no setting '{name}'"
        cure = nearest(name, known) or (f"it has {', '.join(known)}" if known else "it has none")
    report.add(mark, "E130", where, said, cure)


def _odd(given: Any, made: Any) -> str:
    """Say what pydantic lets through and a flow does not: true as a number, infinities."""
    if isinstance(made, float) and not isinstance(given, dict | list) and not math.isfinite(made):
        return "is not a finite number"
    if isinstance(given, bool) and isinstance(made, int | float) and not isinstance(made, bool):
        return f"{str(given).lower()} is not a number"
    if isinstance(given, list) and isinstance(made, Sequence) and len(given) == len(made):
        return next(filter(None, map(_odd, given, made)), "")
    if isinstance(given, dict) and isinstance(made, Mapping):
        return next(filter(None, (_odd(given[key], made[key]) for key in given if key in made)), "")
    return ""


def bare_numbers(item: Marked) -> Iterator[Marked]:
    """Yield the numbers that were written without a unit; zero needs none."""
    if isinstance(item.value, dict):
        for part in item.value.values():
            yield from bare_numbers(part)
    elif isinstance(item.value, int | float) and not isinstance(item.value, bool) and item.value:
        yield item


def written_units(item: Marked) -> Iterator[tuple[Marked, str]]:
    """Yield the units that were written inside a setting, and where."""
    if isinstance(item.value, dict | list):
        inside = item.value.values() if isinstance(item.value, dict) else item.value
        for part in inside:
            yield from written_units(part)
    elif isinstance(item.value, str):
        try:
            yield item, units.parse_any(item.value)[1]
        except units.UnitError:
            return
