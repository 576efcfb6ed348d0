"""Annotations, taken apart."""

from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin


def strip(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    """Take `Annotated` off an annotation: the bare type and all its marks."""
    if get_origin(hint) is Annotated:
        bare, *marks = get_args(hint)
        inner, more = strip(bare)
        return inner, (*more, *marks)
    return hint, ()


def is_union(hint: Any) -> bool:
    """Tell whether it offers a choice: `A | B`."""
    return get_origin(hint) in (Union, UnionType)


def not_none(hint: Any) -> Any:
    """Take `| None` off an annotation."""
    if not is_union(hint):
        return hint
    return next(option for option in get_args(hint) if option is not NoneType)
