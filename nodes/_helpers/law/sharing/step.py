"""The law of `rebalance`: from an outlook to a plan, as a pure step."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from flowctl import Outlook, Plan, Seconds, Watts, maker
from nodes._helpers.gone import GONE
from nodes._helpers.law.knowing.ceiling import HUNGRY
from nodes._helpers.law.sharing import allocation as table
from nodes._helpers.law.sharing.allocation import WORTHWHILE, Seat
from nodes._helpers.law.sharing.choosing import Working, choose
from nodes._helpers.law.sharing.covering import covered
from nodes._helpers.law.sharing.extra import uncounted
from nodes._helpers.law.sharing.reasons import BEYOND, covers, explain
from nodes._helpers.law.sharing.round import Policy, Round
from nodes._helpers.law.sharing.seating import seated, spared
from nodes._helpers.law.sharing.small import lift
from nodes._helpers.law.sharing.together import Followed, follow_all
from nodes._helpers.law.sharing.turning import STILL, Turning, steadied

OVERDUE = 1.5  # periods after which a reading that did not come is waited for no more
BUMP = 50.0  # W that the target may be away for a first plan to begin at what is


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What must be remembered from one plan to the next."""

    working: Working = field(default_factory=Working)
    """Who works, and who hands over to them."""
    spared: frozenset[str] = frozenset()
    """Who is at its reserve."""
    following: Followed = field(default_factory=Followed)
    """How those named in the last plan follow it."""
    turning: Turning = STILL
    """Who works alone, and how often it started and stopped lately."""
    valid_until: Seconds = math.inf
    """How long the last plan held; after that every battery was given back to itself."""


def step(
    state: Shared, outlook: Outlook, policy: Policy, imported: Watts = 0.0
) -> tuple[Shared, Plan]:
    """Make the plan for one outlook, so that the meter shows `imported`."""
    if outlook.at > state.valid_until:
        state = replace(state, following=Followed())
    now = _round(state, outlook, policy, imported)
    seats, reasons = seated(now, state.working.active)
    working = choose(state.working, now, seats)
    if not state.following.each and _is_quiet(now):
        wants, unmet = _as_it_is(now, reasons)
    else:
        wants, unmet = _shared_beside(now, seats, working, reasons)
    if outlook.read_at < now.at < outlook.read_at + OVERDUE * outlook.period:
        _wait(wants, state, now, outlook.read_at + outlook.period)
    turning = steadied(state.turning, now, wants, reasons)
    following = follow_all(state.following, now, wants, hungry=abs(unmet) > HUNGRY)
    if not state.following.each.keys() <= wants.keys():
        _dismiss(state.following.each, following, wants, reasons)
    plan = _new_plan(
        watts=MappingProxyType(wants),
        reasons=MappingProxyType(reasons),
        unmet=unmet,
        extra=uncounted(wants, seats, now.sign, now.total + now.refused - abs(unmet)),
        valid_until=outlook.valid_until,
    )
    shared = _new_shared(
        working=working,
        spared=now.spared,
        following=following,
        turning=turning,
        valid_until=outlook.valid_until,
    )
    return shared, plan


def _dismiss(
    before: Iterable[str], now: Followed, wants: dict[str, Watts], reasons: dict[str, str]
) -> None:
    """Say one last word to those that went away, then silence becomes release."""
    for name in before:
        if name not in now.each:
            wants[name], reasons[name] = 0.0, GONE


def _round(state: Shared, outlook: Outlook, policy: Policy, imported: Watts) -> Round:
    total = outlook.target - imported
    if outlook.lowest is not None:
        total = max(total, outlook.lowest)
    usable = {
        name: ability
        for name, ability in outlook.batteries.items()
        if ability.available and not ability.self_regulating
    }
    resting = spared(state.spared, usable, policy.reserve)
    sign = -1.0 if total < 0 else 1.0
    accepted = min(abs(total), state.following.whole.limit(sign, outlook.at))
    refused, following = abs(total) - accepted, state.following.each
    return _new_round(
        at=outlook.at,
        total=accepted,
        sign=sign,
        policy=policy,
        usable=usable,
        spared=resting,
        refused=refused,
        following=following,
    )


def _is_quiet(now: Round) -> bool:
    """Tell whether what the batteries do already is what the house needs."""
    given = {name: ability.setpoint for name, ability in now.usable.items()}
    fits = [watts * now.sign >= 0 and now.allows(name, watts) for name, watts in given.items()]
    return bool(fits) and all(fits) and abs(now.sign * sum(given.values()) - now.total) <= BUMP


def _as_it_is(now: Round, reasons: dict[str, str]) -> tuple[dict[str, Watts], Watts]:
    """Begin without a bump."""
    reasons.update(dict.fromkeys(now.usable, "goes on as it was"))
    return {name: ability.setpoint for name, ability in now.usable.items()}, 0.0


def _shared_beside(
    now: Round, seats: Sequence[Seat], working: Working, reasons: dict[str, str]
) -> tuple[dict[str, Watts], Watts]:
    """Share all; and what is left beside those that give more than they are told, come what may."""
    wants, unmet = _shared(now, seats, working, reasons)
    given: dict[str, Watts] = {}
    for name, ability in now.usable.items():
        if now.sign * ability.setpoint > 0 and now.is_beyond(name):
            given[name] = now.sign * ability.setpoint
    if not given:
        return wants, unmet
    others = {name: ability for name, ability in now.usable.items() if name not in given}
    left = replace(now, total=max(0.0, now.total - sum(given.values())), usable=others)
    rest = [seat for seat in seats if seat.name in others]
    more, unmet = _shared(left, rest, working, reasons)
    reasons.update(dict.fromkeys(given, BEYOND))
    return wants | more, unmet


def _shared(
    now: Round, seats: Sequence[Seat], working: Working, reasons: dict[str, str]
) -> tuple[dict[str, Watts], Watts]:
    """Share the total, and let the fastest cover what the others still owe."""
    active = working.active
    chosen = sorted([seat for seat in seats if seat.name in active], key=table.of_reach)
    if not chosen:
        return dict.fromkeys(now.usable, 0.0), now.sign * (now.total + now.refused)
    late = table.is_late(chosen)
    going = _going(now, seats, working) if working.leaving else {}
    rest = replace(now, total=now.total - sum(going.values())) if going else now
    ordered = now.policy.strategy == "priority"
    parts = table.divided(chosen, rest.total, ordered=ordered, late=late)
    shares = lift(chosen, parts)
    if going:
        shares = shares | going
    given = min(sum(shares.values()), sum(map(table.of_sure, seats)))
    unmet = max(0.0, now.total - given) + now.refused
    explain(now, seats, parts, shares, reasons)
    if going:
        reasons.update(dict.fromkeys(going, "hands over"))
        reasons.update({name: "takes over" for name, part in parts.items() if not part})
        chosen = sorted([seat for seat in seats if seat.name in shares], key=table.of_reach)
    for name, extra in covered(now, chosen, shares, late=late).items():
        shares[name] += extra
        if abs(extra) > WORTHWHILE:
            reasons[name] = covers(extra)
    wants = dict.fromkeys(now.usable, 0.0)
    for name, share in shares.items():
        wants[name] = now.sign * share or 0.0
    return wants, now.sign * unmet or 0.0


def _going(now: Round, seats: Sequence[Seat], working: Working) -> dict[str, Watts]:
    """Say what those still give that hand over; little is nothing."""
    going: dict[str, Watts] = {}
    left = now.total
    for seat in seats:
        if seat.name in working.leaving:
            part = min(working.leaving[seat.name].part(now.at), seat.able, left)
            if part > max(WORTHWHILE, seat.ability.min_power):
                going[seat.name] = part
                left -= part
    return going


def _wait(wants: dict[str, Watts], state: Shared, now: Round, next_at: Seconds) -> None:
    """Keep what was asked where a write now would close the device to what the next reading says.

    Without this, the share of the fastest, which moves as commands land, is written just before
    the reading that matters; 4 % of the result with a meter and devices of 1 s.
    """
    for name, ability in now.usable.items():
        before = state.following.each.get(name)
        if before is None or now.at + ability.write_every <= next_at:
            continue
        if now.allows(name, before.asked):
            wants[name] = before.asked


_new_round, _new_plan, _new_shared = maker(Round), maker(Plan), maker(Shared)
