"""Judging a battery: what it is seen to deliver, and when it is tried with more again."""

import math
from dataclasses import replace

from flowctl import Seconds, Watts, changer
from nodes._helpers.law.knowing import ceiling as ceilings
from nodes._helpers.law.knowing import least as leasts
from nodes._helpers.law.knowing.answers import unanswered
from nodes._helpers.law.knowing.band import Band, band, whole
from nodes._helpers.law.knowing.belief import Belief
from nodes._helpers.law.knowing.ceiling import Ceiling
from nodes._helpers.law.knowing.doubt import anew
from nodes._helpers.law.knowing.learning import unlearned
from nodes._helpers.law.knowing.least import Least
from nodes._helpers.law.knowing.resting import at_rest
from nodes._helpers.law.knowing.traits import known
from nodes._helpers.law.knowing.witness import (
    AGAINST,
    NOTHING,
    SHORT_TWICE,
    TOLERANCE,
    Witness,
    weigh,
)


def judged(belief: Belief, power: Watts, poll: Seconds, at: Seconds) -> Belief:
    """Compare a measurement with what was to be expected, and learn what it can deliver."""
    if at < belief.witness.due_at:
        return belief
    belief = _opposed(belief, power, poll, at)
    if not belief.accepted:
        return _idle(belief, power, at)
    sign = math.copysign(1.0, belief.accepted)
    seen = band(belief, sign * power, sign, poll, at)
    witness = weigh(belief.witness, seen)
    if witness is belief.witness:
        return belief
    least = leasts.observed(belief.least, seen, witness)
    old = belief.ceiling(charging=sign < 0)
    new = ceilings.verdict(old, witness, seen)
    if new is not None:
        return _decided(seen, witness, least, new)
    belief, proved = _weighed(belief, witness, least), ceilings.proved(old, seen)
    return belief if proved is old else belief.under(proved, charging=sign < 0)


def retried(belief: Belief, charging: bool, *, hungry: bool, at: Seconds) -> Belief:
    """Try a cut ceiling again when its time has come."""
    old = belief.ceiling(charging=charging)
    if old.proven == math.inf or belief.absence or belief.witness.against:
        return belief
    if belief.is_undecided(at):  # one try at a time
        return belief
    rated = belief.facts.max_charge if charging else belief.facts.max_discharge
    new = ceilings.retry(old, rated, hungry=hungry, at=at)
    if new is old:
        return belief
    least = belief.min_power
    if belief.measured_at is None:
        least = max(least, ceilings.SHOWS)
        belief = replace(belief, doubt=anew(belief.doubt))
    if new.watts < least:  # less cannot be tried
        new = replace(new, watts=least)
    return belief.under(new, charging=charging)


def unjudged(belief: Belief) -> Belief:
    """Forget every verdict: what it told was older than it seemed."""
    witness = replace(belief.witness.calm(), gave=1.0)
    return replace(belief, witness=witness, charge=Ceiling(), discharge=Ceiling())


def _idle(belief: Belief, power: Watts, at: Seconds) -> Belief:
    """Told nothing, it may still be seen to do what was asked before it was cut too soon."""
    witness, cut = belief.witness, belief.ceiling(charging=power < 0)
    if not cut.is_late_for(abs(power), at):
        return _weighed(belief, witness.calm(), leasts.forgotten(belief.least, at))
    witness = replace(witness, more=witness.more + 1)
    if witness.more < SHORT_TWICE:
        return replace(belief, witness=witness)
    witness = witness.settled().aged(at - cut.since)
    return replace(belief, witness=witness).under(Ceiling(), charging=power < 0)


def _opposed(belief: Belief, power: Watts, poll: Seconds, at: Seconds) -> Belief:
    """Count measurements of the opposite of what it was told: somebody else's doing, no load.

    Told nothing, that is charging: a battery may have reasons of its own to give. What panels on
    its own side make is no reason.
    """
    witness, sign = belief.witness, -1.0 if belief.accepted < 0 else 1.0
    sun = (belief.facts.pv_power or 0.0) if sign < 0 else 0.0
    apart = sign * (power - sun) + AGAINST
    if apart < 0 and apart < band(belief, sign * power, sign, poll, at).least:
        return replace(belief, witness=witness.opposed(apart, at))
    return replace(belief, witness=replace(witness, against=0)) if witness.against else belief


def _decided(seen: Band, witness: Witness, least: Least, new: Ceiling) -> Belief:
    """Draw what follows from a verdict: on its smallest power, on its gain, or on its ceiling."""
    belief, charging = seen.belief, seen.sign < 0
    old, now = belief.ceiling(charging=charging), seen.sign * max(0.0, seen.power)
    small = leasts.explained(least, seen, witness)
    if small is not None:
        belief = _weighed(belief, witness.settled(), small)
        return at_rest(belief, now) if small is not least else belief
    if ceilings.is_excess(old, witness, seen):
        return _weighed(belief, replace(witness.settled(), part=seen.part), least)
    if ceilings.is_part(old, witness, seen):
        belief = _weighed(belief, replace(witness.settled(), part=seen.part), least)
        return belief.under(Ceiling(), charging=charging)
    belief = _weighed(belief, witness, leasts.refuted(least, seen))
    belief = _limited(belief, old, new, seen)
    if seen.power < NOTHING * seen.expected:
        belief = replace(belief, answers=unanswered(belief.answers))
    return at_rest(belief, now).under(new, charging=charging)


def _limited(belief: Belief, old: Ceiling, new: Ceiling, seen: Band) -> Belief:
    """Draw what else follows from another ceiling."""
    witness = belief.witness
    if abs(new.proven - old.proven) <= TOLERANCE:
        witness = witness.settled()
    if new.watts > old.watts and old.is_fresh(seen.at):
        witness = witness.aged(seen.at - old.since)
    if new.watts < old.watts:
        return unlearned(replace(belief, witness=replace(witness, gave=seen.part)))
    return replace(belief, witness=replace(witness, due_at=seen.at + whole(belief)))


def _weighed(belief: Belief, witness: Witness, least: Least) -> Belief:
    """Take over what measurements say, and what of that stays true of it."""
    traits = known(belief.traits, witness, least)
    return _weighing(belief, witness=witness, least=least, traits=traits)


_weighing = changer(Belief, "witness", "least", "traits")
