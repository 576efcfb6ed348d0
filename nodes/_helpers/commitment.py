"""Choosing how many units work, and which: limits, losses, rank, least times."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Literal, NamedTuple

from flowctl import Ability, Battery, Percent, Plan, Seconds, Watts
from nodes._helpers.fleet import Fleet, able
from nodes._helpers.law.allocation import water_fill
from nodes._helpers.law.losses import Curve, loss
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


class Leaving(NamedTuple):
    """One that hands over."""

    since: Seconds
    watts: Watts
    """What it was told last before, + discharging."""

    def part(self, sign: float, at: Seconds, handover: Seconds) -> Watts:
        """Return what it still gives in a direction; little is nothing."""
        passed = (at - self.since) / handover if handover > 0 else 1.0
        part = sign * self.watts * (1 - passed)
        return part if part > LEAST else 0.0


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
    limits = {n: able(fleet.told[n], sign, wishes.rating, 0.0, 100.0)[0] for n in order}
    for name, ability in abilities.items():
        if name in limits:
            learned = ability.can_discharge if sign > 0 else ability.can_charge
            limits[name] = min(limits[name], learned)
    now = [name for name in order if name in before.active]
    part = wishes.add if sign > 0 else wishes.charging
    count = how_many(abs(total), [limits[name] for name in order], len(now), part, wishes)
    kept = [n for n in now if at - before.active[n] < wishes.least_on - TINY]
    chosen = [name for name in order if name in order[:count] or name in kept]
    leaving, watts, left = (
        _leaving(before, chosen, plan, at),
        dict.fromkeys(plan.watts, 0.0),
        abs(total),
    )
    for name, one in leaving.items():
        watts[name] = sign * min(one.part(sign, at, wishes.handover), left)
        left -= abs(watts[name])
    leaving = {name: one for name, one in leaving.items() if watts[name]}
    weights = [abs(plan.watts[name]) for name in chosen]
    shares = water_fill(left, weights, [limits[name] for name in chosen])
    watts |= {name: sign * share for name, share in zip(chosen, shares, strict=True)}
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


def _leaving(
    before: Committed, chosen: Sequence[str], plan: Plan, at: Seconds
) -> dict[str, Leaving]:
    """Name those that are not called any more, and still give something."""
    gone = [name for name in before.active if name not in chosen]
    going = {name: Leaving(at, before.watts.get(name, 0.0)) for name in gone} | {
        name: one for name, one in before.leaving.items() if name not in chosen
    }
    return {name: one for name, one in going.items() if name in plan.watts}
