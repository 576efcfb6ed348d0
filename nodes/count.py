"""Count how often something happens."""

from typing import Annotated, Any

from flowctl import Observable, Store
from nodes._helpers.kept import kept
from nodes._helpers.operators import holding


def count(
    values: Annotated[Observable[Any], "what is counted"], *, store: Store
) -> Observable[float]:
    """Say how many values have come, one per value; of a bool, how often it turned true.

    The count is kept over restarts. A bool that is true from the start counts once. NaN and
    infinities do not count.
    """

    def step(before: Any, value: Any) -> tuple[Any, float]:
        total = kept(store, "count")
        if value is not False and not (value is True and before is True):
            total += 1
            store["count"] = total
        return value, total

    return holding(values, None, step)
