"""Let through only what fulfils a condition."""

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from flowctl import Condition, Observable
from nodes._helpers.expressions import asking
from nodes._helpers.operators import NONE, Receiver, each_with

T = TypeVar("T")


def filter(
    values: Annotated[Observable[T], "what is let through or not"],
    others: Annotated[Mapping[str, Observable[Any]], "streams the condition sees by name"] = NONE,
    *,
    where: Annotated[Condition, "what must be true of a value, e.g. `abs(value) < 20kW`"],
) -> Observable[T]:
    """Pass the values for which `where` is true; the one operator that drops.

    The condition sees `value`, the fields of a record and the newest of `others`. Silence means
    that nothing fulfils it: a condition that is not known (a field that is `None`, a stream that
    has not spoken, a division by zero) is not true.
    """

    def hear(say: Receiver[T], newest: Mapping[str, Any]) -> Receiver[T]:
        fulfils = asking(where, newest)

        def receive(value: T) -> None:
            if fulfils(value):
                say(value)

        return receive

    return each_with(values, others, hear)
