"""Never feed more into the grid than allowed; and keep room in the batteries for just that."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Literal

from flowctl import Ge, Observable, Outlook, Watts
from nodes._helpers.operators import Receiver, each_with

MOST = "most"
Charge = Literal["all", "excess"]


def feed_in_cap(
    outlook: Annotated[Observable[Outlook], "the house as `response_predictor` sees it"],
    most_from: Annotated[Observable[Watts] | None, "goes before `most`: a price, a tariff"] = None,
    *,
    most: Annotated[Watts, Ge(0), "largest export at the meter"],
    charge: Annotated[
        Charge, "what the batteries take of a surplus: all, or only what is above `most`"
    ] = "all",
) -> Observable[Outlook]:
    """Pass the outlook with a target that keeps the export at `most`; one per outlook.

    Read by a law such as `rebalance` in place of the outlook itself. Batteries that are to give
    more than the house needs (`aim`) give only so much that no more than `most` leaves it. With
    `charge: excess` a sunny day does not fill them in the morning: what may be fed in is, and they
    take what is above. What they cannot take any more is fed in nevertheless: that is for the
    inverter of the panels to prevent. A `target` of rebalance is added after this, so leave it at
    0. NaN and infinities of the stream are not heard.
    """
    others = {} if most_from is None else {MOST: most_from}

    def hear(say: Receiver[Outlook], newest: Mapping[str, Watts | None]) -> Receiver[Outlook]:
        def receive(view: Outlook) -> None:
            told = newest.get(MOST)
            limit = most if told is None or not math.isfinite(told) else max(0.0, told)
            target = capped(view, limit, charge)
            say(view if target == view.target else replace(view, target=target))

        return receive

    return each_with(outlook, others, hear)


def capped(view: Outlook, limit: Watts, charge: Charge) -> Watts:
    """Return the power of all batteries that keeps the export within a limit."""
    target = view.target
    if target < 0 and charge == "excess":
        target = min(0.0, target + limit)
    return min(target, view.load + limit)
