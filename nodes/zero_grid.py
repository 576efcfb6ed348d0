"""The total that brings the grid meter to its target: what is, plus what is missing."""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal

from flowctl import Battery, Clock, Ge, Gt, Observable, Seconds, Watts
from nodes._helpers.fleet import Base, Fleet, law
from nodes._helpers.limits import check_limits

BASES: Mapping[str, Base] = MappingProxyType(
    {"measured": "measured", "commanded": "commanded", "said": "commanded"}
)
"""Where each begins; what was said last is not known at first."""
SAID, LIMITED = "what was said last", "give both 'low' and 'high', or write 'base: commanded'"


def zero_grid(
    grid: Annotated[Observable[Watts], "the grid meter, + import"],
    batteries: Annotated[Mapping[str, Observable[Battery]], "the batteries that share the total"],
    aim: Annotated[
        Observable[Watts] | None, "import wanted at the meter, instead of `target`"
    ] = None,
    *,
    target: Annotated[Watts, "import wanted at the meter; negative: export"] = 0.0,
    base: Annotated[
        Literal["measured", "commanded", "said"],
        "what the error is added to: what batteries measure, the setpoints they accepted, or what "
        "this law said last",
    ] = "measured",
    gain: Annotated[float, Gt(0), "part of the error that is added"] = 1.0,
    per: Annotated[
        Annotated[Seconds, Gt(0)] | None,
        "the gain counts for this long, longer pauses add more, up to the whole error; "
        "if not given, for each reading",
    ] = None,
    low: Annotated[Watts | None, "least output"] = None,
    high: Annotated[Watts | None, "largest output"] = None,
    clock: Clock,
) -> Observable[Watts]:
    """Say the total power wanted of all batteries (+ discharging), one per meter reading.

    The sum of grid and batteries is what the house needs of them; `split` makes a plan of it. With
    `base: measured` it is as fresh as the batteries' telemetry: where that is older than the meter
    it hunts. With `commanded` or `said` it adds errors up, and a reading that comes before the last
    setpoint has landed counts it twice: slow the meter down first (`throttle`), take a small
    `gain`, or use `deadbeat`. `commanded` never winds up, for it begins at what was accepted.
    `said` does, and so wants `low` and `high`: what all batteries take and give.
    A battery that is offline counts nothing, nor does one not heard yet.

    Raises:
        ValueError: `low` is above `high`; nothing limits what was `said`.
    """
    check_limits(low, high, SAID if base == "said" else "", LIMITED)
    bottom, top = -math.inf if low is None else low, math.inf if high is None else high

    def step(
        last: tuple[float, float] | None, watts: float, fleet: Fleet
    ) -> tuple[tuple[float, float], float]:
        at, wanted = clock.time(), fleet.newest["aim"]
        error = watts - (target if wanted is None else wanted)
        part = gain if last is None else gained(gain, per, at - last[0])
        start = last[1] if base == "said" and last else fleet.total(BASES[base])
        total = min(max(start + part * error, bottom), top)
        return (at, total), total

    return law(grid, batteries, None, step, clock, aim=aim)


def gained(gain: float, per: Annotated[float, Ge(0)] | None, seconds: float) -> float:
    """Part of the error that is added after so many seconds."""
    if per is None:
        return gain
    return min(gain * seconds / per, max(gain, 1.0))
