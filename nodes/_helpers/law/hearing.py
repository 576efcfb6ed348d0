"""Hearing a battery: what its measurements and acceptances change in what is believed of it."""

import math
from dataclasses import replace

from flowctl import Battery, Seconds, Watts
from nodes._helpers.law import bank as banks
from nodes._helpers.law import ceiling as ceilings
from nodes._helpers.law import least as leasts
from nodes._helpers.law.answers import answered, asked
from nodes._helpers.law.band import band, whole
from nodes._helpers.law.belief import STALE_GRACE, STALE_POLLS, Belief
from nodes._helpers.law.ceiling import Ceiling
from nodes._helpers.law.doubt import anew
from nodes._helpers.law.facts import Facts, newer, updated
from nodes._helpers.law.flight import landed
from nodes._helpers.law.least import Least
from nodes._helpers.law.traits import known, paced
from nodes._helpers.law.witness import AGAINST, TOLERANCE, Witness, weigh

SAME = 1.0  # W: a setpoint read back this near is the one that was accepted, rounded
SHOWS = 300.0  # W that one is tried with at least of which only the meter tells
POLL_PACE = 0.2  # part of each gap between measurements that enters the mean
POLL_JUMP = 4.0  # times the mean that a gap counts at most: an outage is no poll


def hear(belief: Belief, record: Battery, at: Seconds) -> Belief:
    """Take in what a battery tells: a measurement, an acceptance, or both."""
    own = belief.away and belief.facts.self_regulating and belief.facts.online is not False
    facts = updated(belief.facts, record)
    power, setpoint = newer(record.power, None), newer(record.setpoint, None)
    if power is not None:
        belief = _measured(belief, facts, power, min(at, newer(record.power_at, at)))
    elif facts is not belief.facts:
        belief = belief._replace(facts=facts)
    if setpoint is not None and not facts.self_regulating:  # else it is not from us
        if own and facts.power is not None:  # it goes on from what it gave by itself
            belief = _found(belief, facts.power, at)
        belief = _accepted(belief, setpoint, min(at, newer(record.setpoint_at, at)), at)
    return belief


def at_rest(belief: Belief, watts: Watts) -> Belief:
    """Believe that it delivers this now and that nothing is in flight."""
    bank = banks.at_rest(belief.bank, watts)
    return belief._replace(expected=watts, flights=(), bank=bank, witness=belief.witness.calm())


def let_go(belief: Belief) -> Belief:
    """Expect nothing of a battery that is gone, was released, or goes by its own meter."""
    if belief.away and belief.expected == 0 and not belief.flights:
        return belief
    if belief.facts.online is False:  # it did not answer at all before that was known
        belief = _unlearned(belief)
    return at_rest(belief, 0.0)._replace(accepted=0.0, away=True)


def given_back(belief: Belief) -> Belief:
    """Expect nothing of a battery without a plan; one told to stop is on its way there."""
    return let_go(belief) if belief.accepted else belief


def missed(belief: Belief, absence: str) -> Belief:
    """Note why it cannot be commanded, or that it can again."""
    belief = let_go(belief) if absence else belief
    return belief if absence == belief.absence else belief._replace(absence=absence)


def pruned(belief: Belief, at: Seconds) -> Belief:
    """Drop the flights that have landed."""
    flights = belief.flights
    if not flights:
        return belief
    over = landed(flights, belief.dead, belief.lag, at)
    return belief._replace(flights=flights[over:]) if over else belief


def retried(belief: Belief, charging: bool, *, hungry: bool, at: Seconds) -> Belief:
    """Try a cut ceiling again when its time has come."""
    if belief.measured_at is None and belief.discharge.watts == math.inf:
        charging = True  # a heater, say, that somebody calls for against the target
    old = belief.charge if charging else belief.discharge
    if old.watts == math.inf or belief.absence or belief.witness.against:
        return belief
    if belief.is_undecided(at):  # one try at a time
        return belief
    rated = belief.facts.max_charge if charging else belief.facts.max_discharge
    new = ceilings.retry(old, rated, hungry=hungry, at=at)
    if new is old:
        return belief
    if belief.measured_at is None:
        new = replace(new, watts=max(new.watts, SHOWS, belief.facts.min_power or 0.0))
        belief = belief._replace(doubt=anew(belief.doubt))
    return _ceiling(belief, charging, new)


def _accepted(belief: Belief, setpoint: Watts, when: Seconds, now: Seconds) -> Belief:
    held, known = belief.accepted, belief.accepted_at
    if when < known:
        return belief
    if abs(setpoint - held) < SAME and (setpoint == 0) == (held == 0):
        return belief if when == known else belief._replace(accepted_at=when)
    if landed(((when, 0.0),), belief.dead, belief.lag, now):  # old news: what is measured counts
        belief = at_rest(belief, setpoint if belief.away else belief.expected)
        return belief._replace(accepted=setpoint, accepted_at=when, away=False)
    alone = not belief.flights
    bank = banks.remembered(belief.bank) if alone else belief.bank
    return belief._replace(
        expected=setpoint,
        accepted=setpoint,
        accepted_at=when,
        away=False,
        flights=(*belief.flights, (when, setpoint - belief.expected)),
        bank=banks.stepped(bank, setpoint, when),
        answers=asked(
            belief.answers, belief.facts.power, belief.expected, setpoint, when, alone=alone
        ),
    )


def _measured(belief: Belief, facts: Facts, power: Watts, at: Seconds) -> Belief:
    last, poll = belief.measured_at, belief.poll
    if last is None or facts.self_regulating:
        belief = belief._replace(facts=facts, measured_at=at)
        found = belief.away and not facts.self_regulating
        return _found(belief, power, at) if found else belief
    gap = at - last
    if gap <= 0:
        return belief._replace(facts=facts)
    lost = poll is not None and gap > STALE_POLLS * poll + STALE_GRACE
    poll = gap if poll is None else poll + POLL_PACE * (min(gap, POLL_JUMP * poll) - poll)
    belief = belief._replace(facts=facts, measured_at=at, poll=poll)
    if lost or belief.away or belief.accepted_at == -math.inf:
        return _found(belief, power, at)
    if belief.answers.asked:
        belief = _answered(belief, power, poll, at)
    return _witnessed(belief, power, poll, at)


def _answered(belief: Belief, power: Watts, poll: Seconds, at: Seconds) -> Belief:
    """Learn how late it says that it moves."""
    answers = answered(belief.answers, power, poll, at)
    if answers is belief.answers:
        return belief
    traits = paced(belief.traits, answers, belief.dead, belief.lag)
    return belief._replace(answers=answers, traits=traits)


def _found(belief: Belief, power: Watts, at: Seconds) -> Belief:
    """Take a battery that appears, or was never told anything, as it is: no bump."""
    belief = belief._replace(witness=belief.witness.met(at))
    return at_rest(belief, power)._replace(accepted=power, away=False)


def _witnessed(belief: Belief, power: Watts, poll: Seconds, at: Seconds) -> Belief:
    """Compare a measurement with what was to be expected, and learn the ceiling."""
    if at < belief.witness.due_at:
        return belief
    belief = _opposed(belief, power, poll, at)
    if not belief.accepted:
        least = leasts.forgotten(belief.least, at)
        return _witness(belief, belief.witness.calm(), least)
    charging, sign = belief.accepted < 0, math.copysign(1.0, belief.accepted)
    seen, gives = band(belief, sign, poll, at), sign * power
    witness = weigh(belief.witness, seen, gives, at)
    if witness is belief.witness:
        return belief
    old = belief.charge if charging else belief.discharge
    new = ceilings.verdict(old, witness, seen, gives, at)
    last = belief.witness.seen_at
    least = leasts.observed(belief.least, seen, gives, witness, at, last)
    if new is None:
        belief, proved = _witness(belief, witness, least), ceilings.proved(old, seen, gives)
        return belief if proved is old else _ceiling(belief, charging, proved)
    gave, small = seen.part(gives), leasts.explained(least, seen, gives, witness, at)
    if small is not None:
        belief = _witness(belief, witness.settled(), small)
        return at_rest(belief, sign * max(0.0, gives)) if small is not least else belief
    if ceilings.is_part(old, witness, seen, gave):
        belief = _witness(belief, witness.settled()._replace(part=gave), least)
        return _ceiling(belief, charging, Ceiling())
    belief = _witness(belief, witness, leasts.refuted(least, seen, gives))
    belief = _judged(belief, old, new, gave, at)
    return _ceiling(at_rest(belief, sign * max(0.0, gives)), charging, new)


def _judged(belief: Belief, old: Ceiling, new: Ceiling, gave: float, at: Seconds) -> Belief:
    """Draw what else follows from another ceiling."""
    witness = belief.witness
    if abs(new.proven - old.proven) <= TOLERANCE:
        witness = witness.settled()
    if new.watts > old.watts and old.is_fresh(at):
        witness = witness.aged(at - old.since)
    if new.watts < old.watts:
        return _unlearned(belief._replace(witness=witness._replace(gave=gave)))
    return belief._replace(witness=witness._replace(due_at=at + whole(belief)))


def _opposed(belief: Belief, power: Watts, poll: Seconds, at: Seconds) -> Belief:
    """Count measurements of the opposite of what it was told: somebody else's doing, no load.

    Told nothing, that is charging: a battery may have reasons of its own to give. What panels on
    its own side make is no reason.
    """
    witness, way = belief.witness, -1.0 if belief.accepted < 0 else 1.0
    sun = (belief.facts.pv_power or 0.0) if way < 0 else 0.0
    apart = way * (power - sun) + AGAINST
    if apart < 0 and apart < band(belief, way, poll, at).least:
        return belief._replace(witness=witness.opposed(apart, at))
    return belief._replace(witness=witness._replace(against=0)) if witness.against else belief


def _unlearned(belief: Belief) -> Belief:
    """Take a battery that is at its ceiling for no slower than before it was asked for more."""
    bank = banks.unlearned(belief.bank)
    if bank.costs == belief.bank.costs:
        return belief
    dead, lag = banks.best(bank)
    return belief._replace(bank=bank, dead=dead, lag=lag)


def _witness(belief: Belief, witness: Witness, least: Least) -> Belief:
    traits = known(belief.traits, witness, least)
    return belief._replace(witness=witness, least=least, traits=traits)


def _ceiling(belief: Belief, charging: bool, new: Ceiling) -> Belief:
    return belief._replace(charge=new) if charging else belief._replace(discharge=new)
