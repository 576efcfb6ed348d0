"""Do with a reading what a battery does that follows a meter of its own."""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, NamedTuple

from flowctl import Battery, Clock, Ge, Gt, Observable, Percent, Plan, Watts
from nodes._helpers.fleet import Base, Fleet, law
from nodes._helpers.shares import with_shares

COUNTED = 5  # steps the same way after which they grow no more
MOVED = 5.0  # W of change of its own output by which a battery knows that a reading is its doing


class Loop(NamedTuple):
    """The settings of the law."""

    band: Watts
    part: float
    bias: Watts
    first: Watts
    most: Watts
    wait: Watts


class Cycle(NamedTuple):
    """What it saw and did at the last reading."""

    reading: Watts
    power: Watts
    row: int = 0
    """Steps in a row that went the way of this reading."""
    waited: bool = False


NO_ONE: Mapping[str, Cycle] = MappingProxyType({})


def meter_follower(
    plan: Annotated[Observable[Plan], "watts by battery, as its meter is to bring it there"],
    batteries: Annotated[Mapping[str, Observable[Battery]], "the batteries of the plan"],
    *,
    band: Annotated[Watts, Ge(0), "a reading up to this is left alone"] = 10.0,
    part: Annotated[Percent, Gt(0), "of a reading that it takes over"] = 100.0,
    bias: Annotated[Watts, Ge(0), "less than that with each step"] = 0.0,
    first: Annotated[Annotated[Watts, Gt(0)] | None, "largest first step; any if not given"] = None,
    most: Annotated[
        Annotated[Watts, Gt(0)] | None, "steps that go the same way double up to this"
    ] = None,
    wait: Annotated[
        Annotated[Watts, Gt(0)] | None,
        "a reading that changed by more counts one step later, unless the battery moved itself",
    ] = None,
    base: Annotated[
        Base, "where a step begins: at what it measures, or at the setpoint it accepted"
    ] = "commanded",
    clock: Clock,
) -> Observable[Plan]:
    """Say for each battery what its own loop makes of the reading it is shown; one per plan.

    The reading is the share less what the battery measures: so much it is told to be missing. The
    loops of a Venus C, D and E and of a B2500 differ by these settings alone. A share that its loop
    changed says so as the reason.

    Source: the vendor loops as AstraMeter (2026) documents them, in our words.
    """
    largest = math.inf if first is None else first
    loop = Loop(band, part / 100, bias, largest, max(largest, most or largest), wait or math.inf)

    def step(
        before: Mapping[str, Cycle], plan: Plan, fleet: Fleet
    ) -> tuple[Mapping[str, Cycle], Plan]:
        cycles, watts = dict[str, Cycle](), dict(plan.watts)
        for name, share in plan.watts.items():
            if name in fleet.told:
                now = Cycle(share - fleet.power(name), fleet.power(name))
                cycles[name], change = followed(before.get(name, now), now, loop)
                watts[name] = fleet.power(name, base) + change
        return cycles, with_shares(plan, watts, "meter_follower: its own loop")

    return law(plan, batteries, NO_ONE, step, clock)


def followed(last: Cycle, now: Cycle, loop: Loop) -> tuple[Cycle, Watts]:
    """Make the step that the loop of a battery makes with a reading."""
    size = abs(now.reading)
    if size <= loop.band:
        return now, 0.0
    moved = abs(now.power - last.power) >= MOVED
    if abs(now.reading - last.reading) > loop.wait and not moved and not last.waited:
        return now._replace(waited=True), 0.0
    row = min(last.row + 1, COUNTED) if now.reading * last.reading > 0 else 1
    largest = min(loop.first * 2.0 ** (row - 1), loop.most)
    change = math.copysign(min(loop.part * size, largest), now.reading)
    return now._replace(row=row), change - loop.bias
