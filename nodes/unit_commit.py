"""Let few units do the work, where they are most efficient."""

import math
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Annotated, Literal

from flowctl import (
    Battery,
    Clock,
    Ge,
    Gt,
    Le,
    NotAfter,
    Observable,
    OnlyWith,
    Outlook,
    Percent,
    Plan,
    Seconds,
    Watts,
)
from nodes._helpers.commitment import Committed, Ranking, Wishes, commit
from nodes._helpers.fleet import Fleet, law
from nodes._helpers.law.sharing.losses import read_curve, standard_curve

OUTLOOK = "outlook"
NOBODY = Committed(MappingProxyType({}), MappingProxyType({}), MappingProxyType({}))


def unit_commit(
    plan: Annotated[
        Observable[Plan],
        NotAfter(
            "rebalance",
            "both choose who works, and what one counts on the other takes away",
            "leave it out and write 'rebalance: {strategy: efficiency}'",
        ),
        "watts by battery, + discharging",
    ],
    batteries: Annotated[Mapping[str, Observable[Battery]], "the batteries of the plan"],
    outlook: Annotated[
        Observable[Outlook] | None, "what each can really do, as `response_predictor` has learned"
    ] = None,
    *,
    by: Annotated[
        Literal["losses", "limits"],
        "how many work: as many as lose least, or as few as can carry it",
    ] = "losses",
    add: Annotated[Percent, Gt(0), "another one joins at this part of the limits of those on"] = 85,
    charging: Annotated[
        Annotated[Percent, Gt(0)] | None, "the same while charging, where it differs"
    ] = None,
    drop: Annotated[Percent, Ge(0), "and leaves again so many points lower"] = 10,
    efficiency: Annotated[
        Mapping[Watts, Annotated[Percent, Ge(0), Le(100)]] | None,
        OnlyWith("by", "losses"),
        "of one unit by power, e.g. `{100W: 85%, 500W: 94%, 2.5kW: 90%}`; if not given, that of a "
        "common home battery: 10 W, 3.5 % and 12 W at 1 kW rising with the square",
    ] = None,
    order: Annotated[
        Ranking, "who is called first: soc (fullest gives, emptiest takes), listed, or share"
    ] = "soc",
    tie: Annotated[
        Percent,
        Ge(0),
        OnlyWith("order", "soc"),
        "points of charge that being on is worth in the order",
    ] = 5,
    reorder: Annotated[Seconds, Ge(0), "the order stands for so long"] = 0.0,
    least_on: Annotated[Seconds, Ge(0), "one that is on stays on for so long"] = 180.0,
    handover: Annotated[
        Seconds, Ge(0), "one that leaves goes down evenly in this time, and the others come up"
    ] = 30.0,
    limit: Annotated[Watts, Gt(0), "largest power of each, where it does not tell less"] = 2500.0,
    clock: Clock,
) -> Observable[Plan]:
    """Put the sum of a plan on as few batteries as serve it well; one plan per plan.

    Batteries whose share is zero are not called, so what comes before decides who may. Those called
    share the sum as they did in the plan, within their limits. One that leaves goes down evenly
    while the others come up, slower than any answers: the sum stays flat. The number changes
    only where it saves enough, and one switched on stays on for `least_on`.

    This is for plans of `split`, `distribute` and the like. In `rebalance`, `strategy: efficiency`
    does the same, and its forecasts count on it; two steps that both choose who works disturb each
    other.

    Example:
        - from: shares   # a plan of `split`, say
        - unit_commit: {batteries: [left, right]}

    Raises:
        ValueError: `efficiency` is empty.
    """
    if efficiency is not None and not efficiency:
        raise ValueError("efficiency has no points; give e.g. {100W: 85%, 500W: 94%}")
    curve = read_curve(efficiency) if efficiency else standard_curve()
    wishes = Wishes(
        add=add / 100,
        charging=(add if charging is None else charging) / 100,
        drop=drop / 100,
        curve=None if by == "limits" else curve,
        rank=order,
        tie=tie,
        reorder=reorder,
        least_on=least_on,
        handover=handover,
        rating=limit,
    )

    def step(before: Committed, plan: Plan, fleet: Fleet) -> tuple[Committed, Plan]:
        learned: Outlook | None = fleet.newest[OUTLOOK]
        abilities = {} if learned is None else learned.batteries
        now, watts = commit(before, plan, fleet, wishes, clock.time(), abilities)
        return now, told(plan, watts, now)

    return law(plan, batteries, NOBODY, step, clock, **{OUTLOOK: outlook})


def told(plan: Plan, watts: Mapping[str, float], now: Committed) -> Plan:
    """Make the plan, and say who was called."""
    if watts == plan.watts:
        return plan
    called = f"unit_commit: {len(now.active)} of {len(plan.watts)} called"
    reasons = {
        name: "unit_commit: hands over" if name in now.leaving and watts[name] else called
        for name in watts
        if watts[name] != plan.watts[name]
    }
    whole, asked = math.fsum(watts.values()), math.fsum(plan.watts.values())
    short = asked - whole if abs(whole) < abs(asked) - 1e-6 else 0.0
    return replace(
        plan,
        watts=MappingProxyType(dict(watts)),
        reasons=MappingProxyType({**plan.reasons, **reasons}),
        unmet=plan.unmet + short,
    )
