"""The house as the predictor sees it: the load behind the meter, and every battery's answer."""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from flowctl import Ability, Battery, Outlook, Seconds, Watts, maker
from nodes._helpers.law.knowing.ability import ability, is_news
from nodes._helpers.law.knowing.bank import LONGEST
from nodes._helpers.law.knowing.belief import Belief
from nodes._helpers.law.knowing.ceiling import HUNGRY
from nodes._helpers.law.knowing.facts import newer
from nodes._helpers.law.knowing.hearing import hear
from nodes._helpers.law.knowing.judging import retried
from nodes._helpers.law.knowing.learning import Sample, corrected, is_due, jump, learned
from nodes._helpers.law.knowing.mute import doubted
from nodes._helpers.law.knowing.resting import given_back, missed, pruned
from nodes._helpers.law.seeing.beside import ALONE, Beside, watched
from nodes._helpers.law.seeing.forecast import begun_anew, forecast, is_pulsing, worth_following
from nodes._helpers.law.seeing.observer import (
    FRESH_GRACE,
    FRESH_PERIODS,
    Grid,
    next_period,
    observed,
)
from nodes._helpers.law.seeing.repeating import is_reading, judged, may_repeat, unlearned

REACTION_GRACE = 1.0  # s beyond the fastest reach until the meter shows an answer
PATIENCE = 1.0  # s after the first reading in which a battery may tell what it is doing
UNSERVED = 10.0  # s after which nobody will: others may be full, or at a reserve known further down
PROMPT = 3.0  # s between readings of a meter that is not behind by their distance already
UNHEARD = "not heard yet"


class House(NamedTuple):
    """All the predictor knows. Powers flow into the house wiring."""

    beliefs: Mapping[str, Belief]
    grid: Grid = Grid()
    beside: Beside = ALONE
    """What is known of batteries that are not ours now."""
    hungry: bool = False
    """Whether it lacked power at the last outlook, for all that batteries can do, or do."""
    served_at: Seconds = math.inf
    """When batteries last did what it needed, or were about to."""
    known: Mapping[str, Belief] = MappingProxyType({})
    """What the last outlook was made of ..."""
    said: MappingProxyType[str, Ability] = MappingProxyType({})
    """... and what it said of each battery."""

    def knowing(self, beliefs: Mapping[str, Belief], grid: Grid) -> "House":
        """Return what is known after something was heard; half the time of `_replace`."""
        return House(beliefs, grid, self.beside, self.hungry, self.served_at, self.known, self.said)


def told(house: House, name: str, record: Battery, at: Seconds) -> House:
    """Take in what a battery tells; the load moves with what is believed of it."""
    belief = house.beliefs[name]
    if at > house.grid.valid_until and record.setpoint is None:
        belief = given_back(belief)  # no plan for so long
    belief = _corrected(house, belief, record, at)
    return _changed(house, name, hear(belief, record, at))


def read(house: House, watts: Watts, at: Seconds) -> House:
    """Take in a reading: learn timings, find the load, choose what of it to follow.

    One that repeats itself while batteries move is none, nor is a telegram that is read again.
    """
    grid, standing = house.grid, house.grid.standing
    if may_repeat(grid, watts):
        standing = judged(grid, house.beliefs, watts, at)
        if not is_reading(grid, standing, watts, at):
            return house._replace(grid=grid._replace(standing=standing))
        house = house.knowing(unlearned(house.beliefs, grid.standing, standing), grid)
    house = _awake(house, at)
    grid = house.grid
    period = max(next_period(grid, at), standing.renewal.every)
    beliefs, sample = _learned(house, watts, at)
    all_tell = None not in [belief.measured_at for belief in beliefs.values()]
    if not all_tell and not is_pulsing(grid.past):
        beliefs = doubted(beliefs, grid.read_at, at, grid.meter - watts)
    beliefs = {name: pruned(belief, at) for name, belief in beliefs.items()}
    load = observed(grid, beliefs.values(), watts, at, period)
    reaches = [belief.dead + belief.lag for belief in beliefs.values()]
    beside = watched(house.beside, beliefs, watts, at)
    ahead = REACTION_GRACE + (min(reaches) if reaches else 0.0)
    past = forecast(grid.past, beside.needed(load), at, period, ahead)
    beside, target = beside.target(load, worth_following(past))
    began_at, until = min(grid.began_at, at), at + FRESH_PERIODS * period + FRESH_GRACE
    grid = Grid(watts, began_at, at, until, period, load, target, past, sample, standing)
    house = house.knowing(beliefs, grid)
    return house if beside is house.beside else house._replace(beside=beside)


def look(house: House, at: Seconds) -> tuple[House, Outlook]:
    """Say how things stand; who is absent is noted, and cut ceilings are tried again."""
    house = _said(_tried(_present(house, at), at), at)
    grid = house.grid
    outlook = _new_outlook(
        at=at,
        meter=grid.meter,
        load=grid.load,
        target=grid.target,
        batteries=house.said,
        read_at=grid.read_at,
        period=grid.period,
        valid_until=grid.valid_until,
    )
    return house, outlook


def _corrected(house: House, belief: Belief, record: Battery, at: Seconds) -> Belief:
    """Learn from a move that a battery tells of, unless the meter knows better.

    It does of one that moved alone; and a slow one is behind by more than anybody could tell.
    """
    if not belief.flights or house.grid.period > PROMPT:
        return belief
    moved = jump(belief, newer(record.power, None))
    if not moved:
        return belief
    alone = not any(other.flights for other in house.beliefs.values() if other is not belief)
    if alone and not is_pulsing(house.grid.past):
        return belief
    return corrected(belief, moved, min(at, newer(record.power_at, at)))


def _present(house: House, at: Seconds) -> House:
    """Note who cannot be commanded, and expect nothing of them any more."""
    for name, belief in house.beliefs.items():
        absence = _absence(house, belief, at)
        if absence or belief.absence:
            house = _changed(house, name, missed(belief, absence))
        if absence and not belief.absence and belief.expected:
            house = _without_guesses(house)
    return house


def _without_guesses(house: House) -> House:
    """Forget what was guessed of the load: what a battery that is gone gave was taken for load."""
    grid = house.grid
    return house._replace(grid=grid._replace(past=begun_anew(grid.past)))


def _tried(house: House, at: Seconds) -> House:
    """Try cut ceilings again, both ways: the plan may want the house's opposite."""
    for name, belief in house.beliefs.items():
        if belief.charge.proven == belief.discharge.proven == math.inf:
            continue
        now = belief
        for sign in (-1.0, 1.0):
            hungry = (house.hungry and sign * house.grid.target > 0) or _all_give(house.said, sign)
            now = retried(now, sign < 0, hungry=hungry, at=at)
        if now is not belief:
            house = house.knowing({**house.beliefs, name: now}, house.grid)
    return house


def _all_give(said: Mapping[str, Ability], sign: float) -> bool:
    """Tell whether those that work in a direction are told all that they can, or none can work.

    More may be wanted then: how much, beyond the house's own need, know only those who share.
    """
    can = [it.can_discharge if sign > 0 else it.can_charge for it in said.values()]
    given = [max(0.0, sign * it.setpoint) for it in said.values()]
    room = [most - watts for most, watts in zip(can, given, strict=True) if watts > 0]
    return max(room or can, default=math.inf) <= HUNGRY


def _said(house: House, at: Seconds) -> House:
    """Bring what is said of each battery up to date with what is believed of it."""
    beliefs, known, said = house.beliefs, house.known, house.said
    news = {name: ability(now) for name, now in beliefs.items() if is_news(now, known.get(name))}
    if news:
        said = MappingProxyType(said | news)
    hungry, served_at = _lacking(house, said, at)
    return House(beliefs, house.grid, house.beside, hungry, served_at, beliefs, said)


def _lacking(house: House, said: Mapping[str, Ability], at: Seconds) -> tuple[bool, Seconds]:
    """Tell whether the house lacks power, and when it was last served.

    It does at once if all that batteries can do is too little, and after a while if all that they
    accepted is: what else binds them is known to those who share, not here.
    """
    grid, target = house.grid, house.grid.target
    needed = abs(target) - HUNGRY
    if target < 0:
        can, does = [it.can_charge for it in said.values()], [-it.setpoint for it in said.values()]
    else:
        can = [it.can_discharge for it in said.values()]
        does = [it.setpoint for it in said.values()]
    served_at = min(at, house.served_at) if needed > sum(does) else at
    hungry = needed > sum(can) or at - served_at > UNSERVED
    return hungry and grid.read_at >= grid.began_at + PATIENCE, served_at


def _changed(house: House, name: str, new: Belief) -> House:
    """Believe something else of a battery; the newest reading knew it, so the load moves."""
    old, grid = house.beliefs[name], house.grid
    house = house.knowing({**house.beliefs, name: new}, grid)
    if grid.read_at < 0 or (new.expected == old.expected and new.flights is old.flights):
        return house
    if abs(new.shows(grid.read_at) - old.shows(grid.read_at)) < 1:
        return house
    load = observed(grid, house.beliefs.values(), grid.meter, grid.read_at, grid.period)
    return house._replace(grid=grid._replace(load=load, target=grid.target + load - grid.load))


def _awake(house: House, at: Seconds) -> House:
    """After a silence of the meter expect nothing of batteries that told nothing since."""
    silent_at = house.grid.valid_until
    if at <= silent_at:
        return house
    beliefs = {
        name: belief if (belief.measured_at or 0.0) > silent_at else given_back(belief)
        for name, belief in house.beliefs.items()
    }
    return house.knowing(beliefs, house.grid)


def _learned(house: House, watts: Watts, at: Seconds) -> tuple[Mapping[str, Belief], Sample | None]:
    """Learn timings from what has happened since the last sample, if it is time for another."""
    last, beliefs = house.grid.sample, house.beliefs
    if last and not is_due(last, at):
        return beliefs, last
    if last is None or at - last.at > LONGEST:
        return beliefs, last._replace(at=at, meter=watts) if last else Sample(at, watts)
    return learned(beliefs, last, Sample(at, watts), pulsing=is_pulsing(house.grid.past))


def _absence(house: House, belief: Belief, at: Seconds) -> str:
    """Say why a battery cannot be commanded now; empty if it can."""
    if belief.facts.self_regulating:
        return "left to itself"
    if belief.is_gone(at):
        return "offline" if belief.facts.online is False else "tells nothing any more"
    if at < house.grid.began_at + PATIENCE and not belief.heard:
        return UNHEARD
    return ""


_new_outlook = maker(Outlook)
