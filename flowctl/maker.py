"""Make frozen records in a hurry."""

from collections.abc import Callable
from dataclasses import field, fields, make_dataclass
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def maker(record: Callable[P, R]) -> Callable[P, R]:
    """Return what makes records of a kind in less than half the time, for laws at every reading.

    A frozen dataclass writes each of its fields by a call. Here they are assigned to a draft that
    is still open, and becomes the record.
    """
    parts: Any = fields(record)  # type: ignore[arg-type] # the type of a record can be called

    def freeze(draft: Any) -> None:
        draft.__class__ = record

    drafted: Callable[P, R] = make_dataclass(
        f"{record.__name__}Draft",
        [
            (part.name, Any, field(default=part.default, default_factory=part.default_factory))
            for part in parts
        ],
        namespace={"__post_init__": freeze},
        kw_only=True,
        slots=True,
    )
    return drafted
