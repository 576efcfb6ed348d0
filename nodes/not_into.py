"""Loads that no battery is to feed: not into the car."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated

from flowctl import Ge, Observable, Outlook, Watts
from nodes._helpers.operators import Receiver, each_with


def not_into(
    outlook: Annotated[Observable[Outlook], "the house as `response_predictor` sees it"],
    loads: Annotated[Mapping[str, Observable[Watts]], "what each such load draws, positive"],
    *,
    above: Annotated[Watts, Ge(0), "a load that draws no more than this counts as off"] = 50.0,
) -> Observable[Outlook]:
    """Pass the outlook, its target lowered by what these loads draw, to 0 W; one per outlook.

    Read by a law such as `rebalance` in place of the outlook itself. What the sun makes may go into
    these loads, and what is left of it into the batteries as ever; only discharging for them ends.
    A load counts by its newest word: one that falls silent while it draws keeps its power, so put
    `stale: {after: 1m, value: 0}` before where that can be. NaN and infinities are not heard.
    """

    def hear(say: Receiver[Outlook], newest: Mapping[str, Watts | None]) -> Receiver[Outlook]:
        def receive(view: Outlook) -> None:
            drawn = math.fsum(
                watts
                for watts in newest.values()
                if watts is not None and math.isfinite(watts) and watts > above
            )
            served = min(view.target, max(0.0, view.target - drawn))
            say(view if served == view.target else replace(view, target=served))

        return receive

    return each_with(outlook, loads, hear)
