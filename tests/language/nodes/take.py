"""An operator that takes a field."""

from typing import Annotated, Any

from flowctl import FieldFrom, Observable, UnitFrom


def take(
    values: Observable[Any],
    *,
    field: Annotated[str, "name of the field"],
    unit: Annotated[str | None, "its unit, where the record does not tell"] = None,
) -> Annotated[Observable[Any], FieldFrom("field"), UnitFrom("unit")]:
    """Take."""
    return values
