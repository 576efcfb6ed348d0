"""The house as the predictor sees it: the load behind the meter, and every battery's answer."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from operator import attrgetter
from types import MappingProxyType

from flowctl import Ability, Battery, Outlook, Seconds, Watts, changer, maker
from nodes._helpers.law.knowing.ability import ability, renewed
from nodes._helpers.law.knowing.bank import LONGEST
from nodes._helpers.law.knowing.belief import Belief
from nodes._helpers.law.knowing.facts import newer
from nodes._helpers.law.knowing.frozen import compared
from nodes._helpers.law.knowing.hearing import hear
from nodes._helpers.law.knowing.judging import retried
from nodes._helpers.law.knowing.learning import Sample, corrected, is_due, jump, learned
from nodes._helpers.law.knowing.mute import doubted
from nodes._helpers.law.knowing.resting import all_pruned, given_back, missed
from nodes._helpers.law.seeing.beside import ALONE, Beside, watched
from nodes._helpers.law.seeing.forecast import begun_anew, forecast, is_pulsing, worth_following
from nodes._helpers.law.seeing.lacking import all_give, lacking
from nodes._helpers.law.seeing.observer import (
    FRESH_GRACE,
    FRESH_PERIODS,
    Grid,
    next_period,
    observed,
    tolerance,
)
from nodes._helpers.law.seeing.repeating import is_reading, judged, may_repeat, unlearned
from nodes._helpers.law.seeing.standing import Standing

REACTION_GRACE = 1.0  # s beyond the fastest reach until the meter shows an answer
PATIENCE = 1.0  # s after the first reading in which a battery may tell what it is doing
PROMPT = 3.0  # s between readings of a meter that is not behind by their distance already
UNHEARD = "not heard yet"


@dataclass(frozen=True, slots=True)
class House:
    """All the predictor knows. Powers flow into the house wiring."""

    beliefs: Mapping[str, Belief]
    grid: Grid = field(default_factory=Grid)
    beside: Beside = ALONE
    """What is known of batteries that are not ours now."""
    hungry: bool = False
    """Whether it lacks power, for all that batteries can do, or do."""
    served_at: Seconds = math.inf
    """When batteries last did what it needed, or were about to."""
    known: Mapping[str, Belief] = field(default_factory=dict)
    """What the last outlook was made of ..."""
    said: Mapping[str, Ability] = field(default_factory=lambda: MappingProxyType({}))
    """... and what it said of each battery."""


def told(house: House, name: str, record: Battery, at: Seconds) -> House:
    """Take in what a battery tells; the load moves with what is believed of it."""
    belief = house.beliefs[name]
    if at > house.grid.valid_until and record.setpoint is None:
        belief = given_back(belief)  # no plan for so long
    belief = _corrected(house, belief, record, at)
    return _changed(house, name, hear(belief, record, at))


def read(house: House, watts: Watts, at: Seconds) -> House:
    """Take in a reading.

    One that repeats itself while batteries move is none, nor is a telegram that is read again.
    """
    grid, standing = house.grid, house.grid.standing
    if may_repeat(grid, watts):
        standing = judged(grid, house.beliefs, watts, at)
        if not is_reading(grid, standing, watts, at):
            return _seeing(house, grid=replace(grid, standing=standing))
        house = _believing(house, beliefs=unlearned(house.beliefs, grid.standing, standing))
    if at > grid.valid_until:
        house = _believing(house, beliefs=_awake(house.beliefs, grid.valid_until))
    return _taken(house, standing, watts, at)


def _taken(house: House, standing: Standing, watts: Watts, at: Seconds) -> House:
    """Learn timings, find the load, choose what of it to follow."""
    grid = house.grid
    period = max(next_period(grid, at), standing.renewal.every)
    beliefs, sample = _learned(house, watts, at)
    all_tell = None not in map(_of_measured_at, beliefs.values())
    if not all_tell and not is_pulsing(grid.past):
        beliefs = doubted(beliefs, grid.read_at, at, grid.meter - watts)
    if any(map(_of_still, beliefs.values())) and not is_pulsing(grid.past):
        beliefs = compared(beliefs, (grid.read_at, grid.meter), (at, watts), tolerance(period))
    beliefs = all_pruned(beliefs, at)
    load = observed(grid, beliefs.values(), watts, at, period)
    reaches = [belief.dead + belief.lag for belief in beliefs.values()]
    beside = watched(house.beside, beliefs, watts, at)
    ahead = REACTION_GRACE + (min(reaches) if reaches else 0.0)
    past = forecast(grid.past, beside.needed(load), at, period, ahead)
    beside, target = beside.target(load, worth_following(past))
    began_at, until = min(grid.began_at, at), at + FRESH_PERIODS * period + FRESH_GRACE
    grid = _new_grid(
        meter=watts,
        began_at=began_at,
        read_at=at,
        valid_until=until,
        period=period,
        load=load,
        target=target,
        past=past,
        sample=sample,
        standing=standing,
    )
    return _having_read(house, beliefs=beliefs, grid=grid, beside=beside)


def look(house: House, at: Seconds) -> tuple[House, Outlook]:
    """Say how things stand; who is absent is noted, and cut ceilings are tried again."""
    house = _said(_tried(_lacking(_present(house, at), at), at))
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
    begins = at < house.grid.began_at + PATIENCE
    for name, belief in house.beliefs.items():
        absence = _absence(belief, at, begins=begins)
        if absence or belief.absence:
            house = _changed(house, name, missed(belief, absence))
            if not belief.absence and belief.expected:
                house = _without_guesses(house)
    return house


def _without_guesses(house: House) -> House:
    """Forget what was guessed of the load: what a battery that is gone gave was taken for load."""
    grid = house.grid
    return _seeing(house, grid=replace(grid, past=begun_anew(grid.past)))


def _lacking(house: House, at: Seconds) -> House:
    """Note whether the house lacks power, of what was said of batteries last."""
    grid = house.grid
    hungry, served_at = lacking(house.said, grid.target, house.served_at, at)
    hungry = hungry and grid.read_at >= grid.began_at + PATIENCE
    return _serving(house, hungry=hungry, served_at=served_at)


def _tried(house: House, at: Seconds) -> House:
    """Try cut ceilings again, both ways: the plan may want the house's opposite."""
    cut = {name: belief for name, belief in house.beliefs.items() if belief.is_cut}
    if not cut:
        return house
    for sign in (-1.0, 1.0):
        hungry = (house.hungry and sign * house.grid.target > 0) or all_give(house.said, sign)
        for name, belief in cut.items():
            cut[name] = retried(belief, sign < 0, hungry=hungry, at=at)
    if all(belief is house.beliefs[name] for name, belief in cut.items()):
        return house
    return _believing(house, beliefs={**house.beliefs, **cut})


def _said(house: House) -> House:
    """Bring what is said of each battery up to date with what is believed of it."""
    beliefs, known, said = house.beliefs, house.known, house.said
    news: dict[str, Ability] = {}
    for name, now in beliefs.items():
        was = known.get(name)
        if now is not was:
            news[name] = renewed(said[name], was, now) if was else ability(now)
    if news:
        said = MappingProxyType({**said, **news})
    return _having_said(house, known=beliefs, said=said)


def _changed(house: House, name: str, new: Belief) -> House:
    """Believe something else of a battery; the newest reading knew it, so the load moves."""
    old, grid = house.beliefs[name], house.grid
    house = _believing(house, beliefs={**house.beliefs, name: new})
    if grid.read_at < 0 or (new.expected == old.expected and new.flights is old.flights):
        return house
    if abs(new.shows(grid.read_at) - old.shows(grid.read_at)) < 1:
        return house
    load = observed(grid, house.beliefs.values(), grid.meter, grid.read_at, grid.period)
    return _seeing(house, grid=replace(grid, load=load, target=grid.target + load - grid.load))


def _awake(beliefs: Mapping[str, Belief], silent_at: Seconds) -> Mapping[str, Belief]:
    """After a silence of the meter expect nothing of batteries that told nothing since."""
    return {
        name: belief if (belief.measured_at or 0.0) > silent_at else given_back(belief)
        for name, belief in beliefs.items()
    }


def _learned(house: House, watts: Watts, at: Seconds) -> tuple[Mapping[str, Belief], Sample | None]:
    """Learn timings from what has happened since the last sample, if it is time for another."""
    last, beliefs = house.grid.sample, house.beliefs
    if last and not is_due(last, at):
        return beliefs, last
    if last is None or at - last.at > LONGEST:
        return beliefs, last._replace(at=at, meter=watts) if last else Sample(at, watts)
    return learned(beliefs, last, Sample(at, watts), pulsing=is_pulsing(house.grid.past))


def _absence(belief: Belief, at: Seconds, *, begins: bool) -> str:
    """Say why a battery cannot be commanded now; empty if it can."""
    if belief.facts.self_regulating:
        return "left to itself"
    if belief.is_gone(at):
        return "offline" if belief.facts.online is False else "tells nothing any more"
    return UNHEARD if begins and not belief.heard else ""


_new_outlook, _new_grid = maker(Outlook), maker(Grid)
_believing, _seeing = changer(House, "beliefs"), changer(House, "grid")
_having_read = changer(House, "beliefs", "grid", "beside")
_having_said, _serving = changer(House, "known", "said"), changer(House, "hungry", "served_at")
_of_measured_at, _of_still = attrgetter("measured_at"), attrgetter("still")
