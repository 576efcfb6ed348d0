"""Let one battery work alone below a power, and all of them above it."""

from dataclasses import replace
from types import MappingProxyType
from typing import Annotated

from flowctl import Ge, Gt, Le, Observable, Outlook, Percent, Seconds, Watts
from nodes._helpers.calling import NOBODY, Called, Rules, Split, call
from nodes._helpers.operators import holding


def one_or_all(
    outlook: Annotated[Observable[Outlook], "the house as `response_predictor` sees it"],
    *,
    below: Annotated[Watts, Gt(0), "up to this power one battery works alone"] = 2500.0,
    split: Annotated[
        Split, "above: all that are eligible, or as many as it takes with `below` for each"
    ] = "all",
    hysteresis: Annotated[
        Watts, Ge(0), "so much lower those that joined leave again, or with the next choice"
    ] = 250.0,
    every: Annotated[Seconds, Ge(0), "the choice stands for so long"] = 300.0,
    empty: Annotated[
        Percent, Ge(0), Le(100), "at this charge or less a battery is not discharged"
    ] = 11.0,
    full: Annotated[
        Percent, Ge(0), Le(100), "at this charge or more a battery is not charged"
    ] = 100.0,
    resume: Annotated[
        Percent, Ge(0), "points of charge it must come back before it is called again"
    ] = 1.0,
    idle: Annotated[Watts, Ge(0), "with no more than this to do, nobody works"] = 30.0,
) -> Observable[Outlook]:
    """Pass the outlook, with batteries that are not called counted as unable; one per outlook.

    Read by `rebalance: {share: 0W}` in place of the outlook itself. The fullest is called to
    discharge, the emptiest to charge. The choice stands for `every`, each direction for itself, and
    is made anew at once when one that was called is not eligible any more: too full, too empty,
    away. Whoever cannot deliver what is asked of it, by its limits or as the predictor has learned,
    is joined by the next one. Below `idle` the target is 0.

    Source: rules of MMBC (vmangelschots/MMBC 32bb656, 54c4420); hysteresis, `resume` and the look
    at what is delivered are ours.
    """
    rules = Rules(below, split, hysteresis, every, empty, full, resume, idle)

    def step(before: Called, view: Outlook) -> tuple[Called, Outlook]:
        now = call(before, view, rules)
        batteries = {
            name: ability
            if name in now.working
            else replace(ability, can_charge=0.0, can_discharge=0.0, note=now.why(name))
            for name, ability in view.batteries.items()
        }
        target = view.target if abs(view.target) > idle else 0.0
        return now, replace(view, target=target, batteries=MappingProxyType(batteries))

    return holding(outlook, NOBODY, step)
