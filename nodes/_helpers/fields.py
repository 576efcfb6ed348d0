"""Numbers and fields out of what devices and files say; nothing odd gets past."""

import json
import math
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from nodes._helpers.nonsense import excerpt

DEEPEST = 32  # lists and objects within each other; what devices say has five


def read_json(text: str) -> Any:
    """Read JSON; what is none, or goes too deep, is a `ValueError` that shows how it begins."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError(f"not JSON: {excerpt(text)}") from None
    if text.count("[") + text.count("{") > DEEPEST and _is_deep(said):
        raise ValueError(f"JSON of more than {DEEPEST} levels: {excerpt(text)}")
    return said


def pick(data: Any, path: str) -> Any:
    """Follow a path such as `total.power` or `phases[0].watts`; a whole key goes before its parts.

    Raises:
        ValueError: it leads nowhere; the message says what is there.
    """
    if isinstance(data, Mapping) and path in data:
        return data[path]
    for key in filter(None, path.replace("[", ".").replace("]", "").split(".")):
        data = _enter(data, key, path)
    return data


def number(value: Any) -> float:
    """Take a finite number as it is; anything else is a `ValueError`."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"not a number: {excerpt(str(value))}")
    return _finite(value)


def read_number(value: Any) -> float:
    """Take a finite number, also one written as text."""
    if not isinstance(value, str):
        return number(value)
    try:
        if "_" not in value:  # Python's own way to write a thousand
            return _finite(float(value))
    except ValueError:
        pass
    raise ValueError(f"not a number: {excerpt(value)}")


def frozen(value: Any) -> Any:
    """Make what JSON gave unchangeable, as everything on a wire is."""
    if isinstance(value, dict):
        return MappingProxyType({key: frozen(part) for key, part in value.items()})
    if isinstance(value, list):
        return tuple(map(frozen, value))
    return number(value) if isinstance(value, float) else value


def _enter(data: Any, key: str, path: str) -> Any:
    if isinstance(data, Mapping) and key in data:
        return data[key]
    if isinstance(data, list | tuple) and key.isdecimal() and int(key) < len(data):
        return data[int(key)]
    there = (
        ", ".join(map(str, list(data)[:8])) if isinstance(data, Mapping) else type(data).__name__
    )
    raise ValueError(f"no field {path} (there is: {there or 'nothing'})")


def _finite(value: float) -> float:
    try:
        made = float(value)
    except OverflowError:
        made = math.inf
    if not math.isfinite(made):
        raise ValueError("a number that is not finite")
    return made


def _is_deep(said: Any) -> bool:
    """Tell whether lists and objects lie deeper in each other than any device has them."""
    level = [said]
    for _ in range(DEEPEST):
        wholes = [whole for whole in level if isinstance(whole, list | dict)]
        level = [part for whole in wholes for part in _parts(whole)]
    return any(isinstance(part, list | dict) for part in level)


def _parts(whole: list[Any] | dict[str, Any]) -> Iterable[Any]:
    return whole.values() if isinstance(whole, dict) else whole
