"""Divide an error among batteries, and draw their outputs together."""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

from flowctl import (
    Battery,
    Clock,
    Ge,
    Gt,
    NamesBatteries,
    Observable,
    Percent,
    Plan,
    Seconds,
    Watts,
)
from nodes._helpers.fleet import Fleet, law
from nodes._helpers.saturation import Saturation, saturated

BAND = 25.0  # W of distance from the fair output that is left alone
SOFT = 20.0  # W of fair output below which balancing fades: near idle nothing is to be gained
FAR, BOOST = 150.0, 1.5  # W of distance from which on balancing is stronger, and how much

NO_WEIGHTS: Mapping[str, float] = MappingProxyType({})
NO_SCORES: Mapping[str, Saturation] = MappingProxyType({})


def fair_share(
    error: Annotated[Observable[Watts], "grid power that is too much, + import"],
    batteries: Annotated[Mapping[str, Observable[Battery]], "those that share it"],
    *,
    weights: Annotated[
        Mapping[str, Annotated[float, Ge(0)]],
        NamesBatteries(),
        "by battery; 1 where none is given",
    ] = NO_WEIGHTS,
    balance: Annotated[
        Percent, Ge(0), "part of its distance from the fair output that each takes in a step"
    ] = 20.0,
    most: Annotated[Watts, Ge(0), "largest step for balance"] = 80.0,
    away: Annotated[
        Annotated[Seconds, Gt(0)] | None, "a battery not measured for so long is left out"
    ] = 60.0,
    clock: Clock,
) -> Observable[Plan]:
    """Say for each battery what it measures, plus its part of the error, plus a step for balance.

    One plan per error. Parts follow the weights; a battery that does nothing though it is told to
    (saturated) gets less and less. Balance draws each towards its weight's part of what all deliver
    and is clipped to `most`. A battery that cannot charge takes no part in charging. Batteries that
    are offline are left out. A law of corrections: a unit that delivers in part counts as healthy,
    and the balance then works against the others; `rebalance` does not have this weakness.

    Source: the law of AstraMeter (2026), in our words.
    """

    def step(
        before: Mapping[str, Saturation], watts: float, fleet: Fleet
    ) -> tuple[Mapping[str, Saturation], Plan]:
        at = clock.time()
        here = [name for name in fleet.told if fleet.measured(name, at, away)]
        scores = {
            name: saturated(before.get(name), fleet.power(name, "commanded"), fleet.power(name), at)
            for name in here
        }
        wanted = {name: weights.get(name, 1.0) for name in here}
        powers = {name: fleet.power(name) for name in here}
        ready = {
            name: 0.0 if watts < 0 and _only_gives(fleet.told[name]) else
            wanted[name] * (1 - scores[name].score)
            for name in here
        }  # fmt: skip
        pulls = pulled(powers, wanted, balance / 100, most)
        parts = divided(watts, ready)
        gone = {name: 0.0 for name in before if name not in scores}
        return scores, Plan(
            watts=MappingProxyType({n: powers[n] + parts[n] + pulls[n] for n in here} | gone),
            reasons=MappingProxyType({n: _reason(parts[n], pulls[n], scores[n]) for n in here}),
        )

    return law(error, batteries, NO_SCORES, step, clock)


def divided(error: Watts, weights: Mapping[str, float]) -> dict[str, Watts]:
    """Divide an error by weight; nobody gets a part against its sign."""
    whole = math.fsum(weights.values())
    return {name: error * weight / whole if whole > 0 else 0.0 for name, weight in weights.items()}


def pulled(
    powers: Mapping[str, Watts], weights: Mapping[str, float], gain: float, most: Watts
) -> dict[str, Watts]:
    """Say how far each is drawn towards its part of what all deliver."""
    fair = divided(math.fsum(powers.values()), weights)
    return {name: _pull(fair[name], fair[name] - power, gain, most)
            for name, power in powers.items()}  # fmt: skip


def _pull(fair: Watts, gap: Watts, gain: float, most: Watts) -> Watts:
    if abs(gap) <= BAND:
        return 0.0
    step = gain * gap * min(1.0, abs(fair) / SOFT) * (BOOST if abs(gap) >= FAR else 1.0)
    return min(max(step, -most), most)


def _only_gives(battery: Battery) -> bool:
    return battery.max_charge == 0 and (battery.power or 0.0) <= 0


def _reason(part: Watts, pull: Watts, saturation: Saturation) -> str:
    said = f"fair_share: {part:+.0f}W of the error, {pull:+.0f}W for balance"
    return said if saturation.score < 0.01 else f"{said}, saturated {saturation.score:.0%}"
