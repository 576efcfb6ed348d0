"""Let the batteries give a wanted total, in place of what the house needs."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

from flowctl import Ability, Condition, Observable, Outlook, Watts
from nodes._helpers.expressions import work_out
from nodes._helpers.operators import NONE, Receiver, each_with

AT = "at"
PACE = 0.1  # part of the error that enters the trim with each outlook: seconds, not one reading
MOST = 100.0  # W that the trim may be: more is no offset but a battery that has not answered yet


def aim(
    outlook: Annotated[Observable[Outlook], "the house as `response_predictor` sees it"],
    at: Annotated[Observable[Watts], "total wanted of all batteries, + discharging"],
    others: Annotated[Mapping[str, Observable[Any]], "streams that `when` sees by name"] = NONE,
    *,
    when: Annotated[Condition | None, "only while this is true; always if not given"] = None,
) -> Observable[Outlook]:
    """Pass the outlook with the newest wanted total as its target; one per outlook.

    What is known of each battery stays: who is late, what each can really deliver. So a law such as
    `rebalance` shares the total among those that answer; what the house draws does not matter, so
    the meter may be that of the house, or `shortfall` where there is none. What the batteries lack
    of their setpoints by their own telemetry while nothing is in flight, by losses or rounding, is
    added slowly, 100 W at most. A total of zero is just zero. While `when` is not true, and until a
    total is known, the outlook passes as it is.

    Example:
        - from: plan/response_predictor
        - aim: {at: wanted}
    """

    def hear(say: Receiver[Outlook], newest: Mapping[str, Any]) -> Receiver[Outlook]:
        trim = 0.0

        def receive(seen: Outlook) -> None:
            nonlocal trim
            total = newest[AT]
            holds = when is None or bool(work_out(when, seen, newest))
            if holds and total is not None and math.isfinite(total):
                trim, seen = step(trim, seen, total)
            say(seen)

        return receive

    return each_with(outlook, {**others, AT: at}, hear)


def step(trim: Watts, seen: Outlook, total: Watts) -> tuple[Watts, Outlook]:
    """Aim at a total; learn the trim while nothing is in flight."""
    if total == 0:
        return 0.0, replace(seen, target=0.0)
    if not any(ability.flights for ability in seen.batteries.values()):
        lacks = max(-MOST, min(MOST, sum(map(lacking, seen.batteries.values()))))
        trim += PACE * (lacks - trim)
    target = max(0.0, total + trim) if total > 0 else min(0.0, total + trim)
    return trim, replace(seen, target=target)


def lacking(ability: Ability) -> Watts:
    """What a battery does not give of its setpoint, as far as it is ours and tells its power."""
    if ability.power is None or not ability.available:
        return 0.0
    return ability.setpoint - ability.power
