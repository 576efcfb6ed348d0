"""Charge from the grid only with permission, and only as far as the connection allows."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

from flowctl import Condition, Ge, Observable, OnlyWith, Outlook, Watts
from nodes._helpers.expressions import work_out
from nodes._helpers.operators import NONE, Receiver, each_with

HOUSE = "house"


def grid_charging(
    outlook: Annotated[Observable[Outlook], "the house, and what is asked of its batteries"],
    house: Annotated[
        Observable[Outlook] | None, "the same before anything was asked, where pulses are smoothed"
    ] = None,
    others: Annotated[
        Mapping[str, Observable[Any]], OnlyWith("allow"), "streams that `allow` sees by name"
    ] = NONE,
    *,
    allow: Annotated[
        Condition | None, "true while it is allowed, e.g. `price < 0.12`; never if not given"
    ] = None,
    most: Annotated[
        Annotated[Watts, Ge(0)] | None,
        OnlyWith("allow"),
        "largest import at the meter while charging",
    ] = None,
) -> Observable[Outlook]:
    """Pass the outlook with a target that charges no more than is allowed; one per outlook.

    Read by a law such as `rebalance` in place of the outlook itself, after a step that asks for
    charging: `[response_predictor, aim, grid_charging: {house: plan/response_predictor}, ...]`.
    Without permission the batteries take what the sun leaves and no more; with it, as much as keeps
    the import at `most`. What is not known is not a permission. Whatever asks for charging, here or
    further down (a `target` of rebalance say), is bound by it; `full_charge` alone is not.

    Example:
        - from: plan/response_predictor
        - grid_charging: {allow: price < 0.12, most: 5kW, others: [price]}
    """
    known = {} if house is None else {HOUSE: house}

    def hear(say: Receiver[Outlook], newest: Mapping[str, Any]) -> Receiver[Outlook]:
        def receive(view: Outlook) -> None:
            allowed = allow is not None and bool(work_out(allow, view, newest))
            before = newest.get(HOUSE)
            needs = view.load if before is None else before.target
            imported = most if allowed else 0.0
            if imported is None:
                say(view)
                return
            lowest = permitted(needs, imported, view.lowest)
            say(replace(view, target=max(view.target, lowest), lowest=lowest))

        return receive

    return each_with(outlook, {**others, **known}, hear)


def permitted(needs: Watts, imported: Watts, before: Watts | None) -> Watts:
    """Return the least power of all batteries if charging may cause only so much import."""
    lowest = min(0.0, needs - imported)
    return lowest if before is None else max(lowest, before)
