"""Values as lines that InfluxDB takes. Pure.

Source: docs.influxdata.com, line protocol.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass
from typing import Any

from nodes._helpers.payload import plain

VALUE = "value"


def line(
    measurement: str, tags: Mapping[str, str], value: Any, fields: Sequence[str] = ()
) -> str | None:
    """Write a value as a line without a time; nothing where it has none of the fields.

    Raises:
        ValueError: it cannot be written.
    """
    told = plain(value) if is_dataclass(value) or isinstance(value, Mapping) else {VALUE: value}
    flat = _flat(told)
    written = {name: _field(part) for name, part in flat.items() if not fields or name in fields}
    pairs = [f"{_key(name)}={part}" for name, part in written.items() if part is not None]
    if not pairs:
        return None
    head = [_escaped(measurement, ", "), *(f"{_key(k)}={_key(v)}" for k, v in tags.items() if v)]
    return f"{','.join(head)} {','.join(pairs)}"


def _flat(told: Mapping[str, Any], start: str = "") -> dict[str, Any]:
    """Name what is inside of what: `watts.left`."""
    flat: dict[str, Any] = {}
    for name, part in told.items():
        flat |= (
            _flat(part, f"{start}{name}.") if isinstance(part, Mapping) else {start + name: part}
        )
    return flat


def _field(part: Any) -> str | None:
    if isinstance(part, bool):
        return "true" if part else "false"
    if isinstance(part, float | int):
        return f"{float(part):.15g}"  # always a float: the type of a field is fixed by its first
    if isinstance(part, str):
        text = part.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{text}"'.replace("\n", " ")
    return None


def _key(text: str) -> str:
    return _escaped(text, ",= ")


def _escaped(text: str, signs: str) -> str:
    plain_text = text.replace("\n", " ").rstrip("\\")  # at the end it would escape what follows
    return re.sub(f"([{re.escape(signs)}])", r"\\\1", plain_text)
