"""An operator with a rate of the wire's unit."""

from typing import Annotated

from flowctl import Observable, Quantity, QuantityPerSecond


def slope(
    values: Observable[Quantity], *, up: Annotated[QuantityPerSecond, "fastest rise"]
) -> Observable[Quantity]:
    """Ramp."""
    return values
