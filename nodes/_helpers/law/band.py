"""Which setpoints a battery may be following at the moment it measures its power."""

import math
from bisect import bisect_right

from flowctl import Seconds, Watts
from nodes._helpers.law.belief import Belief
from nodes._helpers.law.witness import AWAKE, SLOWEST, Band

AGE_OLDEST = 4.0  # s: telemetry older than this would carry no news
AGE_BEST = 0.5  # s: on the way even from a battery polled without pause
AGE_SWAYS = 1.0  # s by which what was learned of it may be wrong
WRONG = 1.5  # s that a learned dead time may be wrong by: nine in ten are nearer
LAGS = 3.0  # lags until all but a twentieth of an answer is there
WAKES = 3.0  # s that a battery may take to wake up
BOUND = 0.8  # of a ceiling, from which on that may be what it gives
ENDS = (20.0, 90.0)  # % of charge beyond which some batteries give, or take, less (bench 2)


def band(belief: Belief, sign: float, poll: Seconds, at: Seconds) -> Band:
    """Span what it may be doing. Telemetry may be older than it is said to be.

    Told less than its smallest power it may do nothing.
    """
    begun, goals = belief.bank.begun, belief.bank.goals
    age = oldest(belief, poll)
    since = at - age - belief.dead
    first = _held(begun, at - age - whole(belief))
    told = [sign * watts for watts in goals[first:]]
    newest = told[_held(begun, since) - first :]
    sent = told[_held(begun, since - WRONG) - first :]
    accepted, part, facts = sign * belief.accepted, belief.traits.part, belief.facts
    low, least = min(accepted, *newest), min(accepted, *told)
    known = _known(belief, sign)
    small = max(facts.min_power or 0.0, belief.traits.min_power)
    return Band(
        low=0.0 if 0 < low < small else min(low, part * low),
        least=0.0 if 0 < least < small else min(least, part * least),
        held=least,
        most=max(told),
        sent=tuple(sent),
        goals=goals,
        sign=sign,
        waking=min(accepted, *told[_held(begun, min(since - wakes(belief), at - AWAKE)) - first :]),
        told=low,
        steady=len(told) == 1 and belief.accepted == belief.expected,
        free=abs(belief.accepted) < BOUND * known,
        able=known,
        gain=part,
        sunny=bool(facts.pv_power),
        expected=abs(belief.expected),
        lag=belief.lag,
    )


def oldest(belief: Belief, poll: Seconds) -> Seconds:
    """Say how old what it measures may be by the time it is heard."""
    usual = min(AGE_OLDEST, AGE_BEST + poll / 2)
    return max(usual, belief.traits.behind + AGE_SWAYS) + belief.witness.older


def whole(belief: Belief) -> Seconds:
    """Say how long an answer may take: waking up, or going all the way as slowly as any does."""
    goals = belief.bank.goals
    way = abs(goals[-1] - goals[-2]) / SLOWEST if len(goals) > 1 else 0.0
    return max(AWAKE, belief.dead + LAGS * belief.lag + max(wakes(belief), way))


def wakes(belief: Belief) -> Seconds:
    """Say how long it may take to wake up."""
    return max(WAKES, belief.traits.start_up + AGE_SWAYS)


def _known(belief: Belief, sign: float) -> Watts:
    """Say what it is known to be able to give: all, unless its ceiling or its charge binds it."""
    soc, ceiling = belief.facts.soc, belief.charge if sign < 0 else belief.discharge
    if soc is not None and (soc > ENDS[1] if sign < 0 else soc < ENDS[0]):
        return 0.0
    return math.inf if ceiling.watts == math.inf else min(ceiling.watts, ceiling.proven)


def _held(begun: tuple[Seconds, ...], at: Seconds) -> int:
    """Which setpoint held at a time."""
    return max(0, bisect_right(begun, at) - 1)
