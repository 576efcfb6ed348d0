"""Values of wires as a line of text for people."""

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from string import Formatter
from typing import Any

UNKNOWN = "-"


def say(value: Any) -> str:
    """Write a value in one line: `power=300 soc=60` for a record, without what is not known."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.10g}"
    if isinstance(value, Mapping) or is_dataclass(value):
        told = ((name, part) for name, part in by_name(value).items() if part is not None)
        return " ".join(f"{name}={_inner(part)}" for name, part in told)
    if isinstance(value, tuple | list):
        return "[" + ", ".join(map(_inner, value)) + "]"
    return UNKNOWN if value is None else str(value)


def by_name(value: Any) -> dict[str, Any]:
    """Fields of a record, or entries of a mapping; nothing of anything else."""
    if isinstance(value, Mapping):
        return {str(key): part for key, part in value.items()}
    if is_dataclass(value):
        return {item.name: getattr(value, item.name) for item in fields(value)}
    return {}


def filled(text: str, value: Any) -> str:
    """Fill the gaps of a text with a value and its fields; `-` where one is not known."""
    told = by_name(value)
    told |= {key: part for key, part in by_name(told.get("watts")).items() if key not in told}
    return "".join(_filled(part, {"value": value} | told) for part in parts(text))


def parts(text: str) -> Iterable[tuple[str, str | None, str | None, str | None]]:
    """Take a text with gaps apart.

    Raises:
        ValueError: a brace stands alone; the message says so.
    """
    try:
        return list(Formatter().parse(text))
    except ValueError:
        cure = "write {{ or }} for the brace itself"
        raise ValueError(
            f"'{text}' has a brace that is not closed, or not opened; {cure}"
        ) from None


def _filled(part: tuple[str, str | None, str | None, str | None], told: Mapping[str, Any]) -> str:
    before, name, layout, _ = part
    if name is None:
        return before
    value: Any = told.get(name or "value")
    try:
        return before + (format(value, layout) if layout and value is not None else say(value))
    except (ValueError, TypeError):
        return before + say(value)


def _inner(value: Any) -> str:
    inner = say(value)
    return f"({inner})" if isinstance(value, Mapping) or is_dataclass(value) else inner
