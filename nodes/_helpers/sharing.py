"""The law of `rebalance`: from an outlook to a plan, as a pure step."""

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from flowctl import Ability, Outlook, Plan, Seconds, Watts
from nodes._helpers import allocation as table
from nodes._helpers.allocation import Seat
from nodes._helpers.following import Following, follow
from nodes._helpers.seating import Policy, limit, spared, take_seat

HOLD = 180.0  # s that a battery stays active after the last need of it: fewer switches
OVERDUE = 1.5  # periods after which a reading that did not come is waited for no more
BUMP = 50.0  # W that the target may be away for a first plan to begin at what is
WORTH_A_WORD = 25.0  # W: what a device's dead band swallows needs no reason
SHARES = {
    "energy": "shares by energy",
    "soc": "shares by charge",
    "capacity": "shares by capacity",
    "power": "shares by power",
    "equal": "shares equally",
    "weighted": "shares by weight",
    "priority": "next in order",
}


class Shared(NamedTuple):
    """What must be remembered from one plan to the next."""

    active: frozenset[str] = frozenset()
    needed_at: Seconds = 0.0
    """When all active ones were last needed."""
    spared: frozenset[str] = frozenset()
    """Who is at its reserve."""
    following: Mapping[str, Following] = MappingProxyType({})
    """How those named in the last plan follow it."""


class Round(NamedTuple):
    """One allocation under way; powers are magnitudes in the direction of `sign`."""

    at: Seconds
    total: Watts
    sign: float
    usable: Mapping[str, Ability]
    able: Sequence[Seat]
    """Those who can do anything in this direction."""
    binds: Mapping[str, str]
    """What limits each battery."""


def step(
    state: Shared, outlook: Outlook, policy: Policy, imported: Watts = 0.0
) -> tuple[Shared, Plan]:
    """Make the plan for one outlook, so that the meter shows `imported`."""
    usable = {
        name: ability
        for name, ability in outlook.batteries.items()
        if ability.available and not ability.self_regulating
    }
    resting = spared(state.spared, usable, policy.reserve)
    now = _round(state, outlook.at, outlook.target - imported, usable, resting, policy)
    active, needed_at = _active(state, now, policy)
    chosen = [seat for seat in now.able if seat.name in active]
    if not state.following and _is_quiet(now):
        wants, reasons, unmet = _as_it_is(now)
    else:
        wants, reasons, unmet = _shared(now, chosen, policy)
    if outlook.read_at < now.at < outlook.read_at + OVERDUE * outlook.period:
        _wait(wants, state, now, outlook.read_at + outlook.period)
    following = {
        name: follow(state.following.get(name), ability, wants[name], now.at)
        for name, ability in usable.items()
    }
    for name in state.following:
        if name not in usable:  # one last word, then silence becomes release
            wants[name], reasons[name] = 0.0, "not available"
    plan = Plan(
        watts=MappingProxyType(wants),
        reasons=MappingProxyType(reasons),
        unmet=unmet,
        valid_until=outlook.valid_until,
    )
    return Shared(active, needed_at, resting, following), plan


def _wait(wants: dict[str, Watts], state: Shared, now: Round, next_at: Seconds) -> None:
    """Keep what was asked where a write now would close the device to what the next reading says.

    Without this, the share of the fastest, which moves as commands land, is written just before
    the reading that matters; 4 % of the result with a meter and devices of 1 s.
    """
    for name, ability in now.usable.items():
        before = state.following.get(name)
        if before and now.at + ability.write_every > next_at:
            if -ability.can_charge <= before.asked <= ability.can_discharge:
                wants[name] = before.asked


def _round(
    state: Shared,
    at: Seconds,
    total: Watts,
    usable: Mapping[str, Ability],
    resting: frozenset[str],
    policy: Policy,
) -> Round:
    sign, able, binds = (-1.0 if total < 0 else 1.0), list[Seat](), dict[str, str]()
    for name, ability in usable.items():
        followed = state.following.get(name)
        most, binds[name] = limit(
            ability, sign, policy, spared=name in resting, followed=followed, at=at
        )
        if most > 0:
            active = name in state.active
            able.append(take_seat(name, ability, sign, most, active=active, policy=policy))
    return Round(at, abs(total), sign, usable, able, binds)


def _active(state: Shared, now: Round, policy: Policy) -> tuple[frozenset[str], Seconds]:
    """Choose who works: new ones join at once, others leave when long not needed."""
    share = math.inf if policy.strategy == "priority" else policy.share
    needed = frozenset([seat.name for seat in table.enough(now.able, now.total, share)])
    if needed >= state.active:
        return needed, now.at
    if now.at - state.needed_at >= HOLD:
        return needed, now.at
    kept = [seat.name for seat in now.able if seat.name in state.active]
    return needed.union(kept), state.needed_at


def _is_quiet(now: Round) -> bool:
    """Tell whether what the batteries do already is what the house needs."""
    given = [now.sign * ability.setpoint for ability in now.usable.values()]
    limits = {seat.name: seat.able for seat in now.able}
    fits = [
        0 <= watts <= limits.get(name, 0.0) for name, watts in zip(now.usable, given, strict=True)
    ]
    return all(fits) and abs(sum(given) - now.total) <= BUMP


def _as_it_is(now: Round) -> tuple[dict[str, Watts], dict[str, str], Watts]:
    """Begin without a bump."""
    wants = {name: ability.setpoint for name, ability in now.usable.items()}
    return wants, dict.fromkeys(wants, "goes on as it was"), 0.0


def _shared(
    now: Round, chosen: Sequence[Seat], policy: Policy
) -> tuple[dict[str, Watts], dict[str, str], Watts]:
    """Share the total, and let the fastest cover what the others still owe."""
    if not chosen:
        return dict.fromkeys(now.usable, 0.0), dict(now.binds), now.sign * now.total
    quick = table.fastest(chosen)
    late = table.is_late(chosen, quick)
    shares = table.lift(chosen, _filled(now, chosen, quick, policy, late=late))
    reasons = _reasons(now, shares, policy)
    covers = _cover(now, quick, shares, policy, late=late)
    if abs(covers) > WORTH_A_WORD:
        verb = "covers" if covers > 0 else "makes room for"
        reasons[quick.name] = f"{verb} {abs(covers):.0f}W still to come from others"
    unmet = max(0.0, now.total - sum(shares.values()))
    shares[quick.name] += covers
    wants = {name: now.sign * shares.get(name, 0.0) or 0.0 for name in now.usable}
    return wants, reasons, now.sign * unmet or 0.0


def _filled(
    now: Round, chosen: Sequence[Seat], quick: Seat, policy: Policy, *, late: bool
) -> dict[str, Watts]:
    if policy.strategy != "priority":
        return table.fill(chosen, now.total, quick, late=late)
    ranked = sorted(chosen, key=table.by_rank)
    shares = table.in_turn(now.total, [seat.able for seat in ranked])
    return {seat.name: share for seat, share in zip(ranked, shares, strict=True)}


def _cover(
    now: Round, quick: Seat, shares: Mapping[str, Watts], policy: Policy, *, late: bool
) -> Watts:
    """Work out what the fastest adds to its share until the others show theirs.

    It never goes against the others, unless all of those are late: then it takes in what they
    cannot stop giving yet, which the grid would get otherwise.
    """
    share, ability = shares[quick.name], quick.ability
    lands = now.at + ability.dead_time + ability.write_every + ability.lag / 2
    owed = 0.0
    for name, other in now.usable.items():
        if name != quick.name:
            owed += shares.get(name, 0.0) - now.sign * other.shows(lands)
    least = min(share, ability.min_power)
    if late and share + owed < 0:
        spare, _ = limit(ability, -now.sign, policy, spared=False, followed=None, at=now.at)
        least = -spare
    return max(least, min(quick.able, share + owed)) - share


def _reasons(now: Round, shares: Mapping[str, Watts], policy: Policy) -> dict[str, str]:
    """Say for each battery which limit bound."""
    reasons = dict(now.binds)
    for seat in now.able:
        share = shares.get(seat.name)
        if share is None:
            reasons[seat.name] = "not needed"
        elif share <= 0:
            reasons[seat.name] = "less than its minimum power"
        elif share < seat.able - 1:
            reasons[seat.name] = SHARES[policy.strategy]
    return reasons
