"""Two batteries without telemetry that move at once: which timings of both explain the meter.

A bank is charged with what the believed answers of all others leave. So two wrong timings hold each
other: the quick battery is taken for the slow one, and the slow one for a quick one. Therefore some
timings of both are judged together as well, pair by pair. One that explains the meter much better
than what is believed takes its place, and from there each bank finds the rest.
"""

from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from typing import NamedTuple

from flowctl import Seconds, Watts
from nodes._helpers.law.knowing.bank import EXPLAINS, MEMORY, TIMINGS, Bank, new_bank
from nodes._helpers.law.knowing.belief import Belief

FEW = tuple(product((1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0), (1.0, 2.0)))
"""Dead times and lags, s, of which each pair is judged: near to all but the slowest."""
PLACES = tuple(TIMINGS.index(timing) for timing in FEW)
SURE = 1000.0  # W of cost that each pair begins with: no single step decides, nor the load's noise
BETTER = 0.7  # of what the believed pair leaves: what is learned of both is given up for it
APART = 1.0  # s from what is believed: the interval of the load covers less

Pair = tuple[str, str]
Timing = tuple[Seconds, Seconds]


class Rivals(NamedTuple):
    """How badly each pair of timings has explained the meter so far."""

    costs: tuple[Watts, ...] = (SURE,) * len(FEW) ** 2
    believed: Watts = 0.0
    """The same of what was believed meanwhile."""


NEW = Rivals()


def contested(
    beliefs: Mapping[str, Belief],
    known: Mapping[Pair, Rivals],
    pair: Pair,
    given: Watts,
    believed: Watts,
) -> tuple[Mapping[str, Belief], Mapping[Pair, Rivals]]:
    """Judge timings of two that were just judged one by one, from what both gave.

    `believed` is what they were believed to give of it.
    """
    two = [beliefs[name] for name in pair]
    one, other = [_moved(belief.bank) for belief in two]
    rivals = charged(known.get(pair, NEW), one, other, given, believed)
    timings = better(rivals, two)
    if timings:
        rivals = Rivals(rivals.costs, min(rivals.costs))
        beliefs = {**beliefs, **dict(zip(pair, map(_begun, two, timings), strict=True))}
    return beliefs, {**known, pair: rivals}


def charged(
    rivals: Rivals, one: list[Watts], other: list[Watts], given: Watts, believed: Watts
) -> Rivals:
    """Charge each pair with what it leaves unexplained."""
    missed = [abs(rest - watts) for rest in [given - watts for watts in one] for watts in other]
    if min(missed) > EXPLAINS * abs(given):
        return rivals
    costs = [MEMORY * cost + miss for cost, miss in zip(rivals.costs, missed, strict=True)]
    return Rivals(tuple(costs), MEMORY * rivals.believed + abs(given - believed))


def better(rivals: Rivals, two: list[Belief]) -> list[Timing]:
    """Return the best pair, if it is much better than what is believed, and apart from it.

    What was believed has changed meanwhile, so the pair nearest to it now must be worse as well.
    """
    best = min(rivals.costs)
    if best > BETTER * rivals.believed:
        return []
    near, far = [_nearest(belief) for belief in two]
    if best > BETTER * rivals.costs[near * len(FEW) + far]:
        return []
    timings = [FEW[place] for place in divmod(rivals.costs.index(best), len(FEW))]
    return timings if any(map(_is_apart, two, timings)) else []


def _moved(bank: Bank) -> list[Watts]:
    """What each of the few shows more at the reading that was judged than at the one before."""
    before, after = bank.earlier[1], bank.lesson[1]
    return [after[place] - before[place] for place in PLACES]


def _nearest(belief: Belief) -> int:
    gaps = [abs(dead - belief.dead) + abs(lag - belief.lag) for dead, lag in FEW]
    return gaps.index(min(gaps))


def _is_apart(belief: Belief, timing: Timing) -> bool:
    return abs(sum(timing) - belief.dead - belief.lag) > APART


def _begun(belief: Belief, timing: Timing) -> Belief:
    """Begin anew from this: what its bank knows, it knows beside a wrong other one."""
    dead, lag = timing if _is_apart(belief, timing) else (belief.dead, belief.lag)
    bank = replace(belief.bank, costs=new_bank(dead, lag).costs, before=())
    return replace(belief, dead=dead, lag=lag, bank=bank)
