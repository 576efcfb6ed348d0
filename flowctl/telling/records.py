"""The pages of the records on wires: what each field holds, from the code that defines it."""

import ast
import inspect
from dataclasses import fields
from itertools import pairwise
from textwrap import dedent
from typing import Annotated, get_args, get_origin, get_type_hints

from flowctl.language.own import Why
from flowctl.language.testwires import NOTHING, RELEASED
from flowctl.telling.docs import table, word
from flowctl.units import Unit
from flowctl.values import Ability, Battery, Outlook, Plan, Trouble

RECORDS = {record.__name__: record for record in (Battery, Plan, Outlook, Ability, Trouble, Why)}
MANUAL = "docs/flow.md"
WORDS = {
    "from": "the first step of a stream that goes on where others end: `- from: meter`, "
    "`- from: [a, b]` (merged), `- from: plan.left` (a field), `- from: plan/rebalance` (a step)",
    "as": "a name for a step, beside its node: `- {map: value * 2, as: double}`",
    "errors": "the engine's own stream of all that goes wrong, for `from: errors`: see `Trouble`",
    "why": "the engine's own stream of each setpoint that is written, for `from: why`: see `Why`",
    "vars": "names for values, used as `${name}`, and in expressions as `name`",
    "streams": "the pipes of a flow, by name",
    "tests": "what a flow must do, for `flowctl test`: "
    f"`about`, `given`, `expect`; `{RELEASED}` and `{NOTHING}` may be expected",
}


def record_page(record: type) -> str:
    """Write the page of one record as Markdown."""
    title, *body = (inspect.getdoc(record) or "").split("\n\n")
    return "\n\n".join([f"## {record.__name__}", "*record*", title, *body, field_table(record)])


def field_table(record: type) -> str:
    """Write the fields of a record, with units and meaning, as a table."""
    hints = get_type_hints(record, include_extras=True)
    told = {**sentences(Battery), **sentences(record)}  # what others say of a battery is the same
    rows = [
        (f"`{item.name}`", carries(hints[item.name]), told.get(item.name, ""))
        for item in fields(record)
    ]
    return table(("field", "holds", ""), rows)


def sentences(record: type) -> dict[str, str]:
    """Read the text that stands under each field of a record."""
    (made,) = ast.parse(dedent(inspect.getsource(record))).body
    body = made.body if isinstance(made, ast.ClassDef) else []
    found = {}
    for item, below in pairwise(body):
        if isinstance(item, ast.AnnAssign) and isinstance(below, ast.Expr):
            text = ast.literal_eval(below.value)
            found[ast.unparse(item.target)] = " ".join(str(text).split())
    return found


def carries(hint: object) -> str:
    """Say what a field holds: `W`, `text`, `mapping to W`, `list of s and W`."""
    parts = [part for part in get_args(hint) if part not in (type(None), Ellipsis)]
    origin = get_origin(hint)
    if origin is tuple and len(parts) > 1:
        return " and ".join(map(carries, parts))
    if origin is tuple:
        return f"list of {carries(parts[0])}"
    unit = origin is Annotated and next((p.symbol for p in parts if isinstance(p, Unit)), None)
    return unit or word(hint)


def word_page(name: str) -> str:
    """Write what a word of the language means."""
    kind = "*a word of the language, not a node*"
    return f"## {name}\n\n{kind}\n\n{WORDS[name]}.\n\n{MANUAL} tells more."
