"""Who gives how much: water-filling under limits, and room kept in the fastest.

Everything here is in magnitudes of the direction asked for; `sharing` puts the sign on.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from operator import attrgetter, le

from flowctl import Ability, Percent, Seconds, Watts

LATE = 2.5  # s that all others must be slower than the fastest to be called late
HEADROOM = 0.5  # of the fastest kept free to cover for late ones ...
BEHIND = 5.0  # % of charge that it may fall behind them for it: less and less up to there
WORTHWHILE = 25.0  # W: less is swallowed by the dead band of a device
SUN_GIVEN = 0.95  # of what panels on the DC side make; the inverter loses the rest
EPSILON = 1e-6  # W


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """One battery at the table."""

    name: str
    ability: Ability
    able: Watts
    """What it can do under every limit."""
    weight: float
    """Its part while no limit binds."""
    rank: float
    """Lower is activated earlier, and filled earlier where there is an order."""
    reach: Seconds
    """How long the meter waits for most of its answer."""
    usable: Percent = 0.0
    """What is left in it, or room, within reserve and ceiling."""
    lost: Watts = 0.0
    """What its panels make and nobody gets unless it gives it: it is full."""
    sure: Watts = 0.0
    """What can be counted on: what it may do beyond is only tried."""


def water_fill(total: Watts, weights: Sequence[float], limits: Sequence[Watts]) -> list[Watts]:
    """Share a total by weight; what a limit refuses goes to the others, by weight."""
    level = total / (sum(weights) or 1.0)
    shares = [weight * level for weight in weights]
    if all(map(le, shares, limits)):
        return shares
    shares, left = [0.0] * len(weights), total
    free = [k for k, weight in enumerate(weights) if weight > 0]
    while free and left > EPSILON:
        level = left / sum([weights[k] for k in free])
        full = [k for k in free if weights[k] * level >= limits[k]]
        if not full:
            for k in free:
                shares[k] = weights[k] * level
            break
        for k in full:
            left -= limits[k]
            shares[k] = limits[k]
            free.remove(k)
    return shares


def in_turn(total: Watts, limits: Sequence[Watts]) -> list[Watts]:
    """Give each what it can, one after the other."""
    shares: list[Watts] = []
    left = total
    for limit in limits:
        shares.append(min(left, limit))
        left -= shares[-1]
    return shares


def is_late(seats: Sequence[Seat]) -> bool:
    """Tell whether all others are much slower than the first, who is the fastest."""
    return len(seats) > 1 and seats[1].reach > seats[0].reach + LATE


def sun_alone(ability: Ability) -> Watts:
    """Return what a battery can give without its cells."""
    return min(ability.can_discharge, SUN_GIVEN * (ability.sun or 0.0))


def divided(seats: Sequence[Seat], total: Watts, *, ordered: bool, late: bool) -> dict[str, Watts]:
    """Share a total: what panels make and nobody could keep goes first."""
    sure = 0.0
    for seat in seats:
        if seat.lost:
            return _sunny(seats, total, ordered=ordered, late=late)
        sure += seat.sure
    if total > sure:
        return _tried(seats, total)
    return _plainly(seats, total, ordered=ordered, late=late)


def _sunny(seats: Sequence[Seat], total: Watts, *, ordered: bool, late: bool) -> dict[str, Watts]:
    losses = [*map(of_lost, seats)]
    first = water_fill(total, losses, losses)
    rest = [replace(seat, able=seat.able - part) for seat, part in zip(seats, first, strict=True)]
    left = max(0.0, total - sum(first))  # parts of it may be rounded up
    shares = _plainly(rest, left, ordered=ordered, late=late)
    return {seat.name: shares[seat.name] + part for seat, part in zip(seats, first, strict=True)}


def _tried(seats: Sequence[Seat], total: Watts) -> dict[str, Watts]:
    """Share more than all are known to give: what is only tried takes from nobody."""
    sure = [*map(of_sure, seats)]
    room = [seat.able - part for seat, part in zip(seats, sure, strict=True)]
    more = water_fill(total - sum(sure), [*map(of_weight, seats)], room)
    return {seat.name: sure[k] + more[k] for k, seat in enumerate(seats)}


def _plainly(seats: Sequence[Seat], total: Watts, *, ordered: bool, late: bool) -> dict[str, Watts]:
    """Share a total one after the other, or by weight."""
    if not ordered:
        return _by_weight(seats, total, late=late)
    ranked = sorted(seats, key=of_rank)
    shares = in_turn(total, [*map(of_sure, ranked)])
    return {seat.name: _trying(seat, shares[k]) for k, seat in enumerate(ranked)}


def _trying(seat: Seat, share: Watts) -> Watts:
    """Let one in turn that gives all that it was seen to give try more, which none relies on."""
    return seat.able if share >= seat.sure else share


def _by_weight(seats: Sequence[Seat], total: Watts, *, late: bool) -> dict[str, Watts]:
    """Share a total by weight, with room left in the fastest, the first, if the rest is late."""
    weights, limits = [], []
    for seat in seats:
        weights.append(seat.weight)
        limits.append(seat.able)
    if late:
        spare = [_used(seats) * limits[0], *limits[1:]]
        limits = spare if sum(spare) > total else limits
    return dict(zip(map(of_name, seats), water_fill(total, weights, limits), strict=True))


def _used(seats: Sequence[Seat]) -> float:
    """Say how much of the fastest is used: all of it before the late ones are full, or empty."""
    quick, *late = [seat.usable for seat in seats]
    behind = quick - sum(late) / len(late)
    return HEADROOM + (1 - HEADROOM) * max(0.0, min(1.0, behind / BEHIND))


of_name, of_weight, of_able = map(attrgetter, ("name", "weight", "able"))
of_sure, of_lost = map(attrgetter, ("sure", "lost"))
of_rank = attrgetter("rank")  # sort key: who is activated first
of_reach = attrgetter("reach")  # sort key: who answers first
