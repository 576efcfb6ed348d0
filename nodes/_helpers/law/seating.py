"""What each battery brings to the table: limits with their reasons, weight and rank."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from flowctl import Ability, Percent, Seconds, Watts, maker
from nodes._helpers.law.allocation import Seat, sun_alone
from nodes._helpers.law.by_name import FULL, ByName
from nodes._helpers.law.following import BEYOND, Following
from nodes._helpers.law.losses import Losses
from nodes._helpers.law.notes import of_way

Strategy = Literal[
    "energy", "soc", "capacity", "power", "equal", "weighted", "priority", "efficiency"
]

RESUME = 1.0  # % over the reserve before a spared battery discharges again: readings of charge jump
USABLE_LEAST = 3.0  # % that a battery near its reserve still counts, as long as it may be used
SOC_UNKNOWN = 50.0  # % while a battery does not tell its charge
CAPACITY_UNKNOWN = 5000.0  # Wh while it does not tell: about one common home battery
NEARLY_FULL = 3.0  # % below the ceiling from which on sun is given first, more and more: no flicker
INCUMBENT = 6.0  # points of charge, or seconds, that being active is worth: roles change seldom
ONLY_SUN = ": what its panels make"
TOGETHER = (
    10.0  # % of charge that make a battery work 2.7 times as hard: hours, and no writes for 1 %
)
TOO_LITTLE = 1e3  # rank after all that can give so little; an order holds among those that can
FIRST = -1e6  # rank before all that charge and speed can make


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The user's wishes."""

    reserve: ByName = field(default_factory=lambda: ByName(10.0))
    ceiling: ByName = field(default_factory=lambda: ByName(FULL))
    strategy: Strategy = "energy"
    order: Sequence[str] = ()
    weights: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    share: Watts = 300.0
    losses: Losses = field(default_factory=Losses)
    least_on: Seconds = 180.0

    @property
    def named(self) -> set[str]:
        """Names of batteries that the user wrote."""
        wishes = (self.reserve, self.ceiling, self.losses.standby)
        return {*self.order, *self.weights, *(name for wish in wishes for name in wish.own)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One allocation under way; powers are magnitudes in the direction of `sign`."""

    at: Seconds
    total: Watts
    sign: float
    policy: Policy
    usable: Mapping[str, Ability]
    """Batteries that can be commanded."""
    spared: frozenset[str]
    """Who of them is at its reserve."""
    refused: Watts = 0.0
    """What is wanted beyond `total`, and a step further down does not let through."""
    following: Mapping[str, Following] = field(default_factory=lambda: MappingProxyType({}))
    """How each followed so far."""

    def allows(self, name: str, watts: Watts) -> bool:
        """Tell whether a battery may do this, in whichever direction."""
        return abs(watts) <= self.most(name, -1.0 if watts < 0 else 1.0)[0]

    def most(self, name: str, sign: float) -> tuple[Watts, str]:
        """Return what a battery may do in a direction, and what binds it there."""
        ability = self.usable[name]
        if sign > 0:
            able = ability.can_discharge
            if name in self.spared:
                why = f"at its reserve of {self.policy.reserve.of(name):g}%"
                return sun_alone(ability), why + ONLY_SUN if ability.sun else why
        else:
            ceiling = self.policy.ceiling.of(name)
            if ability.soc is not None and ability.soc >= ceiling:
                return 0.0, f"charged to {ceiling:g}%"
            able = ability.can_charge
        note = of_way(ability.note, sign) if ability.note else ""
        return able, note or ("at its limit" if able > 0 else "can do nothing this way now")

    def is_beyond(self, name: str) -> bool:
        """Tell whether a step further down makes it do more than it is asked for."""
        followed = self.following.get(name)
        if followed is None or self.at - followed.since <= BEYOND:
            return False
        return abs(self.usable[name].setpoint) > abs(followed.asked)

    def is_held(self, name: str) -> bool:
        """Tell whether one that goes the other way is made to, by a full charge say."""
        followed = self.following.get(name)
        return followed is not None and followed.limit(self.sign, self.at) <= 0


def seated(now: Round, active: frozenset[str]) -> tuple[list[Seat], dict[str, str]]:
    """Find who can do how much in the direction asked for, and what limits each."""
    seats: list[Seat] = []
    binds: dict[str, str] = {}
    for name, ability in now.usable.items():
        most, binds[name] = now.most(name, now.sign)
        followed = now.following.get(name)
        if followed is not None and followed.until > now.at:
            accepts = followed.limit(now.sign, now.at)
            if accepts < most:
                most, binds[name] = accepts, f"accepts {accepts:.0f}W at most"
        if most > 0:
            seat = _seat(name, ability, most, now, active=name in active)
            if seat.weight > 0:
                seats.append(seat)
            else:
                binds[name] = "has no weight"
    return seats, binds


def spared(
    before: frozenset[str], usable: Mapping[str, Ability], reserve: ByName
) -> frozenset[str]:
    """Name those at their reserve; they come back a little above it."""
    low = [
        name
        for name, ability in usable.items()
        if ability.soc is not None
        and ability.soc < reserve.of(name) + (RESUME if name in before else 0.0)
    ]
    return frozenset(low)


def _seat(name: str, ability: Ability, able: Watts, now: Round, *, active: bool) -> Seat:
    policy = now.policy
    soc = SOC_UNKNOWN if ability.soc is None else ability.soc
    usable = _usable(name, soc, now)
    reach = ability.dead_time + ability.lag
    rank = reach - usable - (INCUMBENT if active else 0.0)
    if policy.strategy == "efficiency":
        rank += policy.losses.standby.of(name)  # a W of standby counts as a point of charge
    if policy.strategy == "priority" and name in policy.order:
        rank = FIRST + policy.order.index(name)
    if ability.min_power > now.total:
        rank += TOO_LITTLE
    weight, lost = _weight(name, ability, usable, able, policy), 0.0
    if ability.sun and now.sign > 0 and ability.soc is not None:
        full = 1 - (policy.ceiling.of(name) - ability.soc) / NEARLY_FULL
        lost = min(able, ability.sun) * max(0.0, min(1.0, full))
    proven = ability.proven_discharge if now.sign > 0 else ability.proven_charge
    sure = able if proven is None else min(able, proven)
    return _made(
        name=name,
        ability=ability,
        able=able,
        weight=weight,
        rank=rank,
        reach=reach,
        usable=usable,
        lost=lost,
        sure=sure,
    )


def _usable(name: str, soc: Percent, now: Round) -> Percent:
    """Say how much charge it can give, or take; by charge it is the same end for all."""
    policy = now.policy
    if policy.strategy == "soc":
        return soc if now.sign > 0 else FULL - soc
    return soc - policy.reserve.of(name) if now.sign > 0 else policy.ceiling.of(name) - soc


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


_made = maker(Seat)
