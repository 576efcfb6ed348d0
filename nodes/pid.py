"""A PID regulator for the grid meter."""

import math
from collections.abc import Mapping
from typing import Annotated, Literal, NamedTuple

from flowctl import Battery, Clock, Ge, Gt, Observable, Seconds, Watts
from nodes._helpers.fleet import Fleet, law
from nodes._helpers.limits import check_limits
from nodes._helpers.operators import NONE

LIMITED = "give 'batteries: [...]' or both 'low' and 'high'; 'ki: 0' has no integral"


QUICK = 1.0  # s between readings for which gains hold as they are written


class Gains(NamedTuple):
    """The settings of the law."""

    kp: float
    ki: float
    kd: float
    low: Watts
    high: Watts
    deadband: Watts = 0.0
    smooth: Seconds = 0.0
    tracking: Seconds = 1.0
    windup: Watts | None = None
    longest: Seconds = math.inf
    """The integral counts a reading as no longer."""


class Reading(NamedTuple):
    """What the law looks at, at one moment."""

    error: Watts
    """Grid minus target: what batteries should give more."""
    measured: Watts
    """What the derivative is of: it rises when batteries should give more."""
    seconds: Seconds
    """Since the reading before."""
    delivered: Watts | None = None
    """What batteries really give, where the integral is to know."""


class Memory(NamedTuple):
    """The state of the law."""

    integral: Watts
    measured: Watts
    slope: float = 0.0
    """Change of the measured power, W/s, smoothed."""
    said: Watts = 0.0


def pid(
    grid: Annotated[Observable[Watts], "the grid meter, + import"],
    batteries: Annotated[
        Mapping[str, Observable[Battery]], "the batteries that share the total"
    ] = NONE,
    aim: Annotated[
        Observable[Watts] | None, "import wanted at the meter, instead of `target`"
    ] = None,
    *,
    kp: Annotated[float, Ge(0), "proportional gain: W for each W of error"] = 0.3,
    ki: Annotated[float, Ge(0), "integral gain: W for each W of error, per second"] = 0.15,
    kd: Annotated[Seconds, Ge(0), "derivative gain: W for each W/s"] = 0.0,
    target: Annotated[Watts, "import wanted at the meter; negative: export"] = 0.0,
    low: Annotated[
        Watts | None, "least output; if not given, the integral is held at what batteries take"
    ] = None,
    high: Annotated[
        Watts | None, "largest output; if not given, the integral is held at what batteries give"
    ] = None,
    deadband: Annotated[Watts, Ge(0), "an error up to this changes nothing"] = 0.0,
    derivative: Annotated[
        Literal["grid", "output"], "what the derivative is of: the meter, or what batteries give"
    ] = "grid",
    smooth: Annotated[Seconds, Ge(0), "time constant that calms the derivative"] = 0.0,
    tracking: Annotated[
        Annotated[Seconds, Gt(0)] | None,
        "how fast the integral gives in at a limit; if not given, kp / ki",
    ] = None,
    track: Annotated[
        Literal["limits", "delivered"],
        "what the integral gives in to: the limits, or also to batteries that deliver less",
    ] = "limits",
    windup: Annotated[
        Annotated[Watts, Ge(0)] | None, "let the integral grow to this instead of giving in"
    ] = None,
    step: Annotated[
        Annotated[Seconds, Gt(0)] | None,
        "count each reading as so long; if not given, the time since the one before, in bounds",
    ] = None,
    clock: Clock,
) -> Observable[Watts]:
    """Say the total power wanted of all batteries (+ discharging), one per meter reading.

    The standard form in parallel: `kp * e + ki * integral(e dt) + kd * de/dt` with e = grid -
    target, so a positive error discharges. The derivative is taken of the measurement, not of the
    error: a new target gives no kick. At a limit the integral gives in by back-calculation, with
    the time constant `tracking`; `track: delivered` treats batteries that fall short as a limit,
    too, which wants a `tracking` longer than their dead time. Inside `deadband` the last output is
    repeated. It starts at what the batteries do. At the limits that batteries tell, not at `low`
    and `high`, it says all that is needed, so that a `split` further down knows what is `unmet`.

    With an integral it wants limits: `batteries`, or `low` and `high`, and these too if one of the
    batteries does not tell its own; one that is offline counts nothing. What a `clamp` or a `split`
    further down takes away it does not know of: it would go on rising, and leave the batteries at
    full power long after the load ended.

    Gains are per second, whatever the meter's pace. After a gap, and behind a slow meter, a reading
    counts as no longer than `(1 - kp) / ki`, but a second at least: so both parts answer it with no
    more than its whole error. The defaults, 4.7 s at most, hold for meters of 1 s to 10 s. `step`
    counts each reading as you like.

    Source: K. J. Astrom and T. Hagglund, PID Controllers: Theory, Design and Tuning, 1995, 3.5.

    Example:
        - from: meter
        - pid: {batteries: [left, right]}

    Raises:
        ValueError: `low` is above `high`; nothing limits the integral.
    """
    grows = bool(ki) and not batteries and windup is None
    check_limits(low, high, "the integral" if grows else "", LIMITED)
    pace = tracking or (kp / ki if kp > 0 and ki > 0 else 1.0)
    longest = max(QUICK, (1 - kp) / ki) if ki and step is None else math.inf
    gains = Gains(kp, ki, kd, 0.0, 0.0, deadband, smooth, pace, windup, longest)

    def work(
        before: tuple[float, Memory] | None, watts: float, fleet: Fleet
    ) -> tuple[tuple[float, Memory], float]:
        at, wanted = clock.time(), fleet.newest["aim"]
        given = fleet.total()
        measured = watts if derivative == "grid" else -given
        if before is None:
            before = at, Memory(given if ki else 0.0, measured, said=given)
        reading = Reading(
            error=watts - (target if wanted is None else wanted),
            measured=measured,
            seconds=at - before[0] if step is None else step,
            delivered=given if track == "delivered" and batteries else None,
        )
        bottom, top = limits(fleet, low, high)
        memory = regulate(before[1], reading, gains._replace(low=bottom, high=top))
        needed = given + reading.error
        above = high is None and memory.said >= top and needed > top
        below = low is None and memory.said <= bottom and needed < bottom
        return (at, memory), needed if above or below else memory.said

    return law(grid, batteries, None, work, clock, aim=aim)


def regulate(before: Memory, now: Reading, gains: Gains) -> Memory:
    """Make one step of the law."""
    if abs(now.error) <= gains.deadband and gains.deadband:
        said = min(max(before.said, gains.low), gains.high)
        return Memory(before.integral, now.measured, 0.0, said)
    slope = _slope(before, now, gains.smooth)
    integral = before.integral + gains.ki * now.error * min(now.seconds, gains.longest)
    wanted = gains.kp * now.error + integral + gains.kd * slope
    said = min(max(wanted, gains.low), gains.high)
    if gains.windup is not None:
        integral = min(max(integral, -gains.windup), gains.windup)
    elif gains.ki:
        integral += (_reached(said, now.delivered) - wanted) * min(1, now.seconds / gains.tracking)
        integral = min(max(integral, gains.low), gains.high)
    return Memory(integral, now.measured, slope, said)


def limits(fleet: Fleet, low: float | None, high: float | None) -> tuple[float, float]:
    """Limits of the output: what is given, or the sum of what batteries that are there tell."""
    told = [battery for battery in fleet.told.values() if battery.online is not False]
    if fleet.told and not told:
        told = [Battery(max_charge=0.0, max_discharge=0.0)]
    charge = [battery.max_charge for battery in told]
    discharge = [battery.max_discharge for battery in told]
    if low is None:
        low = -_summed(charge)
    return low, max(low, _summed(discharge) if high is None else high)


def _summed(limits: list[float | None]) -> float:
    known = [limit for limit in limits if limit is not None]
    return math.fsum(known) if known and len(known) == len(limits) else math.inf


def _slope(before: Memory, now: Reading, smooth: float) -> float:
    if now.seconds <= 0:
        return before.slope
    slope = (now.measured - before.measured) / now.seconds
    return before.slope + (slope - before.slope) * now.seconds / (smooth + now.seconds)


def _reached(said: float, delivered: float | None) -> float:
    """What the output came to: less than was said, where batteries fall short of it."""
    if delivered is None or said == 0:
        return said
    return min(max(delivered, 0.0), said) if said > 0 else max(min(delivered, 0.0), said)
