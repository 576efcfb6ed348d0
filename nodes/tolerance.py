"""Leave small amounts at the meter alone, import and export apart."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated

from flowctl import Ge, Observable, Outlook, Watts
from nodes._helpers.operators import Receiver, each_with

TARGET = "target"


def tolerance(
    outlook: Annotated[Observable[Outlook], "the house as `response_predictor` sees it"],
    target_from: Annotated[
        Observable[Watts] | None, "import wanted at the meter now, as that of `rebalance`"
    ] = None,
    *,
    above: Annotated[Watts, Ge(0), "so much more import than wanted is left alone"],
    below: Annotated[
        Annotated[Watts, Ge(0)] | None, "so much less (or export); as `above` if not given"
    ] = None,
    target: Annotated[Watts, "import wanted at the meter, as that of `rebalance`"] = 0.0,
) -> Observable[Outlook]:
    """Pass the outlook; while the meter will be near enough, its target is what is given already.

    One per outlook, read by a law such as `rebalance` in place of the outlook itself. What counts
    is what the meter will show once everything in flight has landed. Beyond the tolerance the
    outlook passes as it is, so the meter comes back to what is wanted and not just to the edge.
    Where batteries do more than is needed, that is import what they charge or export what they
    give, the smaller of the two counts: else what two of them did at once for a moment might stay.
    """
    less = above if below is None else below
    others = {} if target_from is None else {TARGET: target_from}

    def hear(say: Receiver[Outlook], newest: Mapping[str, Watts | None]) -> Receiver[Outlook]:
        def receive(view: Outlook) -> None:
            told = newest.get(TARGET)
            wanted = target if told is None or not math.isfinite(told) else told
            say(tolerated(view, above, less, wanted))

        return receive

    return each_with(outlook, others, hear)


def tolerated(view: Outlook, above: Watts, below: Watts, wanted: Watts) -> Outlook:
    """Keep what the batteries give if that leaves the meter near enough to what is wanted."""
    given = sum(
        ability.setpoint
        for ability in view.batteries.values()
        if ability.available and not ability.self_regulating
    )
    off = view.target - given - wanted
    if given * off < 0:  # they do too much
        above = below = min(above, below)
    if off == 0 or not -below <= off <= above:
        return view
    return replace(view, target=given + wanted)
