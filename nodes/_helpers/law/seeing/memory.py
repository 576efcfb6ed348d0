"""What the predictor keeps over restarts, and what it tells people."""

import math
from collections.abc import Mapping
from dataclasses import replace
from operator import attrgetter
from typing import Any, NamedTuple

from flowctl import Ability, Clock, Log, Outlook, Seconds, Store, Watts
from nodes._helpers.law.knowing.answers import LONGEST
from nodes._helpers.law.knowing.bank import TIMINGS
from nodes._helpers.law.knowing.belief import Belief, believe
from nodes._helpers.law.knowing.least import LARGEST
from nodes._helpers.law.knowing.notes import BETWEEN, steadied
from nodes._helpers.law.knowing.traits import NEWS_SECONDS, Traits, words
from nodes._helpers.law.seeing.cuts import cut, recalled
from nodes._helpers.law.seeing.house import UNHEARD
from nodes._helpers.law.seeing.standing import Standing

SAVE_EVERY = 60.0  # s: what is learned sways, and cards wear
TIMED_AFTER = 300.0  # s: a start, out of standby, looks slower, and must not go over what was kept


TIMING = ("dead_time", "lag")


class Kept(NamedTuple):
    """Which numbers of a trait are believed, and by how much it must change to be written."""

    least: float
    most: float
    step: float


KEPT: Mapping[str, Kept] = {
    "gain": Kept(0.3, 1.5, 0.05),
    "min_power": Kept(0.0, 1.5 * LARGEST, 15.0),
    "start_up": Kept(0.0, LONGEST, NEWS_SECONDS),
    "behind": Kept(-LONGEST, LONGEST, NEWS_SECONDS),
}
"""Fields of `Traits` that are kept, by name."""


class Memory:
    """What was learned by battery name in a store, and notes as they change in a log."""

    def __init__(self, store: Store, log: Log, clock: Clock) -> None:
        self._store, self._log, self._clock = store, log, clock
        self._began_at, self._saved_at = clock.time(), -math.inf
        self._notes: Mapping[str, str] = {}
        self._traits: dict[str, tuple[str, ...]] = {}

    def belief(self, name: str, dead: Seconds, lag: Seconds, rating: Watts) -> Belief:
        """Begin with what was learned before, or with a first guess."""
        kept = self._kept(name)
        if timed := _timing(kept) in TIMINGS:
            dead, lag = _timing(kept)
        traits = {field: kept[field] for field, rule in KEPT.items() if _fits(kept, field, rule)}
        now, date = self._clock.time(), self._date()
        return replace(
            believe(dead, lag, rating, Traits(**traits), timed=timed),
            charge=recalled(kept.get("charge"), now, date),
            discharge=recalled(kept.get("discharge"), now, date),
        )

    def keep(self, beliefs: Mapping[str, Belief], at: Seconds) -> None:
        """Save what has changed, and log what it comes to, now and then."""
        if at - self._saved_at >= SAVE_EVERY:
            self.save(beliefs, at)

    def save(self, beliefs: Mapping[str, Belief], at: Seconds) -> None:
        """Save what has changed."""
        self._saved_at, date = at, self._date()
        is_early = at - self._began_at < TIMED_AFTER
        for name, belief in beliefs.items():
            old = self._kept(name)
            new = _worth_keeping(belief, old) | _cuts(belief, old, at, date)
            if is_early and _timing(old) in TIMINGS:
                new |= dict(zip(TIMING, _timing(old), strict=True))
            if new != old:
                self._store[name] = new
            self._tell_traits(name, words(*belief.traits))

    def tell(self, outlook: Outlook) -> None:
        """Log what has become special of a battery, or has clearly moved, and when it is over."""
        if not self._notes and not any(map(_of_note, outlook.batteries.values())):
            return
        before = self._notes
        notes = {
            name: steadied(before.get(name, ""), says.note)
            for name, says in outlook.batteries.items()
            if says.note
        }
        if before:
            notes = {**_unheard_still(before, outlook.batteries), **notes}
        if notes == before:
            return
        for name in outlook.batteries:
            note = notes.get(name, "")
            if note != before.get(name, ""):
                over = "heard" if before.get(name) == UNHEARD else "as told again"
                self._log.info("%s: %s", name, note or over)
        self._notes = notes

    def tell_of_meter(self, standing: Standing, watts: Watts) -> None:
        """Log that the meter repeats itself, or tells something else again."""
        if not standing.frozen:
            self._log.info("the meter moves again, and is heard")
            return
        self._log.warning(
            "the meter repeats %gW though the batteries have moved by %.0fW; it is not heard until "
            "it tells something else",
            watts,
            standing.moved,
        )

    def _tell_traits(self, name: str, traits: tuple[str, ...]) -> None:
        if traits != self._traits.get(name, ()):
            self._log.info("%s: %s", name, BETWEEN.join(traits) or "gives what it is told")
            self._traits[name] = traits

    def _kept(self, name: str) -> Mapping[str, Any]:
        kept = self._store.get(name)
        return kept if isinstance(kept, Mapping) else {}

    def _date(self) -> Seconds:
        return self._clock.wall().timestamp()


_of_note = attrgetter("note")


def _unheard_still(notes: Mapping[str, str], batteries: Mapping[str, Ability]) -> Mapping[str, str]:
    """Name those that still have not spoken, though nobody waits for them any longer."""
    waited = [name for name, note in notes.items() if note == UNHEARD and name in batteries]
    return {name: UNHEARD for name in waited if not _spoke(batteries[name])}


def _spoke(says: Ability) -> bool:
    return says.power is not None or says.soc is not None or says.accepted_at > -math.inf


def _timing(kept: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(kept.get(name) for name in TIMING)


def _worth_keeping(belief: Belief, old: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is to be in the store; what has hardly changed stays as it is there."""
    new: dict[str, Any] = {}
    timing = belief.dead, belief.lag
    if timing in TIMINGS:
        new |= dict(zip(TIMING, timing, strict=True))
    for field, rule in KEPT.items():
        value, plain = getattr(belief.traits, field), Traits._field_defaults[field]
        if _fits(old, field, rule) and abs(value - old[field]) < rule.step:
            new[field] = old[field]
        elif abs(value - plain) >= rule.step:
            new[field] = value
    return new


def _cuts(belief: Belief, old: Mapping[str, Any], at: Seconds, date: Seconds) -> dict[str, Any]:
    facts = belief.facts
    now = {
        "charge": cut(belief.charge, facts.max_charge, at, date, old.get("charge")),
        "discharge": cut(belief.discharge, facts.max_discharge, at, date, old.get("discharge")),
    }
    return {way: pair for way, pair in now.items() if pair is not None}


def _fits(kept: Mapping[str, Any], field: str, rule: Kept) -> bool:
    """Trust a kept number only if it is one that can be learned."""
    value = kept.get(field)
    return isinstance(value, float) and rule.least <= value <= rule.most
