"""What others are told of a battery: its `Ability`, made of what is believed of it."""

import math

from flowctl import Ability, Watts, changer, maker
from nodes._helpers.law.knowing.belief import Belief
from nodes._helpers.law.knowing.notes import BETWEEN

FROZEN = "tells the same power though the meter shows that it obeys: not believed"


def renewed(said: Ability, known: Belief, belief: Belief) -> Ability:
    """Say what is to be said now where something was `said`, of what was `known` then."""
    if not _stays(belief, known):
        return ability(belief)
    is_same = belief.power == known.power and belief.flights is known.flights
    if is_same and belief.accepted_at == known.accepted_at and belief.expected == known.expected:
        return said
    if known.power is None or belief.power is None:  # there may be a note on that
        return ability(belief)
    return _moved(
        said,
        setpoint=belief.expected,
        accepted_at=belief.accepted_at,
        flights=belief.flights,
        power=belief.power,
    )


def _stays(belief: Belief, known: Belief) -> bool:
    """Tell whether all is as it was that others are told of and that seldom changes.

    What has no news in it is the same record, so no record is looked into.
    """
    return (
        belief.facts is known.facts
        and belief.dead == known.dead
        and belief.lag == known.lag
        and belief.traits is known.traits
        and belief.charge is known.charge
        and belief.discharge is known.discharge
        and belief.absence == known.absence
    )


def ability(belief: Belief) -> Ability:
    """Say what the allocator needs to know of a battery."""
    facts, traits, charge, discharge = belief.facts, belief.traits, belief.charge, belief.discharge
    takes, gives = _able(belief)
    return _new_ability(
        setpoint=belief.expected,
        flights=belief.flights,
        dead_time=belief.dead,
        lag=belief.lag,
        can_charge=takes,
        can_discharge=gives,
        proven_charge=None if charge.proven == math.inf else charge.proven,
        proven_discharge=None if discharge.proven == math.inf else discharge.proven,
        available=not belief.absence,
        soc=facts.soc,
        capacity=facts.capacity,
        min_power=belief.min_power,
        write_every=facts.write_every or 0.0,
        accepted_at=belief.accepted_at,
        self_regulating=bool(facts.self_regulating),
        power=belief.power,
        sun=facts.pv_power,
        gain=traits.gain,
        start_up=traits.start_up,
        behind=traits.behind,
        note=_note(belief),
    )


def _able(belief: Belief) -> tuple[Watts, Watts]:
    """Say what it can take and give now, both magnitudes."""
    facts, soc = belief.facts, belief.facts.soc
    if belief.absence:
        return 0.0, 0.0
    takes = min(facts.max_charge, belief.charge.watts)
    gives = min(facts.max_discharge, belief.discharge.watts)
    if soc is not None:
        if soc >= 100:
            takes = 0.0
        elif soc <= 0:
            gives = min(gives, facts.pv_power or 0.0)
    return takes, gives


def _note(belief: Belief) -> str:
    """Say what is special of it now, for people; `notes` takes it apart again."""
    if belief.absence:
        return belief.absence
    if belief.still is not None and belief.still.disbelieved:
        return FROZEN
    down, up = belief.discharge.proven, belief.charge.proven
    if down == up == math.inf:
        return ""
    if belief.discharge.against or belief.charge.against:
        return "does the opposite of what it is told"
    if belief.measured_at is None and not min(down, up):
        silent = "nothing that the meter shows"
        gives = f"delivers {silent}" if not down else ""
        takes = f"takes {silent}" if not up else ""
    else:
        gives = f"delivers {down:.0f}W at most" if down < belief.facts.max_discharge else ""
        takes = f"takes {up:.0f}W at most" if up < belief.facts.max_charge else ""
    return BETWEEN.join(filter(None, (gives, takes)))


_new_ability = maker(Ability)
_moved = changer(Ability, "setpoint", "accepted_at", "flights", "power")
