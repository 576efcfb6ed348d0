"""Turn each value into another by an expression."""

from collections.abc import Mapping
from typing import Annotated, Any

from flowctl import Expression, Observable, UnitFrom
from nodes._helpers.expressions import asking, sayable
from nodes._helpers.operators import NONE, Receiver, each_with


def map(
    values: Annotated[Observable[Any], "what is turned into something else"],
    others: Annotated[Mapping[str, Observable[Any]], "streams the expression sees by name"] = NONE,
    *,
    to: Annotated[Expression, "what becomes of a value, e.g. `value / 2` or `power + solar`"],
    unit: Annotated[str | None, "unit of the result, e.g. W; if not given, what `to` tells"] = None,
) -> Annotated[Observable[Any], UnitFrom("unit", ("to",))]:
    """Say the result of `to`, one per value.

    The expression sees `value`, the fields of a record and the newest of `others`. A result that is
    not known says nothing: a field that is `None`, a stream that has not spoken, a division by
    zero, a text that is not a number. Quantities count in base units (W, Wh, s, %).
    """

    def hear(say: Receiver[Any], newest: Mapping[str, Any]) -> Receiver[Any]:
        work_out = asking(to, newest)

        def receive(value: Any) -> None:
            made = sayable(work_out(value))
            if made is not None:
                say(made)

        return receive

    return each_with(values, others, hear)
