"""What is believed of one battery: what it was told, what it owes, what it can do."""

import math
from dataclasses import replace
from typing import NamedTuple

from flowctl import Ability, Battery, Seconds, Watts
from nodes._helpers import bank as banks
from nodes._helpers import ceiling as ceilings
from nodes._helpers.bank import Bank
from nodes._helpers.ceiling import Ceiling, Witness
from nodes._helpers.flight import Flight, landed, owed

SAME = 1.0  # W: a setpoint read back this near is the one that was accepted, rounded
STALE_POLLS, STALE_GRACE = 2.5, 2.0  # polls and s without telemetry: the battery is not there
POLL_PACE = 0.2  # part of each gap between measurements that enters the mean
POLL_JUMP = 4.0  # times the mean that a gap counts at most: an outage is no poll
PATIENCE = 1.0  # s after the first reading in which a battery may tell what it is doing


class Belief(NamedTuple):
    """One battery as the predictor sees it. Powers are + discharging."""

    dead: Seconds
    lag: Seconds
    rating: Watts
    """What it can do as long as it does not tell."""
    bank: Bank
    told: Battery = Battery()
    expected: Watts = 0.0
    """What it delivers once everything in flight has landed."""
    accepted: Watts = 0.0
    """The setpoint it holds."""
    accepted_at: Seconds = -math.inf
    flights: tuple[Flight, ...] = ()
    away: bool = True
    """Nothing is expected of it: its next measurement says what it does."""
    measured_at: Seconds | None = None
    poll: Seconds | None = None
    """Mean time between measurements."""
    charge: Ceiling = Ceiling()
    discharge: Ceiling = Ceiling()
    witness: Witness = Witness()

    @property
    def reach(self) -> Seconds:
        """How long the meter waits for most of its answer."""
        return self.dead + self.lag

    @property
    def heard(self) -> bool:
        """Whether it has told anything of what it does."""
        return self.measured_at is not None or self.accepted_at > -math.inf

    def shows(self, at: Seconds) -> Watts:
        """Power visible on the meter at a time."""
        return self.expected - owed(self.flights, self.dead, self.lag, at)

    def may_show(self, at: Seconds, delta: Seconds) -> tuple[Watts, Watts]:
        """Smallest and largest power visible if the dead time is wrong by `delta`."""
        if not self.flights:
            return self.expected, self.expected
        early = self.expected - owed(self.flights, self.dead - delta, self.lag, at)
        late = self.expected - owed(self.flights, self.dead + delta, self.lag, at)
        return (early, late) if early < late else (late, early)

    @property
    def note(self) -> str:
        """What is special of it, for people."""
        down, up = self.discharge.watts, self.charge.watts
        if down == up == math.inf:
            return ""
        notes = (
            f"delivers {down:.0f}W at most" if down < self.limit(charging=False) else "",
            f"takes {up:.0f}W at most" if up < self.limit(charging=True) else "",
        )
        return ", ".join(filter(None, notes))

    def limit(self, *, charging: bool) -> Watts:
        """Return what the battery tells of itself, or its rating."""
        told = self.told.max_charge if charging else self.told.max_discharge
        return self.rating if told is None else max(0.0, told)

    def able(self, *, charging: bool) -> Watts:
        """Return what it can do in one direction: its limit under the learned ceiling."""
        ceiling = self.charge if charging else self.discharge
        return min(self.limit(charging=charging), ceiling.watts)

    def is_gone(self, at: Seconds) -> bool:
        """Tell whether nothing can be expected of it."""
        if self.told.online is False:
            return True
        if self.poll is None or self.measured_at is None:
            return False
        return at - self.measured_at > STALE_POLLS * self.poll + STALE_GRACE


def believe(dead: Seconds, lag: Seconds, rating: Watts) -> Belief:
    """Begin with a battery of which nothing is known."""
    return Belief(dead, lag, rating, banks.new_bank(dead, lag, 0.0))


def hear(belief: Belief, record: Battery, at: Seconds) -> Belief:
    """Take in what a battery tells: a measurement, an acceptance, or both."""
    told = record.after(belief.told)
    if told.online is False and record.online is None and record.power is not None:
        told = replace(told, online=True)
    belief = belief._replace(told=told)
    if record.power is not None:
        when = at if record.power_at is None else min(at, record.power_at)
        belief = _measured(belief, record.power, when)
    if record.setpoint is not None:
        when = at if record.setpoint_at is None else min(at, record.setpoint_at)
        belief = _accepted(belief, record.setpoint, when, at)
    return belief


def at_rest(belief: Belief, watts: Watts) -> Belief:
    """Believe that it delivers this now and that nothing is in flight."""
    bank = banks.at_rest(belief.bank, watts)
    return belief._replace(expected=watts, flights=(), bank=bank, witness=_calm(belief.witness))


def let_go(belief: Belief) -> Belief:
    """Expect nothing of a battery that is gone, was released, or goes by its own meter."""
    if belief.away and belief.expected == 0 and not belief.flights:
        return belief
    return at_rest(belief, 0.0)._replace(accepted=0.0, away=True)


def pruned(belief: Belief, at: Seconds) -> Belief:
    """Drop the flights that have landed."""
    flights = belief.flights
    if not flights:
        return belief
    over = landed(flights, belief.dead, belief.lag, at)
    return belief._replace(flights=flights[over:]) if over else belief


def retried(belief: Belief, charging: bool, *, hungry: bool, at: Seconds) -> Belief:
    """Try a cut ceiling again when its time has come."""
    old = belief.charge if charging else belief.discharge
    if old.watts == math.inf:
        return belief
    new = ceilings.retry(old, belief.limit(charging=charging), hungry=hungry, at=at)
    return belief if new is old else _ceiling(belief, charging, new)


def _accepted(belief: Belief, setpoint: Watts, when: Seconds, now: Seconds) -> Belief:
    held, known = belief.accepted, belief.accepted_at
    if when < known:
        return belief
    if abs(setpoint - held) < SAME and (setpoint == 0) == (held == 0):
        return belief if when == known else belief._replace(accepted_at=when)
    if landed(((when, 0.0),), belief.dead, belief.lag, now):  # old news: what is measured counts
        belief = at_rest(belief, setpoint if belief.away else belief.expected)
        return belief._replace(accepted=setpoint, accepted_at=when, away=False)
    return belief._replace(
        expected=setpoint,
        accepted=setpoint,
        accepted_at=when,
        away=False,
        flights=(*belief.flights, (when, setpoint - belief.expected)),
        bank=banks.stepped(belief.bank, setpoint, when),
    )


def _measured(belief: Belief, power: Watts, at: Seconds) -> Belief:
    last, poll = belief.measured_at, belief.poll
    if last is None or belief.told.self_regulating:
        belief = belief._replace(measured_at=at)
        return _found(belief, power) if belief.away and not belief.told.self_regulating else belief
    gap = at - last
    if gap <= 0:
        return belief
    lost = poll is not None and gap > STALE_POLLS * poll + STALE_GRACE
    poll = gap if poll is None else poll + POLL_PACE * (min(gap, POLL_JUMP * poll) - poll)
    belief = belief._replace(measured_at=at, poll=poll)
    if lost or belief.away or belief.accepted_at == -math.inf:
        return _found(belief, power)
    return _witnessed(belief, power, poll, at)


def _found(belief: Belief, power: Watts) -> Belief:
    """Take a battery that appears, or was never told anything, as it is: no bump."""
    return at_rest(belief, power)._replace(accepted=power, away=False)


def _witnessed(belief: Belief, power: Watts, poll: Seconds, at: Seconds) -> Belief:
    """Compare a measurement with what was to be expected, and learn the ceiling."""
    if not belief.accepted:
        return belief._replace(witness=_calm(belief.witness))
    charging, sign = belief.accepted < 0, math.copysign(1.0, belief.accepted)
    low, high = ceilings.band(belief.shows, sign, at=at, poll=poll, dead=belief.dead)
    seen = ceilings.Band(low, high, abs(belief.expected))
    witness = ceilings.weigh(belief.witness, seen, sign * power)
    old = belief.charge if charging else belief.discharge
    new = ceilings.verdict(old, witness, seen, sign * power, at)
    belief = belief._replace(witness=witness)
    if new is None:
        return belief
    return _ceiling(at_rest(belief, sign * max(0.0, sign * power)), charging, new)


def _ceiling(belief: Belief, charging: bool, new: Ceiling) -> Belief:
    return belief._replace(charge=new) if charging else belief._replace(discharge=new)


def _calm(witness: Witness) -> Witness:
    return witness._replace(short=0, more=0)


def ability(belief: Belief, *, available: bool, note: str = "") -> Ability:
    """Say what the allocator needs to know of it."""
    told = belief.told
    full = told.soc is not None and told.soc >= 100
    empty = told.soc is not None and told.soc <= 0
    return Ability(
        setpoint=belief.expected,
        flights=belief.flights,
        dead_time=belief.dead,
        lag=belief.lag,
        can_charge=belief.able(charging=True) if available and not full else 0.0,
        can_discharge=belief.able(charging=False) if available and not empty else 0.0,
        available=available,
        soc=told.soc,
        capacity=told.capacity,
        min_power=told.min_power or 0.0,
        write_every=told.write_every or 0.0,
        accepted_at=belief.accepted_at,
        self_regulating=bool(told.self_regulating),
        power=told.power,
        note=note,
    )
