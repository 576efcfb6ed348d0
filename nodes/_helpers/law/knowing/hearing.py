"""Hearing a battery: what its measurements and acceptances change in what is believed of it."""

import math
from dataclasses import replace

from flowctl import Battery, Seconds, Watts, changer
from nodes._helpers.law.knowing import bank as banks
from nodes._helpers.law.knowing import frozen
from nodes._helpers.law.knowing.answers import answered, asked
from nodes._helpers.law.knowing.belief import STALE_GRACE, STALE_POLLS, Belief
from nodes._helpers.law.knowing.facts import newer, updated
from nodes._helpers.law.knowing.flight import landed
from nodes._helpers.law.knowing.judging import judged, unjudged
from nodes._helpers.law.knowing.renewal import NEW, OVERDUE
from nodes._helpers.law.knowing.resting import at_rest
from nodes._helpers.law.knowing.traits import paced
from nodes._helpers.law.knowing.waking import awake_at, is_at_rest, woken

SAME = 1.0  # W: a setpoint read back this near is the one that was accepted, rounded
POLL_PACE = 0.2  # part of each gap between measurements that enters the mean
POLL_JUMP = 4.0  # times the mean that a gap counts at most: an outage is no poll


def hear(belief: Belief, record: Battery, at: Seconds) -> Belief:
    """Take in what a battery tells: a measurement, an acceptance, or both."""
    was = belief.facts
    by_itself = belief.away and was.self_regulating and was.online is not False
    facts = updated(was, record)
    if facts is not was:
        belief = _knowing(belief, facts=facts)
    power, setpoint = newer(record.power, None), newer(record.setpoint, None)
    if power is not None:
        belief = _measured(belief, power, min(at, newer(record.power_at, at)))
    if setpoint is not None and not facts.self_regulating:  # else it is not from us
        if by_itself and belief.power is not None:  # it goes on from what it gave
            belief = _found(belief, belief.power, at)
        belief = _accepted(belief, setpoint, min(at, newer(record.setpoint_at, at)), at)
    return belief


def _accepted(belief: Belief, setpoint: Watts, when: Seconds, now: Seconds) -> Belief:
    held, known = belief.accepted, belief.accepted_at
    if when < known:
        return belief
    if abs(setpoint - held) < SAME and (setpoint == 0) == (held == 0):
        return belief if when == known else _accepting(belief, accepted_at=when)
    if landed(((when, 0.0),), belief.dead, belief.lag, now):  # old news: what is measured counts
        belief = frozen.told(belief, setpoint, when)
        belief = at_rest(belief, setpoint if belief.away else belief.expected)
        return replace(belief, accepted=setpoint, accepted_at=when, away=False)
    alone = not belief.flights
    bank = banks.remembered(belief.bank) if alone else belief.bank
    awake = awake_at(belief, setpoint, when)
    begins = max(when, awake)
    expected = _within(belief, setpoint, when)
    flights = (*belief.flights, (begins, expected - belief.expected))
    apart = alone or (belief.answers.asked is None and is_at_rest(belief, when))
    answers = asked(belief.answers, belief.power, belief.expected, setpoint, when, alone=apart)
    return _sent(
        frozen.told(belief, setpoint, begins),
        expected=expected,
        accepted=setpoint,
        accepted_at=when,
        away=False,
        awake_at=awake,
        flights=flights,
        bank=banks.stepped(bank, expected, begins),
        answers=answers,
    )


def _within(belief: Belief, setpoint: Watts, at: Seconds) -> Watts:
    """Return what comes of a setpoint: who was just seen to give less was asked before that."""
    cut = belief.ceiling(charging=setpoint < 0)
    return math.copysign(min(abs(setpoint), cut.watts), setpoint) if cut.is_fresh(at) else setpoint


def _measured(belief: Belief, power: Watts, at: Seconds) -> Belief:
    """Take in a measurement, unless it is the same as one that is not believed."""
    still = belief.still
    if still is None:
        return _believed(belief, power, at)
    if power != still.power or belief.facts.self_regulating:
        return _believed(frozen.another(belief, still), power, at)
    if still.disbelieved:
        return frozen.ignored(belief, at)
    return _believed(belief, power, at)


def _believed(belief: Belief, power: Watts, at: Seconds) -> Belief:
    last, poll, is_free = belief.measured_at, belief.poll, belief.facts.self_regulating
    if last is None or is_free:
        belief = _found_at(belief, power=power, measured_at=at)
        found = belief.away and not is_free
        return _found(belief, power, at) if found else belief
    if at <= last:
        return _telling(belief, power=power)
    is_same = power == belief.power
    belief, measured_at = _renewed(belief, power, at)
    if measured_at is None:
        return _telling(belief, power=power)
    at, poll = measured_at, belief.poll
    gap = at - last
    lost = poll is not None and gap > STALE_POLLS * poll + STALE_GRACE
    poll = gap if poll is None else poll + POLL_PACE * (min(gap, POLL_JUMP * poll) - poll)
    belief = _measuring(belief, power=power, measured_at=at, poll=poll)
    if lost or belief.away or belief.accepted_at == -math.inf:
        return _found(belief, power, at)
    if belief.answers.asked:
        belief = _answered(belief, power, poll, at)
    if is_same:
        belief = frozen.repeated(belief, power, poll, at)
    return belief if belief.power is None else judged(belief, power, poll, at)


def _renewed(belief: Belief, power: Watts, at: Seconds) -> tuple[Belief, Seconds | None]:
    """Say when this was measured; at no time, if it is but the last measurement told again.

    One that is overdue, and the same, was measured since; nobody knows when.
    """
    last, before = belief.measured_at or at, belief.renewal
    if power == belief.power:
        every = before.every
        since = at - every
        is_next = since - last >= OVERDUE * every
        belief = _repeating(belief, renewal=before.again(last))
        return belief, since if is_next else None
    if before is NEW:
        return belief, at
    now = before.another(at)
    if now.every and not before.every:
        belief = unjudged(belief)
    poll = max(belief.poll or 0.0, now.every) or None
    return _renewing(belief, renewal=now, poll=poll), at


def _answered(belief: Belief, power: Watts, poll: Seconds, at: Seconds) -> Belief:
    """Learn how late it says that it moves."""
    before = belief.answers
    answers = answered(before, power, poll, at)
    if answers is before:
        return belief
    if answers.resting is not before.resting:
        belief = woken(belief, at)
    traits = paced(belief.traits, answers, belief.dead, belief.lag)
    return replace(belief, answers=answers, traits=traits)


def _found(belief: Belief, power: Watts, at: Seconds) -> Belief:
    """Take a battery that appears, or was never told anything, as it is: no bump."""
    belief = replace(belief, witness=belief.witness.met(at), still=None)
    return replace(at_rest(belief, power), accepted=power, away=False)


# of what comes often; the rest can wait for `replace`
_knowing, _telling = changer(Belief, "facts"), changer(Belief, "power")
_found_at = changer(Belief, "power", "measured_at")
_measuring = changer(Belief, "power", "measured_at", "poll")
_repeating, _renewing = changer(Belief, "renewal"), changer(Belief, "renewal", "poll")
_accepting = changer(Belief, "accepted_at")
_sent = changer(
    Belief, "expected", "accepted", "accepted_at", "away", "awake_at", "flights", "bank", "answers"
)
