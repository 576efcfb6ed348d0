"""How helpers share what is needed of them: by energy, each with a worthwhile part. Pure."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from flowctl import Ability, Watts
from nodes._helpers.gone import GONE
from nodes._helpers.law.knowing.notes import of_way
from nodes._helpers.law.sharing.allocation import water_fill
from nodes._helpers.leading import Lead, Member, Rules

CAPACITY_UNKNOWN = 5000.0  # Wh while it does not tell: about one common home battery
FULL = 100.0  # %
USABLE_LEAST = 1.0  # % that one near its end still counts
JOIN = 1.2  # times the least share that each would get, then one more joins


class Team(NamedTuple):
    """What is remembered of the helpers."""

    size: int = 0
    """How many of them worked."""
    named: frozenset[str] = frozenset()
    """Who had a place in the last plan."""


class Shares(NamedTuple):
    """Who gives what, + discharging."""

    watts: dict[str, Watts]
    reasons: dict[str, str]
    unmet: Watts


def share(
    before: Team,
    need: Watts,
    helpers: Mapping[str, tuple[Ability, Member]],
    led: Lead,
    rules: Rules,
) -> tuple[Team, Shares]:
    """Share a need among those who can."""
    way, size = -1.0 if need < 0 else 1.0, abs(need)
    limits = {name: _limit(one, member, way) for name, (one, member) in helpers.items()}
    weights = {name: _weight(one, member, way, rules) for name, (one, member) in helpers.items()}
    barred = led.empty if way > 0 else frozenset[str]()
    able = [name for name in helpers if limits[name] > 0 and name not in barred]
    able.sort(key=lambda name: -weights[name])
    active = _active(able, size, [limits[name] for name in able], before.size, rules.least)
    parts = _parts(active, size, weights, limits, rules.least)
    watts = {name: way * parts.get(name, 0.0) or 0.0 for name in helpers}
    reasons = {
        name: _reason(
            name, of_way(one.note, way), parts.get(name, 0.0), limits[name], barred, size, rules
        )
        for name, (one, _) in helpers.items()
    }
    for name in before.named - helpers.keys() - led.left:  # one last word: silence is release
        watts[name], reasons[name] = 0.0, GONE
    unmet = way * max(0.0, size - sum(parts.values())) or 0.0
    return Team(len(parts), frozenset(helpers)), Shares(watts, reasons, unmet)


def _limit(one: Ability, member: Member, way: float) -> Watts:
    if member.own:  # the predictor leaves it alone; we take it
        full = way < 0 and member.soc >= FULL
        return 0.0 if full else member.discharge if way > 0 else member.charge
    return one.can_discharge if way > 0 else one.can_charge


def _weight(one: Ability, member: Member, way: float, rules: Rules) -> float:
    usable = (
        member.soc - max(rules.empty, one.floor or 0.0)
        if way > 0
        else (FULL if one.ceiling is None else one.ceiling) - member.soc
    )
    return max(USABLE_LEAST, usable) * (one.capacity or CAPACITY_UNKNOWN)


def _active(
    able: Sequence[str], size: Watts, limits: Sequence[Watts], before: int, least: Watts
) -> list[str]:
    """Name those who work: as many as get a worthwhile share, at least as many as it takes."""
    if not size:
        return []
    most = int(size // least) if least else len(able)
    joining = int(size // (JOIN * least)) if least else len(able)
    count = max(1, min(most, max(before, joining)))
    while count < len(able) and sum(limits[:count]) < size:
        count += 1
    return list(able[:count])


def _parts(
    active: list[str],
    size: Watts,
    weights: Mapping[str, float],
    limits: Mapping[str, Watts],
    least: Watts,
) -> dict[str, Watts]:
    """Share by weight; who would get too little for his part leaves it to the others."""
    while active:
        names = list(active)
        found = water_fill(size, [weights[n] for n in names], [limits[n] for n in names])
        parts = dict(zip(names, found, strict=True))
        smallest = min(names, key=lambda name: parts[name])
        if parts[smallest] >= least - 1 or sum(limits[n] for n in names) <= size:
            return parts
        if len(names) == 1:
            return parts
        active = [name for name in names if name != smallest]
    return {}


def _reason(
    name: str,
    note: str,
    part: Watts,
    limit: Watts,
    barred: frozenset[str],
    size: Watts,
    rules: Rules,
) -> str:
    if name in barred:
        return f"empty: {rules.empty:g}% or less"
    if part:
        full = note or f"its limit: {limit:.0f}W"
        return "shares by energy" if part < limit - 1 else full
    return "not needed" if not size or limit > 0 else note or "can do nothing this way now"
