"""An operator with a list of further inputs."""

from collections.abc import Sequence

from flowctl import Observable, Quantity


def add(
    values: Observable[Quantity], others: Sequence[Observable[Quantity]]
) -> Observable[Quantity]:
    """Sum."""
    return values
