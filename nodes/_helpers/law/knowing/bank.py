"""How fast a battery answers: a bank of candidate responses, scored by the meter itself."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

from flowctl import Seconds, Watts, changer

DEADS = (0.2, *(0.5 * k for k in range(1, 13)), 7.0, 8.0, 10.0, 12.0, 15.0)
"""Candidate dead times, s: fine where most batteries are, from quick inverters behind quick meters
up to slow cloud links (as in the control bench)."""
LAGS = (0.3, 1.0, 2.0, 4.0)
"""Candidate lags, s: wired inverters to micro storages (as in the control bench)."""
TIMINGS = tuple((dead, lag) for lag in LAGS for dead in DEADS)
GROWTH = tuple(tuple(math.exp(dead / lag) for dead in DEADS) for lag in LAGS)

LONGEST = 15.0  # s between two samples, as slow meters are; over more, too much else has changed
SPAN = DEADS[-1] + LONGEST  # s of setpoints that a sample may look back on

REBASE = 60.0  # s until sums are counted from anew: exp(60 / 0.3) is still far from infinite
MEMORY = 0.97  # of a cost, from one learning sample to the next: about 30 samples
PRIOR = 20.0  # W of cost per second that a candidate is away from the first guess
KEPT = 300.0  # the same where it was learned before: a start, out of standby, looks slower
EXPLAINS = 0.7  # an answer must explain 30 % better than none, else a shortfall looks like slowness

Look = tuple[Seconds, tuple[Watts, ...]]
"""What every candidate shows at a time."""
NEVER: Look = (math.nan, ())

FITS = 0.3  # of what the best candidate misses of a move: another must fit much better to be told
PART = 0.15  # of a move that may lie beside: peaks between two looks at it
WEIGHT = 1.5  # of such a miss: it is the battery's own word, and no other battery is mixed in


@dataclass(frozen=True, slots=True, kw_only=True)
class Bank:
    """What every candidate shows, and how badly it has explained the meter so far.

    A change of setpoint leaves change * exp(-(at - dead - begun) / lag) to be shown. Its factor
    exp((begun - base) / lag) is summed up as the changes come, one running sum for each lag; the
    rest of the exponent is common to all changes, so one exponential per lag is enough.
    """

    costs: tuple[float, ...] = ()
    begun: tuple[Seconds, ...] = (-math.inf,)
    """When each setpoint began, oldest first; they reach back over `SPAN`."""
    goals: tuple[Watts, ...] = (0.0,)
    """The setpoints."""
    sums: tuple[tuple[float, ...], ...] = ((0.0,),) * len(LAGS)
    """For each lag the running sums up to each setpoint."""
    base: Seconds = -math.inf
    """From when on exponents are counted in the sums."""
    lesson: Look = NEVER
    """At the newest reading that the costs are of ..."""
    reading: Look = NEVER
    """... and at the newest one, of a battery that tells nothing."""
    before: tuple[float, ...] = ()
    """Costs before the setpoints that are under way."""
    earlier: Look = NEVER
    """At the reading before `lesson`."""


def new_bank(dead: Seconds, lag: Seconds, *, known: bool = False) -> Bank:
    """Begin at rest, with a first guess of the timing, or with what is `known` of it."""
    sure = KEPT if known else PRIOR
    return Bank(costs=tuple(sure * (abs(d - dead) + abs(tau - lag)) for d, tau in TIMINGS))


def at_rest(bank: Bank, watts: Watts) -> Bank:
    """Forget what is in flight: the battery is known to deliver this."""
    return Bank(costs=bank.costs, goals=(watts,), before=bank.before)


def remembered(bank: Bank) -> Bank:
    """Note that nothing is under way before the setpoint that comes now."""
    return _noting(bank, before=bank.costs)


def unlearned(bank: Bank) -> Bank:
    """Forget what the setpoints under way have taught: the battery could not follow them."""
    return _charging(bank, costs=bank.before or bank.costs)


def stepped(bank: Bank, watts: Watts, at: Seconds) -> Bank:
    """Note that a setpoint was accepted."""
    base, sums, jump = bank.base, bank.sums, watts - bank.goals[-1]
    if at - base > REBASE:
        shrink = [math.exp((base - at) / lag) for lag in LAGS]
        sums = tuple(
            [tuple([x * less for x in old]) for old, less in zip(sums, shrink, strict=True)]
        )
        base = at
    keep = max(0, bisect_right(bank.begun, at - SPAN) - 1)
    grown = [
        (*old[keep:], old[-1] + jump * math.exp((at - base) / lag))
        for old, lag in zip(sums, LAGS, strict=True)
    ]
    begun, goals = (*bank.begun[keep:], at), (*bank.goals[keep:], watts)
    return _stepping(bank, begun=begun, goals=goals, sums=tuple(grown), base=base)


def sooner(bank: Bank, at: Seconds) -> Bank:
    """Let the setpoints that were to begin later begin at a time."""
    begun = bisect_right(bank.begun, at)
    later = bank.goals[begun:]
    sums = tuple([old[:begun] for old in bank.sums])
    bank = replace(bank, begun=bank.begun[:begun], goals=bank.goals[:begun], sums=sums)
    for watts in later:
        bank = stepped(bank, watts, at)
    return bank


def judge(bank: Bank, since: Seconds, until: Seconds, given: Watts) -> Bank:
    """Charge every candidate with what it leaves unexplained of the power given in between."""
    before, after = looked(bank, since), looked(bank, until)
    missed = [abs(given - now + was) for now, was in zip(after, before, strict=True)]
    costs = bank.costs
    if min(missed) <= EXPLAINS * abs(given):
        costs = tuple([MEMORY * cost + miss for cost, miss in zip(costs, missed, strict=True)])
    return _judging(bank, costs=costs, lesson=(until, after), earlier=(since, before))


def contradict(bank: Bank, moments: Sequence[Seconds], moved: Watts) -> Bank:
    """Charge every candidate with what it misses of a move, whenever between them it was.

    A fall is a rise, seen backwards. Before the oldest setpoint that is known there was none.
    """
    known = [max(at, bank.begun[0] + DEADS[-1]) for at in moments]
    looks = [shown(bank, at) for at in (known if moved > 0 else reversed(known))]
    missed = _missed(looks, (1 - PART) * abs(moved))
    if min(missed) > FITS * missed[_first(bank)]:
        return bank
    costs = [cost + WEIGHT * miss for cost, miss in zip(bank.costs, missed, strict=True)]
    return _charging(bank, costs=tuple(costs))


def _missed(looks: Sequence[Sequence[Watts]], asked: Watts) -> list[Watts]:
    """Return what the largest rise on the way by each candidate lacks of the one asked for."""
    missed: list[Watts] = []
    for watts in zip(*looks, strict=True):
        most, low = 0.0, math.inf
        for now in watts:
            if now < low:
                low = now
            elif now - low > most:
                most = now - low
        missed.append(asked - most if most < asked else 0.0)
    return missed


def best(bank: Bank) -> tuple[Seconds, Seconds]:
    """Dead time and lag of the candidate that explained the meter best."""
    return TIMINGS[_first(bank)]


def looked(bank: Bank, at: Seconds) -> tuple[Watts, ...]:
    """Return what the meter shows of it as it was found before, or find it."""
    for then, watts in (bank.lesson, bank.reading):
        if then == at:
            return watts
    return shown(bank, at)


def shown(bank: Bank, at: Seconds) -> tuple[Watts, ...]:
    """What the meter shows of the battery at a time, by every candidate."""
    goals, last = bank.goals, _begun(bank.begun, at)
    fades = [math.exp((bank.base - at) / lag) for lag in LAGS]
    return tuple(
        [
            goals[k] - fade * grown * sums[k]
            for fade, growth, sums in zip(fades, GROWTH, bank.sums, strict=True)
            for grown, k in zip(growth, last, strict=True)
        ]
    )


def _begun(begun: Sequence[Seconds], at: Seconds) -> list[int]:
    """Say for each dead time which setpoint begins to show at a time, or the oldest."""
    last, k = [], len(begun) - 1
    for dead in DEADS:
        until = at - dead
        while k and begun[k] > until:
            k -= 1
        last.append(k)
    return last


def _first(bank: Bank) -> int:
    return bank.costs.index(min(bank.costs))


_noting, _charging = changer(Bank, "before"), changer(Bank, "costs")
_judging = changer(Bank, "costs", "lesson", "earlier")
_stepping = changer(Bank, "begun", "goals", "sums", "base")
