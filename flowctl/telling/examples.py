"""An example of each node in a flow, made from its signature: two lines of YAML."""

import re
import types
from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt

from flowctl.expression import Condition, Expression
from flowctl.secret import Secret
from flowctl.signature.hints import not_none, strip
from flowctl.signature.node import Input, NodeKind, NodeSpec, Setting, Shape, Wire
from flowctl.terms import Terms
from flowctl.units import ANY_UNIT, PER_SECOND, UnitError, parse, show
from flowctl.values import Ability, Battery, Outlook, Plan

STREAMS: dict[Any, tuple[str, ...]] = {  # what the streams of an example house are called
    Battery: ("left", "right"),
    Plan: ("plan",),
    Outlook: ("plan/response_predictor",),
    Ability: ("plan/response_predictor.left",),
    bool: ("allowed", "sunny"),
    str: ("word",),
    "W": ("meter", "solar"),
    "%": ("left.soc", "right.soc"),
}
NAMED = {  # values by the name of a setting, where its sentence gives none
    "host": "192.168.1.40", "port": "9000", "topic": "house/power", "mac": "aabbccddeeff",
    "portal": "c0619ab12345", "register": "100", "name": "power", "high": "2.5kW", "low": "-2.5kW",
    "limit": "2.5kW", "off": "300W", "by": "50W", "above": "50W", "up": "200W", "idx": "12",
    "options": "[auto, hold]", "plant": "plants/two-batteries.yaml", "on": "{left: solar}",
}  # fmt: skip
USUAL = {
    "s": ("5s", 5.0), "W": ("500W", 500.0), "Wh": ("1kWh", 1000.0), "%": ("20%", 20.0),
    "V": ("230V", 230.0), "A": ("16A", 16.0), "degC": ("20degC", 20.0),
    ANY_UNIT: ("500W", 500.0), ANY_UNIT + PER_SECOND: ("500W/s", 500.0),
}  # fmt: skip
WORDS: dict[Any, str] = {
    int: "1", float: "1", bool: "true", str: "name", Path: "file.csv", Condition: "value > 500W",
    Expression: "value > 500W",
}  # fmt: skip
ODD = re.compile(r"[:{}\[\],#&*!|>'\"%@`<]|^[-?\s]|\s$")  # wants quotes in YAML, or may
SHOWN = re.compile(r"^ *Example:\n((?: {4,}.*\n?)+)", re.M)  # in a docstring, as of Google's style
PLAIN = re.compile(r"-?[\w.]+%?|value [<>] \w+")


def example(spec: NodeSpec) -> str:
    """Write a step, with the one before it where it needs one; or what its docstring shows."""
    shown = SHOWN.search(spec.doc)
    if shown:
        return dedent(shown[1]).strip()
    step = f"- {spec.name}{_given(spec)}"
    if not spec.inputs:
        return step
    above = "plan.left" if spec.kind is NodeKind.DEVICE else _streams(spec.inputs[0].wire)[0]
    return f"- from: {above}\n{step}"


def _given(spec: NodeSpec) -> str:
    """All that is required, by name; or the first setting alone."""
    inputs = {item.name: _wired(item, n) for n, item in enumerate(spec.inputs) if _named(item, n)}
    terms = Terms.names() if spec.terms else frozenset()
    own = {name: item for name, item in spec.settings.items() if name not in terms}
    settings = {name: likely(item) for name, item in own.items() if item.required}
    first = spec.first_setting
    if not settings and not inputs and first in own:
        shown = likely(own[first], optional=True)
        return f": {quoted(shown)}" if shown else ""
    if first and list(settings) == [first] and not inputs:
        return f": {quoted(settings[first])}"
    parts = [*(f"{name}: {quoted(text)}" for name, text in settings.items())]
    parts += [f"{name}: {text}" for name, text in inputs.items()]
    return f": {{{', '.join(parts)}}}" if parts else ""


def _named(item: Input, place: int) -> bool:
    return place > 0 and item.required


def _wired(item: Input, place: int) -> str:
    names = _streams(item.wire)
    if item.shape is Shape.ONE:
        return names[-1]
    return f"[{', '.join(names if item.wire.type is Battery else names[-1:])}]"


def _streams(wire: Wire) -> tuple[str, ...]:
    kind = wire.type if isinstance(wire.type, type) else None
    name = getattr(kind, "__name__", "")
    if is_dataclass(kind) and kind not in STREAMS:
        return (re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower(),)
    return STREAMS.get(kind) or STREAMS.get(wire.unit) or STREAMS["W"]


def likely(setting: Setting, *, optional: bool = False) -> str:
    """Say a value that a setting may well have; of an optional one only where it is natural."""
    told = _told(setting.about)
    default = setting.default
    if optional and isinstance(default, int | float) and not isinstance(default, bool):
        return show(default, setting.unit) if default and setting.unit != ANY_UNIT else ""
    if told:
        return told
    if optional and not (setting.unit and default is None):
        return ""
    named = NAMED.get(setting.name, "")
    if named and _fits(setting, named):
        return named
    return _within(setting) if setting.unit else _of_kind(setting.annotation)


def _fits(setting: Setting, text: str) -> bool:
    """Tell whether a value of `NAMED` is one for this setting: names are used in many ways."""
    form = r"-?[\d.]+[a-zA-Z%]+" if setting.unit else r"(?!-?[\d.]+k?W$).*"
    return re.fullmatch(form, text) is not None and (not setting.unit or _in_unit(setting, text))


def _in_unit(setting: Setting, text: str) -> bool:
    try:
        return parse(text, setting.unit or "") is not None
    except UnitError:
        return False


def _told(about: str) -> str:
    """What the sentence of a setting gives as an example."""
    found = re.search(r"(?:e\.g\.|such as) (?:`([^`]+)`|([^;,]+?)(?=[;,]| or |$))", about)
    return (found[1] or found[2]).strip() if found else ""


def _within(setting: Setting) -> str:
    """A usual quantity of its unit, inside its limits."""
    text, number = USUAL.get(setting.unit or "", ("1", 1.0))
    marks = _marks(setting.annotation)
    most: list[Any] = [m.le if isinstance(m, Le) else m.lt for m in marks if isinstance(m, Le | Lt)]
    least: list[Any] = [
        m.ge if isinstance(m, Ge) else m.gt for m in marks if isinstance(m, Ge | Gt)
    ]
    if all(number < limit for limit in most) and all(number > limit for limit in least):
        return text
    return show(float([*most, *least][0]), setting.unit)


def _marks(hint: Any) -> list[Any]:
    return [*get_args(hint)[1:], *(m for part in get_args(hint) for m in _marks(part))]


def _of_kind(hint: Any) -> str:
    bare = not_none(strip(hint)[0])
    origin, args = get_origin(bare), get_args(bare)
    if origin is Literal:
        return str(args[0])
    if origin in (Union, types.UnionType):
        return _of_kind(args[0])
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return f"{{left: {_of_kind(args[1])}}}"
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return f"[{_of_kind(args[0])}]"
    if isinstance(bare, type) and issubclass(bare, Secret):
        return "${TOKEN}"
    return WORDS.get(bare, "name")


def quoted(text: str) -> str:
    """Put a text in quotes where YAML wants them."""
    if text[:1] in "{[" or PLAIN.fullmatch(text) or not ODD.search(text):
        return text
    return f'"{text}"' if '"' not in text else f"'{text}'"
