"""Values of wires as states of Home Assistant, and back."""

import json
import math
from collections.abc import Mapping
from dataclasses import is_dataclass
from typing import Any, Literal

from nodes._helpers.fields import pick, read_number
from nodes._helpers.ha import in_base
from nodes._helpers.ha_states import State
from nodes._helpers.nonsense import excerpt
from nodes._helpers.payload import FALSE, TRUE, encoder, plain
from nodes._helpers.say import by_name

Format = Literal["number", "text", "bool"]


class Reader:
    """Reads states and attributes out of what flows; of a record it remembers what it knew."""

    def __init__(
        self, unit: str = "", sign: int = 1, decimals: int | None = None, field: str = ""
    ) -> None:
        self._factor, self._field = sign / in_base(unit)[1], field
        self._encode = encoder("plain", decimals)
        self._known: dict[str, Any] = {}

    def state(self, value: Any) -> bytes | None:
        """Return the state, or nothing where the record has no such field.

        Raises:
            ValueError: it is not a number, text or truth value.
        """
        found = part_of(value, self._field)
        if isinstance(found, float | int) and not isinstance(found, bool):
            return self._encode(found * self._factor + 0.0)
        if found is None or isinstance(found, str | bool):
            return None if found is None else self._encode(found)
        raise ValueError(f"a {type(found).__name__} is not a state; name one of its fields")

    def attributes(self, value: Any) -> bytes:
        """Return all fields that are known of a record, but for the state itself."""
        told = plain(value)
        self._known |= told if isinstance(told, dict) else {}
        rest = {name: part for name, part in self._known.items() if name != self._field}
        return json.dumps(rest, ensure_ascii=False, allow_nan=False).encode()


def part_of(value: Any, field: str) -> Any:
    """Return a field of a record or mapping, by a path; the value itself where none is named."""
    if not field:
        return value
    inside = by_name(value) if is_dataclass(value) else value
    if not isinstance(inside, Mapping):
        return None
    try:
        return pick(inside, field)
    except ValueError:
        return None


def number_kept(kept: Any, start: float | None, low: float, high: float) -> float | None:
    """Return what a store kept if it is a number within the range, else what to start with.

    Raises:
        ValueError: the range holds nothing, or not the start.
    """
    if low >= high:
        raise ValueError(f"low {low:g} is not below high {high:g}")
    if start is not None and not low <= start <= high:
        raise ValueError(f"start {start:g} is not within {low:g} and {high:g}")
    held = isinstance(kept, float | int) and not isinstance(kept, bool) and low <= kept <= high
    return float(kept) if held else start


def number_in(text: str, low: float, high: float) -> float:
    """Read a number that was set.

    Raises:
        ValueError: it is none, or out of the range.
    """
    value = read_number(text)
    if not low <= value <= high:
        raise ValueError(f"{value:g} is not within {low:g} and {high:g}")
    return value


def truth(value: Any) -> bool | None:
    """Read whether something is on: a truth value, a number that is not zero, or a word for it."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, float | int):
        return value != 0 if math.isfinite(value) else None
    word = str(value).strip().lower()
    return word in TRUE if word in TRUE + FALSE else None


def value_of(state: State, attribute: str, format: Format, unit: str | None) -> Any:
    """Read the value that a state or one of its attributes holds.

    Raises:
        ValueError: it holds none, or one of another unit.
    """
    found = pick(state.attributes, attribute) if attribute else state.text
    if format == "text":
        return found if isinstance(found, str) else json.dumps(plain(found))
    if format == "bool":
        holds = truth(found)
        if holds is None:
            raise ValueError(f"neither on nor off: {excerpt(str(found))}")
        return holds
    value = read_number(found)
    told = state.attributes.get("unit_of_measurement")
    if unit is None or attribute or not isinstance(told, str):
        return value
    base, scale = in_base(told)
    if base != unit:
        raise ValueError(f"it is in {told}, and {unit} is wanted")
    return value * scale
