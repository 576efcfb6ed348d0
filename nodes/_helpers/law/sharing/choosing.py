"""Who works: as many as have room and a part worth their while, or as few as lose least."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from flowctl import Seconds, Watts, maker
from nodes._helpers.law.sharing.allocation import Seat, of_able, of_lost, of_rank
from nodes._helpers.law.sharing.losses import Losses
from nodes._helpers.law.sharing.round import Round

ROOM = 0.85  # of the limits: a set that is not run to its limits has room to answer
GAIN = 5.0  # W of losses that another number of units must save: a switch costs as much in minutes
LEAVES = 0.1  # of the limits of those that stay, by which they must be lighter than for one to join
HANDOVER = 30.0  # s from all to nothing: wrong by 3 s, two timings let a tenth of it pass the meter


class Leaving(NamedTuple):
    """One that hands over: it goes down evenly while those that stay come up."""

    since: Seconds
    watts: Watts
    """What it gave then."""

    def part(self, at: Seconds, lasts: Seconds = HANDOVER) -> Watts:
        """Return what it still gives, with the sign of what it gave."""
        return self.watts * max(0.0, 1 - (at - self.since) / lasts) if lasts > 0 else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Working:
    """Who works, and what must be remembered of it."""

    active: frozenset[str] = frozenset()
    needed_at: Seconds = 0.0
    """When all active ones were last needed."""
    called: Mapping[str, Seconds] = field(default_factory=dict)
    """When each active one was last needed, where few are to work."""
    leaving: Mapping[str, Leaving] = field(default_factory=dict)
    """Those that are not called any more, and still give something."""
    fits_at: Seconds = -math.inf
    """When those that would be chosen anew were last among the active ones."""


def choose(before: Working, now: Round, seats: Sequence[Seat]) -> Working:
    """Choose who works: new ones join at once, others leave when long not needed."""
    if now.policy.strategy == "efficiency":
        return _few(before, now, seats)
    share = math.inf if now.policy.strategy == "priority" else now.policy.share
    needed = frozenset(_worthwhile(seats, now.total, share))
    fits_at = before.fits_at
    if needed <= before.active:
        fits_at = now.at
    elif share < math.inf and now.at - fits_at < now.policy.least_on:
        needed = frozenset(_enough_of(before.active, seats, now.total, share)) or needed
    if needed >= before.active or now.at - before.needed_at >= now.policy.least_on:
        return _new_working(active=needed, needed_at=now.at, fits_at=fits_at)
    kept = [seat.name for seat in seats if seat.name in before.active]
    return _new_working(active=needed.union(kept), needed_at=before.needed_at, fits_at=fits_at)


def _enough_of(
    active: frozenset[str], seats: Sequence[Seat], total: Watts, share: Watts
) -> list[str]:
    """Pick who works already, if one is worth its while and these can do it.

    Around zero who is fuller gives and who is emptier takes: both would start and stop with each
    change of sign.
    """
    there = [seat for seat in seats if seat.name in active]
    if total > share or ROOM * sum(map(of_able, there)) < total:
        return []
    return _worthwhile(there, total, share)


def _worthwhile(seats: Sequence[Seat], total: Watts, share: Watts) -> list[str]:
    """Pick those to be active: as few as have room, as many as get a worthwhile share."""
    chosen: list[str] = []
    able = 0.0
    for count, seat in enumerate(_in_order(seats), 1):
        if chosen and ROOM * able >= total and count * share > total:
            break
        chosen.append(seat.name)
        able += seat.lost or seat.able
    return chosen


def _in_order(seats: Sequence[Seat]) -> list[Seat]:
    """Put them in the order in which they are called; who has sun to lose comes first."""
    ranked = sorted(seats, key=of_rank)
    return sorted(ranked, key=_keeps_all) if any(map(of_lost, ranked)) else ranked


def _few(before: Working, now: Round, seats: Sequence[Seat]) -> Working:
    """Choose as few as lose least; who leaves hands over to those that stay."""
    ranked = _in_order(seats)
    there = frozenset(seat.name for seat in ranked)
    count = how_many(ranked, now.total, len(before.active & there), now.policy.losses)
    called = {
        name: at
        for name, at in before.called.items()
        if name in there and now.at - at < now.policy.least_on
    }
    called |= {seat.name: now.at for seat in ranked[:count]}
    leaving = {
        seat.name: before.leaving.get(seat.name, Leaving(now.at, given))
        for seat in ranked
        if seat.name not in called and (given := seat.ability.setpoint * now.sign) > 0
    }
    return _new_working(active=frozenset(called), needed_at=now.at, called=called, leaving=leaving)


def how_many(seats: Sequence[Seat], total: Watts, on: int, losses: Losses) -> int:
    """Say how many work, in order: enough for the total, and no more than pay; `on` work now."""
    if not seats:
        return 0
    least = _enough(seats, total, on)
    costs = {least: losses.of(seats[:least], total)}
    for count in range(least + 1, len(seats) + 1):
        costs[count] = losses.of(seats[:count], total)
        if costs[count] > costs[count - 1] and count > on:
            break
    best = min(costs, key=costs.__getitem__)
    same = min(max(on, least), len(seats))
    return best if costs[same] - costs[best] > GAIN else same


def _enough(seats: Sequence[Seat], total: Watts, on: int) -> int:
    able = 0.0
    for count, seat in enumerate(seats, 1):
        able += seat.able
        room = ROOM if count >= on else ROOM - LEAVES
        if room * able >= total:
            return count
    return len(seats)


def _keeps_all(seat: Seat) -> bool:
    return not seat.lost


_new_working = maker(Working)
