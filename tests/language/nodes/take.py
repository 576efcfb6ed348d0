"""An operator that takes a field."""

from typing import Annotated, Any

from flowctl import FieldFrom, Observable


def take(
    values: Observable[Any], *, field: Annotated[str, "name of the field"]
) -> Annotated[Observable[Any], FieldFrom("field")]:
    """Take."""
    return values
