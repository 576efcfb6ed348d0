"""Let the batteries give a wanted total, in place of what the house needs."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

from flowctl import Expression, Observable, Outlook, Watts
from nodes._helpers.operators import NONE, Receiver, each_with, work_out

AT = "at"


def aim(
    outlook: Annotated[Observable[Outlook], "the house as `response_predictor` sees it"],
    at: Annotated[Observable[Watts], "total wanted of all batteries, + discharging"],
    others: Annotated[Mapping[str, Observable[Any]], "streams that `when` sees by name"] = NONE,
    *,
    when: Annotated[Expression | None, "only while this is true; always if not given"] = None,
) -> Observable[Outlook]:
    """Pass the outlook with the newest wanted total as its target; one per outlook.

    What is known of each battery stays: who is late, what each can really deliver. So a law such as
    `rebalance` shares the total among those that answer. While `when` is not true, and until a
    total is known, the outlook passes as it is.
    """

    def hear(say: Receiver[Outlook], newest: Mapping[str, Any]) -> Receiver[Outlook]:
        def receive(seen: Outlook) -> None:
            total = newest[AT]
            holds = when is None or bool(work_out(when, seen, newest))
            if holds and total is not None and math.isfinite(total):
                seen = replace(seen, target=total)
            say(seen)

        return receive

    return each_with(outlook, {**others, AT: at}, hear)
