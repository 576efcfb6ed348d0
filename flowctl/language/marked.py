"""A value and its place: every key and value of a YAML text knows its line."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flowctl.faults import Mark

Scalar = str | int | float | bool | None
BROKEN = type("Broken", (), {"__repr__": lambda _: "?"})()
"""Stands where a value could not be made; its fault is told already."""

_NULL = {"", "~", "null", "Null", "NULL"}
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Marked:
    """A value of a YAML text and its place."""

    mark: Mark
    value: Any
    """A scalar, a list of marked values, or a mapping of text to marked values."""
    keys: Mapping[str, Mark] = field(default_factory=dict)
    """Where each key of a mapping stands."""
    text: str = ""
    """A scalar as it was written."""
    soft: bool = False
    """The text came from outside (the environment): it may be a number and a text alike."""
    size: int = 1
    lent: bool = False
    """A `${name}` stands in its place: who wrote that need not know the value."""
    rest: "Marked | None" = None
    """What was one value for all before parts of it were given from outside."""

    @property
    def kind(self) -> str:
        """What it is, in a word for people."""
        names = {dict: "a mapping", list: "a list", type(None): "nothing", bool: "true or false"}
        text = isinstance(self.value, str)
        return names.get(type(self.value), "a text" if text else "a number")

    def plain(self) -> Any:
        """Return the value as plain Python data."""
        if isinstance(self.value, dict):
            return {key: item.plain() for key, item in self.value.items()}
        if isinstance(self.value, list):
            return [item.plain() for item in self.value]
        return self.value

    def place(self, path: Sequence[Any]) -> Mark:
        """Find where a part of the value stands, as near as it can be told."""
        for head in path:
            if isinstance(self.value, dict) and head in self.value:
                return self.part(head).place(path[1:])
            if isinstance(self.value, list) and isinstance(head, int) and head < len(self.value):
                return self.part(head).place(path[1:])
            path = path[1:]
        return self.mark

    def part(self, key: Any) -> "Marked":
        """Return the part of a list or mapping that stands at a key."""
        found: Marked = self.value[key]
        return found

    def broken(self) -> bool:
        """Tell whether a part could not be made."""
        if isinstance(self.value, dict):
            return any(item.broken() for item in self.value.values())
        if isinstance(self.value, list):
            return any(item.broken() for item in self.value)
        return self.value is BROKEN


def scalar(text: str) -> Scalar:
    """Read a plain scalar as YAML 1.2 does: `on`, `12:30` and `2s` stay text."""
    if text in _NULL:
        return None
    if text in _BOOL:
        return _BOOL[text]
    if _BASED.fullmatch(text) and len(text) < 16:
        return int(text, 0)
    if _INT.fullmatch(text) and len(text) < 18:
        return int(text)
    if _FLOAT.fullmatch(text):
        number = float(text)
        return number if abs(number) < float("inf") else text
    return text
