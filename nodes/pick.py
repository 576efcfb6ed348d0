"""Take one field out of a record, a mapping or a JSON text."""

import json
from collections.abc import Mapping
from dataclasses import is_dataclass
from typing import Annotated, Any

from flowctl import FieldFrom, Observable, Plan, UnitFrom
from nodes._helpers.expressions import sayable
from nodes._helpers.fields import frozen
from nodes._helpers.operators import Each, Receiver


def pick(
    values: Annotated[Observable[Any], "records, mappings, lists or JSON texts"],
    *,
    field: Annotated[str, "name of a field, or a path such as `ENERGY.Power` or `phases.0.power`"],
    unit: Annotated[str | None, "unit of what is picked, where its record does not tell"] = None,
) -> Annotated[Observable[Any], FieldFrom("field"), UnitFrom("unit")]:
    """Say one field of each value, one per value that has it.

    Looks into records, mappings, lists (by number, from 0), plans (by battery) and JSON texts;
    `phases[0].power` is the same as `phases.0.power`. A field that is missing, `None` or not finite
    says nothing. Integers become floats.

    Example:
        - from: telegram
        - pick: ENERGY.Power
    """
    path = field.replace("[", ".").replace("]", "")

    def hear(say: Receiver[Any]) -> Receiver[Any]:
        def receive(value: Any) -> None:
            found = _said(reach(value, path))
            if found is not None:
                say(found)

        return receive

    return Each(values, hear)


def reach(value: Any, path: str) -> Any:
    """Follow a path; `None` where it leads nowhere. A key may hold dots itself."""
    inside = _json(value) if isinstance(value, str) else value
    found = _part(inside, path)
    head, dot, rest = path.partition(".")
    if found is not None or not dot:
        return found
    return reach(_part(inside, head), rest)


def _part(value: Any, name: str) -> Any:
    if isinstance(value, Mapping):
        return value.get(name)
    if isinstance(value, list | tuple):
        numbered = name.isdecimal() and len(name) < 9 and int(name) < len(value)
        return value[int(name)] if numbered else None
    if is_dataclass(value) and name in value.__dataclass_fields__:
        return getattr(value, name)
    return value.share(name) if isinstance(value, Plan) else None


def _said(found: Any) -> Any:
    try:
        return frozen(found) if isinstance(found, dict | list) else sayable(found)
    except ValueError:  # a number in there is not finite
        return None


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
