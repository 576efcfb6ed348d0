"""What each battery brings to the table: limits with their reasons, weight and rank."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Literal, NamedTuple

from flowctl import Ability, Percent, Seconds, Watts
from nodes._helpers.allocation import Seat
from nodes._helpers.following import Following

Strategy = Literal["energy", "soc", "capacity", "power", "equal", "weighted", "priority"]

RESUME = 1.0  # % over the reserve before a spared battery discharges again: readings of charge jump
USABLE_LEAST = 3.0  # % that a battery near its reserve still counts, as long as it may be used
SOC_UNKNOWN = 50.0  # % while a battery does not tell its charge
CAPACITY_UNKNOWN = 5000.0  # Wh while it does not tell: about one common home battery
INCUMBENT = 6.0  # points of charge, or seconds, that being active is worth: roles change seldom


class Policy(NamedTuple):
    """The user's wishes."""

    reserve: Percent = 10.0
    ceiling: Percent = 100.0
    strategy: Strategy = "energy"
    order: Sequence[str] = ()
    weights: Mapping[str, float] = MappingProxyType({})
    share: Watts = 300.0


def spared(
    before: frozenset[str], usable: Mapping[str, Ability], reserve: Percent
) -> frozenset[str]:
    """Name those at their reserve; they come back a little above it."""
    low = [
        name
        for name, ability in usable.items()
        if ability.soc is not None and ability.soc < reserve + (RESUME if name in before else 0.0)
    ]
    return frozenset(low)


def take_seat(
    name: str, ability: Ability, sign: float, able: Watts, *, active: bool, policy: Policy
) -> Seat:
    """Weigh and rank a battery for one direction."""
    soc = SOC_UNKNOWN if ability.soc is None else ability.soc
    usable = soc - policy.reserve if sign > 0 else policy.ceiling - soc
    reach = ability.dead_time + ability.lag
    rank = reach - usable - (INCUMBENT if active else 0.0)
    if policy.strategy == "priority":
        rank = _place(name, rank, policy.order)
    return Seat(name, ability, able, _weight(name, ability, usable, able, policy), rank, reach)


def limit(
    ability: Ability,
    sign: float,
    policy: Policy,
    *,
    spared: bool,
    followed: Following | None,
    at: Seconds,
) -> tuple[Watts, str]:
    """Return what a battery may do in one direction, and what binds it there."""
    if sign > 0:
        if spared:
            return 0.0, f"at its reserve of {policy.reserve:g}%"
        able = ability.can_discharge
    else:
        if ability.soc is not None and ability.soc >= policy.ceiling:
            return 0.0, f"charged to {policy.ceiling:g}%"
        able = ability.can_charge
    if followed is not None and followed.until > at:
        most = followed.limit(sign, at)
        if most < able:
            return most, f"accepts {most:.0f}W at most"
    return able, ability.note or ("at its limit" if able > 0 else "can do nothing this way now")


def _weight(name: str, ability: Ability, usable: Percent, able: Watts, policy: Policy) -> float:
    match policy.strategy:
        case "energy":
            return max(USABLE_LEAST, usable) * (ability.capacity or CAPACITY_UNKNOWN)
        case "soc":
            return max(USABLE_LEAST, usable)
        case "capacity":
            return ability.capacity or CAPACITY_UNKNOWN
        case "power":
            return able
        case "weighted":
            return policy.weights.get(name, 1.0)
        case _:
            return 1.0


def _place(name: str, rank: float, order: Sequence[str]) -> float:
    """Rank by the user's order; those not named come after, as charge and speed say."""
    return -1e6 + order.index(name) if name in order else rank
