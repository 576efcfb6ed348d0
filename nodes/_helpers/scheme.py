"""One battery in Auto, the others its helpers: from an outlook to a plan, as a pure step."""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from flowctl import Ability, Outlook, Plan, Seconds, Watts
from nodes._helpers.fleet import Fleet
from nodes._helpers.helping import Shares, Team, share
from nodes._helpers.leading import Lead, Member, Rules, lead
from nodes._helpers.lending import Help, Need, Seen, lend, see

SOC_UNKNOWN = 50.0  # % while a battery does not tell its charge
TOUCH = 2.0  # s for which a battery that is not in Auto is borrowed, to be given back to Auto


class Scheme(NamedTuple):
    """What must be remembered from one plan to the next."""

    lead: Lead = Lead()
    seen: Seen = Seen()
    help: Help = Help()
    team: Team = Team()
    touched_at: Seconds = -math.inf
    """When the chosen one was last borrowed only to be given back."""


def members(outlook: Outlook, fleet: Fleet, rules: Rules) -> dict[str, Member]:
    """Describe the batteries that are there and have told how they are."""
    found = {}
    for name, ability in outlook.batteries.items():
        told, own = fleet.told[name], fleet.told[name].self_regulating is True
        here = fleet.present(name, outlook.at) and (own or ability.available)
        if here and name in fleet.measured_at:
            found[name] = Member(
                own=own,
                soc=SOC_UNKNOWN if told.soc is None else told.soc,
                power=told.power or 0.0,
                measured_at=fleet.measured_at[name],
                charge=_least(told.max_charge, rules.unit),
                discharge=_least(told.max_discharge, rules.unit),
            )
    return found


def step(
    state: Scheme, outlook: Outlook, there: Mapping[str, Member], rules: Rules
) -> tuple[Scheme, Plan]:
    """Make the plan for one outlook; the one in Auto is not in it."""
    at = outlook.at
    seen = see(state.seen, outlook, there, rules)
    led = lead(state.lead, there, seen.calm, at, rules)
    helpers = {
        name: (outlook.batteries[name], one) for name, one in there.items() if name not in led.left
    }
    own = [name for name in (led.name, led.before) if name in there and there[name].own]
    who, auto = (own[0], there[own[0]]) if own else ("", None)
    helped, need = lend(_begun(state.help, helpers), who, auto, seen, at, rules)
    team, shares = share(state.team, need.watts, helpers, led, rules)
    touched_at = _touched_at(state, led, there, at, rules)
    ours = led.name in there and not there[led.name].own
    _tell(shares, led, waits=ours, touching=ours and at - touched_at < TOUCH)
    plan = _plan(shares, need, outlook.valid_until)
    return Scheme(led, seen, helped, team, touched_at), plan


def _begun(before: Help, helpers: Mapping[str, tuple[Ability, Member]]) -> Help:
    """Begin at what they do by themselves, if one of them still does."""
    if not any(one.own for _, one in helpers.values()):
        return before
    return before._replace(watts=math.fsum(one.power for _, one in helpers.values()))


def _touched_at(
    state: Scheme, led: Lead, there: Mapping[str, Member], at: Seconds, rules: Rules
) -> Seconds:
    """Say when the chosen one was last borrowed, or let go, so that it be its own."""
    if led.name not in there or there[led.name].own:
        return -math.inf
    if led.name != state.lead.name and led.name in state.team.named:
        return at - TOUCH  # it was a helper: its lease ends by itself
    return at if at - state.touched_at >= rules.settle else state.touched_at


def _tell(shares: Shares, led: Lead, *, waits: bool, touching: bool) -> None:
    """Say why some are left out."""
    if led.before:
        shares.reasons[led.before] = f"in Auto until {led.name} is"
    if led.name:
        shares.reasons[led.name] = f"{'to be set to' if waits else 'in'} Auto: {led.why}"
    if touching:
        shares.watts[led.name] = 0.0


def _plan(shares: Shares, need: Need, valid_until: Seconds) -> Plan:
    """Make the plan; what the one in Auto has left is not missing."""
    missing = max(0.0, abs(shares.unmet) - need.spare)
    return Plan(
        watts=MappingProxyType(shares.watts),
        reasons=MappingProxyType(shares.reasons),
        unmet=math.copysign(missing, shares.unmet) if missing else 0.0,
        valid_until=valid_until,
    )


def _least(told: Watts | None, most: Watts) -> Watts:
    return most if told is None else min(most, max(0.0, told))
