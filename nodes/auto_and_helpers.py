"""Leave one battery to its own meter, and let the others help when it cannot do it alone."""

from collections.abc import Mapping
from typing import Annotated

from flowctl import (
    Battery,
    Clock,
    Ge,
    Gt,
    Le,
    Observable,
    Outlook,
    Percent,
    Plan,
    Seconds,
    Unit,
    Watts,
)
from nodes._helpers.fleet import Fleet, law
from nodes._helpers.leading import Rules
from nodes._helpers.scheme import Scheme, members, step

WattsPerSecond = Annotated[float, Unit("W/s")]


def auto_and_helpers(
    outlook: Annotated[Observable[Outlook], "the house as `response_predictor` sees it"],
    batteries: Annotated[Mapping[str, Observable[Battery]], "what each battery tells"],
    *,
    near: Annotated[Watts, Gt(0), "what the one in Auto carries while others help"] = 1500.0,
    unit: Annotated[
        Watts, Gt(0), "most that one is trusted with, if it does not tell its limit"
    ] = 2500.0,
    least: Annotated[Watts, Ge(0), "a helper works with this much or more, or not at all"] = 300.0,
    gap: Annotated[Percent, Ge(0), "points of charge that make another one the better one"] = 5.0,
    empty: Annotated[Percent, Ge(0), Le(100), "at this charge or less none discharges"] = 20.0,
    full: Annotated[
        Percent, Ge(0), Le(100), "at this charge or more none is chosen for a surplus"
    ] = 95.0,
    idle: Annotated[Watts, Ge(0), "up to this load neither full nor empty is better"] = 100.0,
    every: Annotated[Seconds, Ge(0), "the choice stands for so long, if it can"] = 60.0,
    over: Annotated[Seconds, Gt(0), "helpers follow the load as it was over so long"] = 20.0,
    settle: Annotated[
        Seconds, Gt(0), "a battery that is not in Auto after so long is told again"
    ] = 60.0,
    pace: Annotated[
        WattsPerSecond, Gt(0), "the helpers change no faster: the one in Auto must follow"
    ] = 200.0,
    clock: Clock,
) -> Observable[Plan]:
    """Make one plan per outlook: watts of the helpers, + discharging, with a reason for each.

    In: outlooks, and what the batteries tell, + discharging; their devices say `own_meter: leave`.
    The one in Auto is left out of the plan, so that its device releases it at the end of the lease;
    the old one stays in Auto until the new one says that it is. One that comes from elsewhere and
    is not in Auto gets 0 W for 2 s: borrowed to be given back. Silent while no outlook comes; then
    all follow their own meters.

    The fullest is chosen when the house draws, the emptiest when there is a surplus. It stays for
    `every`, while the load is under `near`, and while no other is better by `gap`; when it is too
    empty, too full or away another one is chosen at once. When all are empty none is in Auto, and
    all idle. Helpers join when the load leaves the one in Auto less than half of the room it has
    above `near`; they share what is beyond `near` by usable energy, and leave below it. What the
    one in Auto cannot do they do at once, all else at its pace. One in Auto that leaves the meter
    away from zero for long counts for 5 minutes as able to give what it gave.

    Source: Home Energy Controller (Jasper-Hilven/HomeEnergyController 28a1798). Ours are the load
    in place of the grid power, one need for all helpers, their pace, and no empty one in Auto.
    """
    rules = Rules(near, unit, least, gap, empty, full, idle, every, over, settle, pace)

    def decide(state: Scheme, view: Outlook, fleet: Fleet) -> tuple[Scheme, Plan]:
        return step(state, view, members(view, fleet, rules), rules)

    return law(outlook, batteries, Scheme(), decide, clock)
