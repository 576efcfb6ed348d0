"""Make frozen records in a hurry."""

from collections.abc import Callable
from dataclasses import MISSING, Field, fields
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def maker(record: Callable[P, R]) -> Callable[P, R]:
    """Return what makes records of a kind in less than half the time, for laws at every reading.

    A frozen dataclass writes each of its fields by a call. Here they are assigned to a draft that
    is still open, and becomes the record; all in one function, whose text is written and run as
    `dataclass` does for its own:

        def make(*, at, watts=_watts):
            draft = Draft()
            draft.at = at
            draft.watts = watts
            draft.__class__ = record
            return draft

    What is missing or unknown is a TypeError, as ever. `record` must be a dataclass with slots and
    without `__post_init__`, which is not called.
    """
    parts = fields(record)  # type: ignore[arg-type] # the type of a record can be called
    draft = type("Draft", (), {"__slots__": tuple(part.name for part in parts)})
    known: dict[str, Any] = {"record": record, "Draft": draft, "MISSING": MISSING}
    known |= {f"_{part.name}": part.default for part in parts}
    known |= {f"_new_{part.name}": part.default_factory for part in parts}
    lines = [
        f"def make(*, {', '.join(map(_parameter, parts))}):",
        "    draft = Draft()",
        *[f"    draft.{part.name} = {_value(part)}" for part in parts],
        "    draft.__class__ = record",
        "    return draft",
    ]
    exec("\n".join(lines), known)
    make: Callable[P, R] = known["make"]
    return make


def _parameter(part: Field[Any]) -> str:
    is_needed = part.default is part.default_factory is MISSING
    return part.name if is_needed else f"{part.name}=_{part.name}"


def _value(part: Field[Any]) -> str:
    if part.default_factory is MISSING:
        return part.name
    return f"_new_{part.name}() if {part.name} is MISSING else {part.name}"
