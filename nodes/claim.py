"""Count a battery as ours to steer although it follows a meter of its own."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

from flowctl import Battery, Condition, Observable
from nodes._helpers.expressions import work_out
from nodes._helpers.operators import NONE, Receiver, each_with


def claim(
    battery: Annotated[Observable[Battery], "what a battery tells"],
    others: Annotated[
        Mapping[str, Observable[Any]], "streams that the condition sees by name"
    ] = NONE,
    *,
    where: Annotated[
        Condition | None, "while this is true; if not given, always, e.g. `mode != 'Own'`"
    ] = None,
) -> Observable[Battery]:
    """Pass what a battery tells, without that it regulates itself; one per record.

    Read by `response_predictor` in place of the battery: left alone, a Marstek follows its own
    meter, and says so after every release. Such a battery is taken all the same, unless its device
    has `own_meter: leave`: then this decides by a condition. While it is not true, or not known,
    the record says how it is.
    """

    def hear(say: Receiver[Battery], newest: Mapping[str, Any]) -> Receiver[Battery]:
        own: bool | None = None

        def receive(record: Battery) -> None:
            nonlocal own
            own = own if record.self_regulating is None else record.self_regulating
            ours = where is None or work_out(where, record, newest)
            say(replace(record, self_regulating=False if ours and own else own))

        return receive

    return each_with(battery, others, hear)
