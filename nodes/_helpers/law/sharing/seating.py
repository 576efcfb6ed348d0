"""What each battery brings to the table: limits with their reasons, weight and rank."""

import math
from collections.abc import Mapping
from dataclasses import replace

from flowctl import Ability, Percent, Watts, maker
from nodes._helpers.law.knowing.ceiling import probed
from nodes._helpers.law.sharing.allocation import Seat, of_sure
from nodes._helpers.law.sharing.by_name import FULL, ByName
from nodes._helpers.law.sharing.round import Policy, Round

RESUME = 1.0  # % over the reserve before a spared battery discharges again: readings of charge jump
USABLE_LEAST = 3.0  # % that a battery near its reserve still counts, as long as it may be used
SOC_UNKNOWN = 50.0  # % while a battery does not tell its charge
CAPACITY_UNKNOWN = 5000.0  # Wh while it does not tell: about one common home battery
NEARLY_FULL = 3.0  # % below the ceiling from which on sun is given first, more and more: no flicker
INCUMBENT = 6.0  # points of charge, or seconds, that being active is worth: roles change seldom
TOGETHER = 10.0  # % of charge that make one work 2.7 times as hard: hours, no writes for 1 %
TOO_LITTLE = 1e3  # rank after all that can give so little; an order holds among those that can
FIRST = -1e6  # rank before all that charge and speed can make


def seated(now: Round, active: frozenset[str]) -> tuple[list[Seat], dict[str, str]]:
    """Find who can do how much in the direction asked for, and what limits each."""
    seats: list[Seat] = []
    binds: dict[str, str] = {}
    sign, at, following = now.sign, now.at, now.following
    for name, ability in now.usable.items():
        most, binds[name] = now.most(name, sign)
        followed = following.get(name)
        if followed is not None and followed.until > at:
            accepts = followed.limit(sign, at)
            if accepts < most:
                most, binds[name] = accepts, f"accepts {accepts:.0f}W at most"
        if 0 < most < ability.min_power:
            binds[name] = f"cannot hold {most:.0f}W: less than its minimum power"
        elif most > 0:
            seat = _seat(name, ability, most, now, active=name in active)
            if seat.weight > 0:
                seats.append(seat)
            else:
                binds[name] = "has no weight"
    if not now.total and not now.refused:  # no limit binds where nothing is asked
        binds = dict.fromkeys(binds, "not needed")
    return _wary(seats, now.total), binds


def _wary(seats: list[Seat], total: Watts) -> list[Seat]:
    """Ask no one for far more than it was seen to give, while all together were seen to give all.

    Then only a probe is worth its while; whatever it is that makes the house lack power.
    """
    if total > sum(map(of_sure, seats)):
        return seats
    return [
        replace(seat, able=seat.sure) if seat.sure < seat.able > probed(seat.sure) else seat
        for seat in seats
    ]


def spared(
    before: frozenset[str], usable: Mapping[str, Ability], reserve: ByName
) -> frozenset[str]:
    """Name those at their reserve; they come back a little above it."""
    low: list[str] = []
    for name, ability in usable.items():
        bound = reserve.of(name) + (RESUME if name in before else 0.0)
        if ability.soc is not None and ability.soc < bound:
            low.append(name)
    return frozenset(low)


def _seat(name: str, ability: Ability, able: Watts, now: Round, *, active: bool) -> Seat:
    usable, reach = _usable(name, ability, now), ability.dead_time + ability.lag
    proven = ability.proven_discharge if now.sign > 0 else ability.proven_charge
    return _new_seat(
        name=name,
        ability=ability,
        able=able,
        weight=_weight(name, ability, usable, able, now.policy),
        rank=_rank(name, ability, reach - usable, now, active=active),
        reach=reach,
        usable=usable,
        lost=_lost(name, ability, able, now) if ability.sun else 0.0,
        sure=able if proven is None else min(able, proven),
    )


def _rank(name: str, ability: Ability, rank: float, now: Round, *, active: bool) -> float:
    """Say how late it is called: a second of its answer counts as much as a point of charge."""
    if active:
        rank -= INCUMBENT
    match now.policy.strategy:
        case "efficiency":
            rank += now.policy.losses.standby.of(name)  # a W of standby counts as a point of charge
        case "priority":
            rank = FIRST + _turn(name, now)
    return rank + TOO_LITTLE if ability.min_power > now.total else rank


def _turn(name: str, now: Round) -> int:
    """Say whose turn it is in the order; those that it leaves out come last, as the outlook has it.

    By charge, which changes by the percent, all of the load would go to and fro between those.
    """
    order = now.policy.order
    return order.index(name) if name in order else len(order) + [*now.usable].index(name)


def _lost(name: str, ability: Ability, able: Watts, now: Round) -> Watts:
    """Say what of its panels' power is lost unless it gives that: more and more when it is full."""
    if now.sign < 0 or ability.soc is None:
        return 0.0
    full = 1 - (_ceiling(name, ability, now.policy) - ability.soc) / NEARLY_FULL
    return min(able, ability.sun or 0.0) * max(0.0, min(1.0, full))


def _usable(name: str, ability: Ability, now: Round) -> Percent:
    """Say how much charge it can give, or take; by charge it is the same end for all."""
    policy, soc = now.policy, SOC_UNKNOWN if ability.soc is None else ability.soc
    if policy.strategy == "soc":
        return soc if now.sign > 0 else FULL - soc
    if now.sign < 0:
        return _ceiling(name, ability, policy) - soc
    low, floor = policy.reserve.of(name), ability.floor
    return soc - (low if floor is None or floor < low else floor)


def _ceiling(name: str, ability: Ability, policy: Policy) -> Percent:
    high, ceiling = policy.ceiling.of(name), ability.ceiling
    return high if ceiling is None or ceiling > high else ceiling


def _weight(name: str, ability: Ability, usable: Percent, able: Watts, policy: Policy) -> float:
    match policy.strategy:
        case "energy" | "efficiency":
            return max(USABLE_LEAST, usable) * (ability.capacity or CAPACITY_UNKNOWN)
        case "soc":  # equal charges go on alike whatever the capacities are, others come together
            return math.exp(usable / TOGETHER) * (ability.capacity or CAPACITY_UNKNOWN)
        case "capacity":
            return ability.capacity or CAPACITY_UNKNOWN
        case "power":
            return able
        case "weighted":
            return policy.weights.get(name, 1.0)
        case _:
            return 1.0


_new_seat = maker(Seat)
