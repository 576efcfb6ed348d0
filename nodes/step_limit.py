"""Go no further in one step than a limit allows, from where batteries are."""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal, NamedTuple, TypeVar

from flowctl import Battery, Clock, Ge, Gt, Observable, Plan, Watts
from nodes._helpers.fleet import Fleet, law
from nodes._helpers.shares import with_shares

T = TypeVar("T", float, Plan)


class Limits(NamedTuple):
    """The settings of the law."""

    up: Watts
    down: Watts
    grow: Watts | None
    moved: Watts


class Pace(NamedTuple):
    """How far one goes in a step, and what it was doing at the last one."""

    factor: float = 1.0
    sign: int = 0
    power: Watts = 0.0


NO_ONE: Mapping[str, Pace] = MappingProxyType({})
TOTAL = ""  # stands for the sum, where no plan names batteries


def step_limit(
    values: Annotated[Observable[T], "a total of all batteries, or a plan"],
    batteries: Annotated[Mapping[str, Observable[Battery]], "the batteries that are steered"],
    *,
    up: Annotated[Watts, Gt(0), "largest step towards discharging"],
    down: Annotated[
        Annotated[Watts, Gt(0)] | None, "largest step towards charging; as `up` if not given"
    ] = None,
    grow: Annotated[
        Annotated[Watts, Gt(0)] | None,
        "the step doubles up to this while the battery moves the way it is told",
    ] = None,
    moved: Annotated[Watts, Ge(0), "a change of measured power that counts as moving"] = 5.0,
    base: Annotated[
        Literal["measured", "commanded"],
        "where a step begins: at what batteries measure, or at the setpoints they accepted",
    ] = "commanded",
    clock: Clock,
) -> Observable[T]:
    """Say the value, or as far as one step goes towards it; one per value.

    On a plan each share begins at its own battery, and a share that is held back says so as the
    reason. Unlike `ramp` it counts steps and not time, and begins at what is: with `base: measured`
    a slow battery is never told to be far ahead of itself. Where it turns, the step is small again.
    """
    settings = Limits(up, up if down is None else down, grow, moved)

    def step(paces: Mapping[str, Pace], value: Any, fleet: Fleet) -> tuple[Mapping[str, Pace], Any]:
        if not isinstance(value, Plan):
            pace, made = paced(
                paces.get(TOTAL, Pace()), value, fleet.total(base), fleet.total(), settings
            )
            return {TOTAL: pace}, made
        known = {name: fleet.told[name] for name in value.watts if name in fleet.told}
        made_of = {
            name: paced(
                paces.get(name, Pace()),
                value.watts[name],
                fleet.power(name, base),
                fleet.power(name),
                settings,
            )
            for name in known
        }
        watts = {**value.watts, **{name: watts for name, (_, watts) in made_of.items()}}
        plan = with_shares(value, watts, f"step_limit: {up:g}W a step")
        return {name: pace for name, (pace, _) in made_of.items()}, plan

    return law(values, batteries, NO_ONE, step, clock)


def paced(
    pace: Pace, wanted: Watts, start: Watts, power: Watts, limits: Limits
) -> tuple[Pace, Watts]:
    """Go from where a battery is towards what is wanted of it."""
    change = wanted - start
    sign = (change > 0) - (change < 0)
    up, down, grow, moved = limits
    follows = sign == pace.sign and sign * (power - pace.power) >= moved
    factor = 2 * pace.factor if grow and follows else 1.0 if sign != pace.sign else pace.factor
    most = up if sign > 0 else down
    most, factor = (most, 1.0) if grow is None else _grown(most, factor, grow)
    made = start + math.copysign(min(abs(change), most), change)
    return Pace(factor, sign, power), made


def _grown(step: Watts, factor: float, most: Watts) -> tuple[Watts, float]:
    largest = max(most, step)
    return min(step * factor, largest), min(factor, largest / step)
