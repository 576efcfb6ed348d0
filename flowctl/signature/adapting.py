"""From the annotation of a setting to what validates it: pydantic, taught to read quantities."""

from types import NoneType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import AfterValidator, BeforeValidator, TypeAdapter, WithJsonSchema

from flowctl import units
from flowctl.marks import TOLD_TO_CHECK, Check
from flowctl.signature import quantity
from flowctl.signature.hints import is_union, strip
from flowctl.units import Unit


def adapter(annotation: Any) -> TypeAdapter[Any]:
    """Make what validates a value from YAML, and what JSON Schema comes from."""
    return TypeAdapter(_with_units(annotation))


def _with_units(annotation: Any) -> Any:
    """Put the unit parser in front of every quantity inside an annotation, however deep."""
    bare, marks = strip(annotation)
    inner = _inside(bare)
    unit = next((mark.symbol for mark in marks if isinstance(mark, Unit)), None)
    checks = [_ruled(mark) for mark in marks if not isinstance(mark, Unit | str | TOLD_TO_CHECK)]
    if unit:
        checks = [*checks, BeforeValidator(units.reader(unit)), WithJsonSchema(quantity.form(unit))]
    return Annotated[(inner, *checks)] if checks else inner


def _ruled(mark: Any) -> Any:
    """Let pydantic hold a value against a rule of ours; nothing is right by any rule."""
    if not isinstance(mark, Check):
        return mark

    def hold(value: Any) -> Any:
        if value is not None:
            mark.rule(value)
        return value

    return AfterValidator(hold)


def _inside(bare: Any) -> Any:
    args = get_args(bare)
    if not args or get_origin(bare) is Literal or isinstance(args[0], list):
        return bare
    made = tuple(arg if arg is NoneType else _with_units(arg) for arg in args)
    if is_union(bare):
        return Union[made]  # noqa: UP007 - made at run time
    return get_origin(bare)[made]
