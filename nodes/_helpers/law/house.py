"""The house as the predictor sees it: the load behind the meter, and every battery's answer."""

import math
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import NamedTuple

from flowctl import Ability, Battery, Outlook, Seconds, Watts
from nodes._helpers.law.bank import LONGEST
from nodes._helpers.law.belief import Belief, ability
from nodes._helpers.law.forecast import Forecast, forecast, is_pulsing, median, worth_following
from nodes._helpers.law.hearing import hear, let_go, pruned, retried
from nodes._helpers.law.learning import Sample, is_due, learned

PERIOD = 1.0  # s between readings until known: most P1 meters
PERIOD_PACE = 0.2  # part of each gap that enters the mean
PERIOD_LONGEST = 15.0  # s that one gap counts at most: a pause is no period
FRESH_PERIODS, FRESH_GRACE = 3.0, 5.0  # an older reading says nothing of now (section 9)
DELTA_LEAST, DELTA_MOST = 0.5, 2.0  # s of dead time that may be wrong: one period, within these
REACTION_GRACE = 1.0  # s beyond the fastest reach until the meter shows an answer
PATIENCE = 1.0  # s after the first reading in which a battery may tell what it is doing
HUNGRY = 50.0  # W that nobody can serve: then cut ceilings are tried again sooner
SELF_WINDOW = 25.0  # s over which the load beside a self-regulating battery is taken


class View(NamedTuple):
    """What was last said of a battery, and of what belief."""

    belief: Belief
    absence: str
    """Why it cannot be commanded; empty if it can."""
    ability: Ability


class House(NamedTuple):
    """All the predictor knows. Powers flow into the house wiring, times are the engine's."""

    beliefs: Mapping[str, Belief]
    meter: Watts = 0.0
    began_at: Seconds = math.inf
    """First reading."""
    read_at: Seconds = -math.inf
    """Newest reading."""
    period: Seconds = PERIOD
    load: Watts = 0.0
    """What the house draws, less what batteries with a meter of their own give."""
    target: Watts = 0.0
    past: Forecast = Forecast()
    sample: Sample | None = None
    """Reading that timing was last learned from."""
    beside: tuple[tuple[Seconds, Watts], ...] = ()
    """Loads of late, while a battery follows a meter of its own."""
    hungry: bool = False
    views: Mapping[str, View] = MappingProxyType({})
    said: Mapping[str, Ability] = MappingProxyType({})
    """What the last outlook said of each battery."""

    @property
    def valid_until(self) -> Seconds:
        """When the newest reading is too old to act on."""
        return self.read_at + FRESH_PERIODS * self.period + FRESH_GRACE


def told(house: House, name: str, record: Battery, at: Seconds) -> House:
    """Take in what a battery tells."""
    belief = house.beliefs[name]
    if house.read_at >= 0 and at > house.valid_until:
        belief = let_go(belief)  # no plan for so long: it was given back to itself
    return _moved(house, name, hear(belief, record, at))


def read(house: House, watts: Watts, at: Seconds) -> House:
    """Take in a reading: learn, find the load, choose what to follow."""
    house = _awake(house, at)
    period = _period(house, at)
    beliefs, sample = _learned(house, watts, at)
    beliefs = {name: pruned(belief, at) for name, belief in beliefs.items()}
    load = _load(house, beliefs.values(), watts, at, period)
    ahead = min((belief.reach for belief in beliefs.values()), default=0.0) + REACTION_GRACE
    past = forecast(house.past, load, at, period, ahead)
    house = House(
        beliefs=beliefs,
        meter=watts,
        began_at=min(house.began_at, at),
        read_at=at,
        period=period,
        load=load,
        target=worth_following(past),
        past=past,
        sample=sample,
        beside=house.beside,
        hungry=house.hungry,
        views=house.views,
        said=house.said,
    )
    return _beside(house)


def look(house: House, at: Seconds) -> tuple[House, Outlook]:
    """Say how things stand."""
    absences = {
        name: why for name, belief in house.beliefs.items() if (why := _absence(house, belief, at))
    }
    house = _viewed(_without(house, absences), absences, at)
    outlook = Outlook(
        at=at,
        meter=house.meter,
        load=house.load,
        target=house.target,
        batteries=house.said,
        read_at=house.read_at,
        period=house.period,
        valid_until=house.valid_until,
    )
    return house, outlook


def _viewed(house: House, absences: Mapping[str, str], at: Seconds) -> House:
    """Bring what is said of each battery up to date with what is believed of it."""
    charging, beliefs, changed = house.target < 0, house.beliefs, dict[str, View]()
    for name, belief in beliefs.items():
        absence, seen = absences.get(name, ""), house.views.get(name)
        now = belief if absence else retried(belief, charging, hungry=house.hungry, at=at)
        if now is not belief:
            beliefs = {**beliefs, name: now}
        if seen is None or seen.absence != absence or not now.says_as(seen.belief):
            says = ability(now, available=not absence, note=absence or now.note)
            changed[name] = View(now, absence, says)
    if changed:
        views = {**house.views, **changed}
        said = MappingProxyType({name: view.ability for name, view in views.items()})
        house = house._replace(beliefs=beliefs, views=views, said=said)
    can = [says.can_charge if charging else says.can_discharge for says in house.said.values()]
    hungry = abs(house.target) - sum(can) > HUNGRY
    return house if hungry == house.hungry else house._replace(hungry=hungry)


def _without(house: House, absences: Mapping[str, str]) -> House:
    """Expect nothing any more of batteries that are gone."""
    for name, absence in absences.items():
        belief = house.beliefs[name]
        gone = let_go(belief) if absence else belief
        if gone is not belief:
            house = _moved(house, name, gone)
    return house


def _moved(house: House, name: str, new: Belief) -> House:
    """Believe something else of a battery; the newest reading knew it, so the load moves."""
    old = house.beliefs[name]
    house = house._replace(beliefs={**house.beliefs, name: new})
    if house.read_at < 0 or (new.expected == old.expected and new.flights is old.flights):
        return house
    if abs(new.shows(house.read_at) - old.shows(house.read_at)) < 1:
        return house
    load = _load(house, house.beliefs.values(), house.meter, house.read_at, house.period)
    return house._replace(load=load, target=house.target + load - house.load)


def _awake(house: House, at: Seconds) -> House:
    """After a silence of the meter expect nothing of batteries that told nothing since."""
    if house.read_at < 0 or at <= house.valid_until:
        return house
    beliefs = {
        name: belief if (belief.measured_at or 0.0) > house.valid_until else let_go(belief)
        for name, belief in house.beliefs.items()
    }
    return house._replace(beliefs=beliefs)


def _period(house: House, at: Seconds) -> Seconds:
    """Learn the meter's period; the first gap counts in full, so that no slow meter looks dead."""
    gap = min(PERIOD_LONGEST, at - house.read_at)
    if house.read_at == house.began_at:
        return max(house.period, gap)
    return house.period + PERIOD_PACE * (gap - house.period) if house.read_at >= 0 else PERIOD


def _learned(house: House, watts: Watts, at: Seconds) -> tuple[Mapping[str, Belief], Sample | None]:
    last, beliefs = house.sample, house.beliefs
    if last and not is_due(last, at):
        return beliefs, last
    if last is None or at - last.at > LONGEST or is_pulsing(house.past):
        return beliefs, Sample(at, watts, last.lessons if last else 0)
    taught = learned(beliefs, last, Sample(at, watts))
    lessons = last.lessons + (taught is not beliefs)
    return taught, Sample(at, watts, lessons)


def _load(
    house: House, beliefs: Collection[Belief], watts: Watts, at: Seconds, period: Seconds
) -> Watts:
    """Move the load as little as the reading and every timing that may be true demand."""
    delta = max(DELTA_LEAST, min(DELTA_MOST, period))
    low = high = 0.0
    for belief in beliefs:
        least, most = belief.may_show(at, delta)
        low += least
        high += most
    if house.read_at < 0:
        return watts + (low + high) / 2
    return max(watts + low, min(watts + high, house.load))


def _beside(house: House) -> House:
    """Leave the fast part to a battery that follows its own meter: serve our part of the rest."""
    own = [belief for belief in house.beliefs.values() if belief.facts.self_regulating]
    if not own:
        return house
    given = sum(belief.facts.power or 0.0 for belief in own)
    since = house.read_at - SELF_WINDOW
    loads = [entry for entry in house.beside if entry[0] >= since]
    loads.append((house.read_at, house.load + given))
    rated = sum(belief.limit(charging=False) for belief in house.beliefs.values())
    ours = 1 - sum(belief.limit(charging=False) for belief in own) / rated if rated else 0.0
    return house._replace(beside=tuple(loads), target=ours * median([watts for _, watts in loads]))


def _absence(house: House, belief: Belief, at: Seconds) -> str:
    """Say why a battery cannot be commanded now; empty if it can."""
    if belief.facts.self_regulating:
        return "follows its own meter"
    if belief.is_gone(at):
        return "offline" if belief.facts.online is False else "tells nothing any more"
    if not belief.heard and at < house.began_at + PATIENCE:
        return "not heard yet"
    return ""
