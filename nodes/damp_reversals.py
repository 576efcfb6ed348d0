"""Soften corrections that keep changing their sign."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, NamedTuple

from flowctl import Battery, Clock, Ge, Le, Observable, Percent, Plan, Watts
from nodes._helpers.fleet import Fleet, law
from nodes._helpers.shares import with_shares


class Wobble(NamedTuple):
    """The sign of the last correction, and how often it has turned of late: 0 to 1."""

    sign: int = 0
    score: float = 0.0


NO_SCORES: Mapping[str, Wobble] = MappingProxyType({})


def damp_reversals(
    plan: Annotated[Observable[Plan], "watts by battery, + discharging"],
    batteries: Annotated[Mapping[str, Observable[Battery]], "the batteries of the plan"],
    grid: Annotated[Observable[Watts] | None, "a grid power that may call it off"] = None,
    *,
    rise: Annotated[float, Ge(0), "added to the score, at most 1, when a correction turns"] = 0.3,
    decay: Annotated[float, Ge(0), Le(1), "of the score that is left when it does not"] = 0.95,
    damping: Annotated[Percent, Ge(0), Le(100), "taken off a correction at the full score"] = 95,
    unless: Annotated[Watts, Ge(0), "with `grid` beyond this, nothing is softened"] = 300.0,
    clock: Clock,
) -> Observable[Plan]:
    """Bring each share back towards what its battery measures, the more its correction turns.

    One plan per plan. A correction is the share less the measured power. What was softened says so.

    Source: the law of AstraMeter (2026), in our words.
    """

    def step(
        before: Mapping[str, Wobble], plan: Plan, fleet: Fleet
    ) -> tuple[Mapping[str, Wobble], Plan]:
        powers = {name: fleet.power(name) for name in plan.watts if name in fleet.told}
        wobbles = {
            name: scored(before.get(name, Wobble()), plan.watts[name] - power, rise, decay)
            for name, power in powers.items()
        }
        if abs(fleet.newest["grid"] or 0.0) > unless:
            return wobbles, plan
        watts = dict(plan.watts)
        for name, power in powers.items():
            softened = 1 - damping / 100 * wobbles[name].score
            if softened < 1:
                watts[name] = power + softened * (plan.watts[name] - power)
        return wobbles, with_shares(plan, watts, "damp_reversals: keeps turning")

    return law(plan, batteries, NO_SCORES, step, clock, grid=grid)


def scored(before: Wobble, correction: Watts, rise: float, decay: float) -> Wobble:
    """Count a correction."""
    sign = (correction > 0) - (correction < 0)
    if sign * before.sign < 0:
        return Wobble(sign, min(1.0, before.score + rise))
    return Wobble(sign or before.sign, before.score * decay)
