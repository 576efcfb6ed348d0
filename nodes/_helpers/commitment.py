"""Choosing how many units work, and which: limits, losses, rank, least times."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Literal, NamedTuple

from flowctl import Ability, Battery, Percent, Plan, Seconds, Watts
from nodes._helpers.fleet import Fleet, able
from nodes._helpers.law.sharing.allocation import water_fill
from nodes._helpers.law.sharing.choosing import Leaving
from nodes._helpers.law.sharing.losses import Curve, loss
from nodes._helpers.timing import TINY

Ranking = Literal["soc", "listed", "share"]
GAIN = 5.0  # W of losses that another number of units must save: a switch costs as much in minutes
LEAST = 25.0  # W that one that leaves still gives: below it is a dead band's matter
SOC_UNKNOWN = 50.0  # % while a battery does not tell its charge
NO_ABILITIES: Mapping[str, Ability] = MappingProxyType({})


class Wishes(NamedTuple):
    """The settings of the law."""

    add: float
    charging: float
    drop: float
    curve: Curve | None
    """`None`: by limits alone."""
    rank: Ranking
    tie: Percent
    reorder: Seconds
    least_on: Seconds
    handover: Seconds
    rating: Watts


class Committed(NamedTuple):
    """Who works since when, who is leaving, and in what order they stand."""

    active: Mapping[str, Seconds]
    leaving: Mapping[str, Leaving]
    """Who goes down while the others come up."""
    watts: Mapping[str, Watts]
    """What was said last."""
    order: tuple[str, ...] = ()
    ordered_at: Seconds = 0.0
    sign: float = 0.0


def commit(
    before: Committed,
    plan: Plan,
    fleet: Fleet,
    wishes: Wishes,
    at: Seconds,
    abilities: Mapping[str, Ability] = NO_ABILITIES,
) -> tuple[Committed, dict[str, Watts]]:
    """Choose the units and give each its watts."""
    total = sum(plan.watts.values())
    sign = -1.0 if total < 0 else 1.0
    order, ordered_at = ranked(before, plan, fleet.told, sign, wishes, at)
    limits = _limits(order, fleet, sign, wishes, abilities)
    now = [name for name in order if name in before.active]
    part = wishes.add if sign > 0 else wishes.charging
    count = how_many(abs(total), [limits[name] for name in order], len(now), part, wishes)
    kept = [n for n in now if at - before.active[n] < wishes.least_on - TINY]
    chosen = [name for name in order if name in order[:count] or name in kept]
    leaving = _leaving(before, chosen, plan, at)
    going = _going(leaving, sign, abs(total), wishes, at)
    weights = [abs(plan.watts[name]) for name in chosen]
    left = abs(total) - sum(going.values())
    shares = water_fill(left, weights, [limits[name] for name in chosen])
    watts = dict.fromkeys(plan.watts, 0.0)
    watts |= {name: sign * part for name, part in going.items()}
    watts |= {name: sign * share for name, share in zip(chosen, shares, strict=True)}
    leaving = {name: leaving[name] for name in going}
    active = {name: before.active.get(name, at) for name in chosen}
    return Committed(active, leaving, watts, order, ordered_at, sign), watts


def how_many(
    total: Watts, limits: Sequence[Watts], active: int, part: float, wishes: Wishes
) -> int:
    """Say how many, in order: enough for the total, and no more than pay."""
    count, room = 0, 0.0
    for limit in limits:
        count, room = count + 1, room + limit
        if total < (part if count >= active else part - wishes.drop) * room:
            break
    if wishes.curve is None or not limits:
        return count
    now = min(max(count, active), len(limits))
    costs = {k: k * loss(wishes.curve, total / k) for k in range(count, len(limits) + 1) if k}
    best = min(costs, key=lambda k: costs[k])
    return best if costs[now] - costs[best] > GAIN or now < count else now


def ranked(
    before: Committed,
    plan: Plan,
    told: Mapping[str, Battery],
    sign: float,
    wishes: Wishes,
    at: Seconds,
) -> tuple[tuple[str, ...], Seconds]:
    """Put those that can work in the order in which they are called."""
    names = [name for name, watts in plan.watts.items() if watts * sign > 0 and name in told]
    same = sign == before.sign and set(names) == set(before.order)
    if same and at - before.ordered_at < wishes.reorder - TINY:
        return before.order, before.ordered_at

    def place(name: str) -> float:
        soc = told[name].soc
        held = wishes.tie if name in before.active else 0.0
        if wishes.rank == "soc":
            return -sign * (SOC_UNKNOWN if soc is None else soc) - held
        return -abs(plan.watts[name]) if wishes.rank == "share" else 0.0

    return tuple(sorted(names, key=place)), at


def _limits(
    order: Sequence[str],
    fleet: Fleet,
    sign: float,
    wishes: Wishes,
    abilities: Mapping[str, Ability],
) -> dict[str, Watts]:
    """Say what each can do in a direction: what it tells, and no more than was learned of it."""
    limits = {n: able(fleet.told[n], sign, wishes.rating, 0.0, 100.0)[0] for n in order}
    for name in limits.keys() & abilities.keys():
        ability = abilities[name]
        learned = ability.can_discharge if sign > 0 else ability.can_charge
        limits[name] = min(limits[name], learned)
    return limits


def _leaving(
    before: Committed, chosen: Sequence[str], plan: Plan, at: Seconds
) -> dict[str, Leaving]:
    """Name those that are not called any more, and still give something."""
    begun = {name: Leaving(at, before.watts.get(name, 0.0)) for name in before.active}
    return {
        name: one
        for name, one in {**begun, **before.leaving}.items()
        if name not in chosen and name in plan.watts
    }


def _going(
    leaving: Mapping[str, Leaving], sign: float, left: Watts, wishes: Wishes, at: Seconds
) -> dict[str, Watts]:
    """Say what those that leave still give in a direction, a magnitude; little is nothing."""
    going: dict[str, Watts] = {}
    for name, one in leaving.items():
        part = sign * one.part(at, wishes.handover)
        if part > LEAST and left > 0:
            going[name] = min(part, left)
            left -= going[name]
    return going
