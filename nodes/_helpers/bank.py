"""How fast a battery answers: a bank of candidate responses, scored by the meter itself."""

import math
from bisect import bisect_right
from typing import NamedTuple

from flowctl import Seconds, Watts

DEADS = (*(0.5 * k for k in range(1, 13)), 7.0, 8.0, 9.0, 10.0, 12.0, 15.0)
"""Candidate dead times, s: fine where most batteries are, up to slow cloud links (bench 2)."""
LAGS = (0.3, 1.0, 2.0, 4.0)
"""Candidate lags, s: wired inverters to micro storages (bench 2)."""
TIMINGS = tuple((dead, lag) for lag in LAGS for dead in DEADS)
GROWTH = tuple(
    (k, lag, tuple(math.exp(dead / lag) for dead in DEADS)) for k, lag in enumerate(LAGS)
)

LONGEST = 5.0  # s between two samples; over more, too much else has changed
SPAN = DEADS[-1] + LONGEST  # s of setpoints that a sample may look back on

MEMORY = 0.97  # of a cost, from one learning sample to the next: about 30 samples
PRIOR = 20.0  # W of cost per second that a candidate is away from the first guess
EXPLAINS = 0.7  # an answer must explain 30 % better than none, else a shortfall looks like slowness


class Stretch(NamedTuple):
    """A time between two setpoints."""

    begun: Seconds
    watts: Watts
    """Where the battery was to go."""
    gaps: tuple[Watts, ...]
    """How far from there each lag, without dead time, was as it began."""


class Bank(NamedTuple):
    """What every candidate shows, and how badly it has explained the meter so far."""

    costs: tuple[float, ...] = ()
    stretches: tuple[Stretch, ...] = ()
    """Oldest first; they reach back over `SPAN`."""
    at: Seconds = math.nan
    """When the candidates showed this."""
    shown: tuple[Watts, ...] = ()


def new_bank(dead: Seconds, lag: Seconds, watts: Watts) -> Bank:
    """Begin at rest, with a first guess of the timing."""
    costs = tuple(PRIOR * (abs(d - dead) + abs(tau - lag)) for d, tau in TIMINGS)
    return at_rest(Bank(costs, ()), watts)


def at_rest(bank: Bank, watts: Watts) -> Bank:
    """Forget what is in flight: the battery is known to deliver this."""
    return Bank(bank.costs, (Stretch(-math.inf, watts, (0.0,) * len(LAGS)),))


def stepped(bank: Bank, watts: Watts, at: Seconds) -> Bank:
    """Note that a setpoint was accepted."""
    last, keep = bank.stretches[-1], at - SPAN
    gone, jump = at - last.begun, watts - last.watts
    gaps = tuple(
        [jump + gap * math.exp(-gone / lag) for gap, lag in zip(last.gaps, LAGS, strict=True)]
    )
    old, first = bank.stretches, 0
    while first + 1 < len(old) and old[first + 1].begun < keep:
        first += 1
    return bank._replace(stretches=(*old[first:], Stretch(at, watts, gaps)))


def judge(bank: Bank, since: Seconds, until: Seconds, given: Watts) -> Bank:
    """Charge every candidate with what it leaves unexplained of the power given in between."""
    before = bank.shown if bank.at == since else shown(bank, since)
    after = shown(bank, until)
    missed = [abs(given - now + was) for now, was in zip(after, before, strict=True)]
    if min(missed) > EXPLAINS * abs(given):
        return Bank(bank.costs, bank.stretches, until, after)
    costs = tuple([MEMORY * cost + miss for cost, miss in zip(bank.costs, missed, strict=True)])
    return Bank(costs, bank.stretches, until, after)


def best(bank: Bank) -> tuple[Seconds, Seconds]:
    """Dead time and lag of the candidate that explained the meter best."""
    return TIMINGS[bank.costs.index(min(bank.costs))]


def shown(bank: Bank, at: Seconds) -> tuple[Watts, ...]:
    """What the meter shows of the battery at a time, by every candidate.

    Within a stretch the distance to the setpoint is exp(-(at - dead - begun) / lag) of what it
    was; as exp(dead / lag) is known beforehand, one exponential serves all dead times.
    """
    parts, which = list[Stretch](), list[int]()
    for stretch in reversed(bank.stretches):
        count = bisect_right(DEADS, at - stretch.begun) - len(which)
        if count > 0:
            which += [len(parts)] * count
            parts.append(stretch)
    goals, watts = [parts[part].watts for part in which], list[Watts]()
    for k, lag, growth in GROWTH:
        left = [gaps[k] * math.exp((begun - at) / lag) for begun, _, gaps in parts]
        rows = zip(goals, which, growth, strict=True)
        watts += [goal - left[part] * grown for goal, part, grown in rows]
    return tuple(watts)
