"""A node type is one Python function; this turns its signature into a `NodeSpec`.

Positional parameters are inputs, keyword-only ones are settings. `Annotated[type, check, "one
sentence"]` carries unit, limits and documentation. Parameters of type `Clock`, `Store`, `Log` or
`Terms` are handed in by the engine and hidden from YAML. Nothing else needs to be declared.
"""

import inspect
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_origin, get_type_hints

from reactivex import Observable

from flowctl.clock import Clock
from flowctl.events import Events
from flowctl.latest import Latest
from flowctl.log import Log
from flowctl.marks import EventsIf, FieldFrom, Together, Triggers, UnitFrom
from flowctl.signature.hints import is_union, not_none, strip
from flowctl.store import Store
from flowctl.terms import Terms
from flowctl.units import Unit

if TYPE_CHECKING:
    from pydantic import TypeAdapter

M = TypeVar("M")
HANDED = {Clock: "clock", Store: "store", Log: "log", logging.Logger: "log", Terms: "terms"}
REQUIRED = inspect.Parameter.empty


class NodeKind(Enum):
    """What a node is to the engine; follows from the shape of its signature."""

    SOURCE = "source"
    OPERATOR = "operator"
    SINK = "sink"
    DEVICE = "device"
    CLOCKED = "clocked"


class Shape(Enum):
    """How many streams one input takes."""

    ONE = "one"
    LIST = "list"
    MAPPING = "mapping"


@dataclass(frozen=True, slots=True)
class Wire:
    """What flows: a Python type (`Any`: anything; a TypeVar: what came in) and a unit."""

    type: Any
    unit: str | None = None
    derived: UnitFrom | FieldFrom | None = None
    unit_from: str | None = None
    """The setting that says the unit where nothing else does."""


@dataclass(frozen=True, slots=True)
class Input:
    """A positional parameter: a stream, a list or a mapping of streams."""

    name: str
    wire: Wire
    shape: Shape
    required: bool
    triggers: bool
    about: str
    events: bool | EventsIf = False
    """Whether each value counts to a sink."""
    marks: tuple[Any, ...] = ()
    """All that its author marked it with."""


@dataclass(frozen=True)
class Setting:
    """A keyword-only parameter: checked by its annotation, documented by its sentence."""

    name: str
    annotation: Any
    default: Any
    about: str
    unit: str | None

    @property
    def required(self) -> bool:
        """Whether a flow must give it."""
        return self.default is REQUIRED

    def mark(self, kind: type[M]) -> M | None:
        """Return its mark of a kind, if it has one."""
        return next((mark for mark in strip(self.annotation)[1] if isinstance(mark, kind)), None)

    @cached_property
    def adapter(self) -> "TypeAdapter[Any]":
        """What validates a value from YAML, and what JSON Schema comes from."""
        # pydantic takes longer to import than all the rest
        from flowctl.signature.adapting import adapter

        return adapter(self.annotation)


@dataclass(frozen=True)
class NodeSpec:
    """All there is to know about a node type."""

    name: str
    function: Callable[..., Any]
    kind: NodeKind
    inputs: tuple[Input, ...]
    settings: Mapping[str, Setting]
    handed: Mapping[str, str]
    output: Wire | None
    summary: str
    doc: str
    terms: Terms | None = None
    together: Together | None = None

    @property
    def first_setting(self) -> str | None:
        """The setting that the scalar shorthand `name: value` gives."""
        own = [name for name, item in self.settings.items() if item.annotation is not None]
        return next(iter(own), None)


def read_node(function: Callable[..., Any], name: str | None = None) -> NodeSpec:
    """Derive the specification of a node type from its function.

    Raises:
        TypeError: the signature fits no kind of node; the message says what is wrong.
    """
    title = name or function.__name__
    hints = get_type_hints(function, include_extras=True)
    inputs, settings, handed, terms = [], {}, {}, None
    for parameter in inspect.signature(function).parameters.values():
        hint = hints.get(parameter.name)
        if hint is None:
            raise TypeError(f"node {title}: parameter {parameter.name} has no annotation")
        bare = strip(hint)[0]
        if bare in HANDED:
            handed[parameter.name] = HANDED[bare]
            terms = parameter.default if bare is Terms else terms
        elif parameter.kind is parameter.KEYWORD_ONLY:
            settings[parameter.name] = _setting(parameter, hint)
        else:
            inputs.append(_input(title, parameter, hint))
    kind = _kind(title, function, inputs, hints.get("return"))
    if kind is NodeKind.DEVICE:
        terms = terms if isinstance(terms, Terms) else Terms()
        settings |= terms_settings(terms)
    doc = inspect.getdoc(function) or ""
    output = _output(hints.get("return"))
    summary = doc.partition("\n")[0]
    return NodeSpec(
        title, function, kind, tuple(inputs), settings, handed, output, summary, doc, terms,
        next((m for m in strip(hints.get("return"))[1] if isinstance(m, Together)), None),
    )  # fmt: skip


def wire_of(annotation: Any) -> Wire:
    """Read type and unit of what flows from an annotation such as `Watts`."""
    bare, marks = strip(annotation)
    unit = next((mark.symbol for mark in marks if isinstance(mark, Unit)), None)
    return Wire(bare, unit)


def _kind(title: str, function: Any, inputs: list[Input], returns: Any) -> NodeKind:
    flows = get_origin(strip(returns)[0]) is Observable
    if inspect.isasyncgenfunction(function):
        return NodeKind.DEVICE if inputs else NodeKind.SOURCE
    if inspect.iscoroutinefunction(function) and inputs:
        return NodeKind.SINK
    if flows and not inspect.iscoroutinefunction(function):
        return NodeKind.OPERATOR if inputs else NodeKind.CLOCKED
    raise TypeError(
        f"node {title}: its signature fits no kind of node; a source is 'async def' that yields, "
        "an operator takes and returns Observable, a sink is 'async def' taking Latest"
    )


def _input(title: str, parameter: inspect.Parameter, hint: Any) -> Input:
    hint, marks = strip(hint)
    hint = not_none(hint)
    origin, args = get_origin(hint), get_args(hint)
    shape = Shape.ONE
    if origin in (Mapping, dict):
        shape, hint = Shape.MAPPING, args[1]
    elif origin in (Sequence, list, tuple):
        shape, hint = Shape.LIST, args[0]
    if get_origin(hint) not in (Observable, Latest, Events):
        raise TypeError(
            f"node {title}: positional parameter {parameter.name} is not a stream; "
            "settings are keyword-only (after '*')"
        )
    required = parameter.default is REQUIRED
    triggers = any(isinstance(mark, Triggers) for mark in marks)
    wire = _without_release(get_args(hint)[0])
    events = next((mark for mark in marks if isinstance(mark, EventsIf)), False)
    events = events or get_origin(hint) is Events
    about = _about(marks)
    return Input(parameter.name, wire, shape, required, triggers, about, events, marks)


def _setting(parameter: inspect.Parameter, hint: Any) -> Setting:
    bare, marks = strip(hint)
    options = [hint, *get_args(bare)] if is_union(bare) else [hint]
    found = [wire_of(option).unit for option in options]
    unit = next((item for item in found if item), None)
    return Setting(parameter.name, hint, parameter.default, _about(marks), unit)


def terms_settings(terms: Terms) -> dict[str, Setting]:
    """Read the settings that every device has, with the defaults of one."""
    hints = get_type_hints(Terms, include_extras=True)
    made = {}
    for name, hint in hints.items():
        parameter = inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=getattr(terms, name), annotation=hint
        )
        made[name] = _setting(parameter, hint)
    return made


def _output(returns: Any) -> Wire | None:
    bare, marks = strip(returns)
    if get_origin(bare) not in (Observable, AsyncIterator, AsyncGenerator):
        return None
    wire = wire_of(get_args(bare)[0])
    derived = next((mark for mark in marks if isinstance(mark, UnitFrom | FieldFrom)), None)
    said = next((mark.setting for mark in marks if isinstance(mark, UnitFrom)), None)
    return Wire(wire.type, wire.unit, derived, said)


def _without_release(hint: Any) -> Wire:
    """`Watts | Release` flows as `Watts`: silence is how a flow says release."""
    if is_union(hint):
        hint = get_args(hint)[0]
    return wire_of(hint)


def _about(marks: Sequence[Any]) -> str:
    return next((mark for mark in marks if isinstance(mark, str)), "")
