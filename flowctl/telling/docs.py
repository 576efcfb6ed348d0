"""The pages of node types: written from their signatures and docstrings, by nobody's hand."""

import re
import sys
import types
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import fields
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from rich.console import Console
from rich.markdown import Markdown

from flowctl.expression import Condition, Expression
from flowctl.language.library import Library
from flowctl.latest import Latest
from flowctl.marks import FieldFrom, UnitFrom
from flowctl.secret import Secret
from flowctl.signature.node import Input, NodeKind, NodeSpec, Setting, Shape, Wire, read_node
from flowctl.telling.examples import SHOWN, example
from flowctl.terms import Terms
from flowctl.units import ANY_UNIT, PER_SECOND, Unit, Watts, show
from flowctl.values import Battery

HEAD = """# Node types

Written by `python -m flowctl.telling.docs > docs/nodes.md` from the signatures of the nodes: to
change a page, change the function. A power is positive when it flows into the house wiring.
"""
TERMS = "terms of every device"
WORDS: dict[Any, str] = {
    float: "number",
    int: "whole number",
    bool: "true or false",
    str: "text",
    Any: "anything",
    Secret: "secret",
    Condition: "condition",
    Expression: "expression",
}
CHECKS = {
    Ge: "≥ {}",
    Gt: "> {}",
    Le: "≤ {}",
    Lt: "< {}",
    MinLen: "at least {}",
    MaxLen: "at most {}",
}
FORMS = {
    Shape.ONE: "{}",
    Shape.LIST: "list of streams, each {}",
    Shape.MAPPING: "streams by name, each {}",
}
KINDS = {
    NodeKind.SOURCE: "Sources",
    NodeKind.CLOCKED: "Clocked",
    NodeKind.OPERATOR: "Operators",
    NodeKind.DEVICE: "Devices",
    NodeKind.SINK: "Sinks",
}


def pages(specs: Iterable[NodeSpec]) -> str:
    """Write the page of every node type, with an index in front: the whole of `docs/nodes.md`."""
    ordered = sorted(specs, key=lambda spec: spec.name)
    index = [line for kind in KINDS for line in _index(kind, ordered)]
    return "\n\n".join([HEAD.strip(), *index, *map(page, ordered), *_terms()]) + "\n"


def page(spec: NodeSpec) -> str:
    """Write the page of one node type as Markdown."""
    title, *body = _prose(spec.doc).split("\n\n")
    parts = [f"## {spec.name}", f"*{spec.kind.value}*", title or spec.summary, *body]
    parts += [f"```yaml\n{example(spec)}\n```", *_inputs(spec), *_settings(spec)]
    return "\n\n".join([*parts, f"**Out:** {_out(spec)}"])


def show_page(text: str, console: Console | None = None) -> None:
    """Print a page on a terminal."""
    (console or Console()).print(Markdown(text))


def word(hint: Any) -> str:
    """Say a type as a person would: `W`, `text`, `list of number`, `own or zero`."""
    origin, args = get_origin(hint), get_args(hint)
    if origin is Annotated:
        unit = next((mark.symbol for mark in args if isinstance(mark, Unit)), None)
        return _unit(unit) if unit else word(args[0])
    if origin is Literal:
        return " or ".join(f"`{option}`" for option in args)
    if origin in (Union, types.UnionType):
        return _either(args)
    if isinstance(hint, TypeVar):
        return _either(hint.__constraints__ or (hint.__bound__ or Any,))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return f"mapping to {word(args[1])}"
    if isinstance(origin, type) and issubclass(origin, Sequence | AbstractSet):
        return f"list of {word(args[0])}"
    return WORDS.get(hint) or str(getattr(hint, "__name__", hint))


_HEADS = ("takes", "default", "limits", "")


def _either(options: Sequence[Any]) -> str:
    words = [word(option) for option in options if option is not types.NoneType]
    return " or ".join(dict.fromkeys(words))


def _unit(symbol: str) -> str:
    each = " per second" if symbol.endswith(PER_SECOND) else ""
    base = symbol.removesuffix(PER_SECOND)
    return ("the wire's unit" if base == ANY_UNIT else base) + each


def _index(kind: NodeKind, specs: Sequence[NodeSpec]) -> Iterator[str]:
    mine = [spec for spec in specs if spec.kind is kind]
    if mine:
        links = [f"- [{spec.name}](#{spec.name}): {spec.summary}" for spec in mine]
        yield f"**{KINDS[kind]}**\n\n" + "\n".join(links)


def _prose(doc: str) -> str:
    """Turn a docstring into Markdown: `Raises:` and `Source:` with what is indented under them."""
    doc = SHOWN.sub("", doc).strip()
    doc = re.sub(r"(?m)^ {4,}", "", doc)
    return re.sub(r"(?m)^(Raises|Source|Yields|Returns):\s*", r"**\1:** ", doc)


def _inputs(spec: NodeSpec) -> Iterator[str]:
    if spec.inputs:
        yield table(("input", "carries", "", ""), map(_input, spec.inputs))


def _input(item: Input) -> tuple[str, ...]:
    how = ["triggers"] if item.triggers else []
    how += [] if item.required else ["may be left out"]
    carries = FORMS[item.shape].format(_carries(item.wire))
    return f"`{item.name}`", carries, ", ".join(how), item.about


def _settings(spec: NodeSpec) -> Iterator[str]:
    terms = Terms.names() if spec.terms else frozenset()
    own = [item for name, item in spec.settings.items() if name not in terms]
    if own:
        yield table(("setting", *_HEADS), map(setting_row, own))
        yield f"`{spec.name}: value` gives `{spec.first_setting}`."
    if spec.terms:
        anchor = TERMS.replace(" ", "-")
        told = (f"`{name}` {_default(spec.settings[name])}" for name in sorted(terms))
        yield f"With the [{TERMS}](#{anchor}): {', '.join(told)}."


def _terms() -> Iterator[str]:
    yield f"## {TERMS.capitalize()}"
    yield device_terms()


def device_terms() -> str:
    """Write the settings that every device has, as the engine's shell defines them, as a table."""

    async def any_device(setpoint: Latest[Watts]) -> AsyncIterator[Battery]:
        """Accept."""
        async for watts in setpoint:
            yield Battery(setpoint=watts)

    rows = map(setting_row, read_node(any_device).settings.values())
    return table(("setting", *_HEADS), rows)


def setting_row(item: Setting) -> tuple[str, ...]:
    """Say what a setting takes, its default, its limits and what it is for, as cells."""
    limits = ", ".join(dict.fromkeys(_limits(item.annotation, item.unit)))
    return f"`{item.name}`", word(item.annotation), _default(item), limits, item.about


def _default(item: Setting) -> str:
    if item.required:
        return "required"
    if item.default is None or item.default in ((), [], {}):
        return "none"
    if isinstance(item.default, bool):
        return str(item.default).lower()
    if isinstance(item.default, float | int):
        unit = None if (item.unit or "").startswith(ANY_UNIT) else item.unit
        return show(item.default, unit)
    return f"`{item.default}`"


def _limits(hint: Any, unit: str | None) -> Iterator[str]:
    if get_origin(hint) is Annotated:
        for mark in get_args(hint)[1:]:
            form = CHECKS.get(type(mark))
            if form:
                (limit,) = (getattr(mark, item.name) for item in fields(mark))
                known = unit if unit and not unit.startswith(ANY_UNIT) else None
                yield form.format(show(limit, known) if limit else "0")
    for inner in get_args(hint):
        yield from _limits(inner, unit)


def _out(spec: NodeSpec) -> str:
    if spec.output is None:
        return "nothing"
    as_came = isinstance(spec.output.type, TypeVar) and spec.output.derived is None
    return "what comes in" if as_came else _carries(spec.output)


def _carries(wire: Wire) -> str:
    if isinstance(wire.derived, UnitFrom):
        return f"number, in the unit that `{wire.derived.setting}` names"
    if isinstance(wire.derived, FieldFrom):
        return f"the field that `{wire.derived.setting}` names"
    return _unit(wire.unit) if wire.unit else word(wire.type)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table as Markdown."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines
    )


def main() -> None:
    """Write `docs/nodes.md` to standard output."""
    library = Library.beside()
    sys.stdout.write(pages(map(library.get, library.names())))


if __name__ == "__main__":
    main()
