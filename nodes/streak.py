"""Count how often in a row a condition is true."""

from typing import Annotated, Any

from flowctl import Condition, Observable
from nodes._helpers.expressions import asking
from nodes._helpers.operators import Each, Receiver


def streak(
    values: Annotated[Observable[Any], "what the condition is asked of"],
    *,
    where: Annotated[Condition, "the condition, e.g. `0 < value and value < 120W`"],
) -> Observable[float]:
    """Say for how many values in a row `where` has been true, one per value; 0 when it is not.

    A condition that is not known is not true.
    """

    def hear(say: Receiver[float]) -> Receiver[Any]:
        fulfils, number = asking(where, {}), 0.0

        def receive(value: Any) -> None:
            nonlocal number
            number = number + 1 if fulfils(value) else 0.0
            say(number)

        return receive

    return Each(values, hear)
