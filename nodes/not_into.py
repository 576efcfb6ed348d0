"""Loads that no battery is to feed: not into the car."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, NamedTuple

from flowctl import Ge, Observable, Outlook, Seconds, Watts
from nodes._helpers.operators import Receiver, each_with

PERIODS = 2.0  # of the meter, by which it may tell of a load later than the load itself


class Served(NamedTuple):
    """What was drawn of late by the loads that are not fed, and what of the target remained."""

    drawn: tuple[tuple[Seconds, Watts], ...] = ()
    rest: Watts | None = None


def not_into(
    outlook: Annotated[Observable[Outlook], "the house as `response_predictor` sees it"],
    loads: Annotated[Mapping[str, Observable[Watts]], "what each such load draws, positive"],
    *,
    above: Annotated[Watts, Ge(0), "a load that draws no more than this counts as off"] = 50.0,
    late: Annotated[
        Seconds, Ge(0), "the meter may tell of a load so much later than the load, and two readings"
    ] = 3.0,
) -> Observable[Outlook]:
    """Pass the outlook, its target lowered by what these loads draw, to 0 W; one per outlook.

    Read by a law such as `rebalance` in place of the outlook itself. What the sun makes may go into
    these loads, and what is left of it into the batteries as ever; only discharging for them ends.

    A load that starts or stops tells so before the meter does. Until the meter must have told,
    what is served moves no more than what is known demands: the batteries neither stop, nor give
    for a moment what the load drew. One that tells later than the meter is fed until it tells. A
    load counts by its newest word: one that falls silent while it draws keeps its power, so put
    `stale: {after: 1m, value: 0}` before where that can be. NaN and infinities are not heard.

    Example:
        - from: plan/response_predictor
        - not_into: {loads: [car]}
    """

    def hear(say: Receiver[Outlook], newest: Mapping[str, Watts | None]) -> Receiver[Outlook]:
        state = Served()

        def receive(view: Outlook) -> None:
            nonlocal state
            drawn = math.fsum(
                watts
                for watts in newest.values()
                if watts is not None and math.isfinite(watts) and watts > above
            )
            state, served = step(state, view, drawn, late)
            say(view if served == view.target else replace(view, target=served))

        return receive

    return each_with(outlook, loads, hear)


def step(before: Served, view: Outlook, drawn: Watts, late: Seconds) -> tuple[Served, Watts]:
    """Find what remains to be served, moved no further than what is known demands."""
    since = view.at - late - PERIODS * view.period
    known = (*[item for item in before.drawn if item[0] >= since], (view.at, drawn))
    low = view.target - max(watts for _, watts in known)
    high = view.target - min(watts for _, watts in known)
    rest = high if before.rest is None else min(max(before.rest, low), high)
    return Served(known, rest), min(view.target, max(0.0, rest))
