"""Tell what has been learned of each battery: in words, and as numbers for a page of metrics."""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from types import MappingProxyType
from typing import Annotated, Any, NamedTuple

from flowctl import Ability, Clock, Observable, Outlook, Store
from nodes._helpers.days import Zone, read_zone
from nodes._helpers.law.knowing.bank import TIMINGS
from nodes._helpers.law.knowing.notes import BETWEEN, parted, steadied
from nodes._helpers.law.knowing.traits import words
from nodes._helpers.operators import holding

GUESS = "a first guess"
RESUMES = 60.0  # s after the start in which what was so before it goes on since then


Since = Mapping[str, datetime]
"""When each part of a note began, by what it is about."""


class Learned(NamedTuple):
    """What was told last, of what, and since when something is special of a battery."""

    of: Mapping[str, Ability]
    since: Mapping[str, Since]
    notes: Mapping[str, str]
    told: Mapping[str, Any]


EMPTY: Mapping[str, Any] = MappingProxyType({})
NOTHING = Learned(EMPTY, EMPTY, EMPTY, EMPTY)


def learned(
    outlook: Annotated[Observable[Outlook], "the house as `response_predictor` sees it"],
    *,
    zone: Annotated[
        Zone, "time zone of `since`, e.g. Europe/Paris; if not given, the machine's"
    ] = "",
    clock: Clock,
    store: Store,
) -> Observable[Mapping[str, Any]]:
    """Say what is known of every battery, each thing by battery name; one per outlook.

    `says` holds a sentence for people: `dead time 2.5s, lag 1s; gives 60% of what it is told; gives
    nothing below 80W; takes 2s more to start up; tells of itself 3s after the meter; delivers 300W
    at most since 14:05`, or `a first guess` after the timing as long as it is none that was
    learned. The numbers are `dead_time` and `lag` (s), `gain` (the part of a setpoint that it gives
    where no limit binds it; 1 is all), `min_power` (W, the smallest that it holds, told by it or
    learned), `start_up` (s that an answer takes longer out of standby), `behind` (s that it tells
    of its moves later than the meter; negative: sooner), `can_charge` and `can_discharge` (W,
    magnitudes), `in_flight` (W, + discharging: accepted, and not yet to be seen on the meter), and
    `available` (1 or 0).

    What goes on over a restart has the time of before it. In words a limit that was measured moves
    only with more than 30 W and 10 %; `can_charge` and `can_discharge` are as the plan has them.

    With `prometheus: battery` after it they are a page of metrics: `battery_dead_time_seconds` with
    `of="right"`, and so on. `pick: says.right` and then `changed` give what is news, in words.

    Raises:
        ValueError: there is no such time zone.
    """
    where = read_zone(zone)
    ends, earlier = clock.time() + RESUMES, {name: _dates(store[name], where) for name in store}

    def began(before: Learned, view: Outlook) -> dict[str, Since]:
        now = clock.wall().astimezone(where)
        resumed = earlier if clock.time() < ends else {}
        since: dict[str, Since] = {}
        for name, one in view.batteries.items():
            known = {**resumed.get(name, {}), **before.since.get(name, {})}
            since[name] = {part: known.get(part, now) for part in parted(one.note)}
        return since

    def step(before: Learned, view: Outlook) -> tuple[Learned, Mapping[str, Any]]:
        since, notes, told = before.since, before.notes, before.told
        if view.batteries is not before.of:
            since = began(before, view)
            _keep(since, before.since, store)
            notes = _notes(view.batteries, notes)
            texts = {n: said(a, notes[n], since[n]) for n, a in view.batteries.items()}
            told = {"says": _frozen(texts)}
        numbers = figures(view)
        return Learned(view.batteries, since, notes, told), _frozen({**told, **numbers})

    return holding(outlook, NOTHING, step)


def _keep(since: Mapping[str, Since], before: Mapping[str, Since], store: Store) -> None:
    """Write down what has begun, or is over."""
    for name, dates in since.items():
        if dates.keys() != before.get(name, {}).keys():
            store[name] = {part: date.isoformat() for part, date in dates.items()}


def _dates(kept: Any, where: tzinfo | None) -> Since:
    """Read what was written down, as far as it makes sense."""
    try:
        dates = {part: datetime.fromisoformat(date) for part, date in kept.items()}
        return {part: date.astimezone(where) for part, date in dates.items() if date.tzinfo}
    except (AttributeError, TypeError, ValueError):
        return {}


def _notes(batteries: Mapping[str, Ability], before: Mapping[str, str]) -> dict[str, str]:
    """Return what is special of each, as it was told `before` where it has hardly changed."""
    return {name: steadied(before.get(name, ""), one.note) for name, one in batteries.items()}


def said(ability: Ability, note: str, since: Since) -> str:
    """Put into words what is known of a battery."""
    text = f"dead time {ability.dead_time:g}s, lag {ability.lag:g}s"
    if (ability.dead_time, ability.lag) not in TIMINGS:
        text += f" ({GUESS})"
    parts = [f"{part} since {since[about]:%H:%M}" for about, part in parted(note).items()]
    traits = words(ability.gain, ability.min_power, ability.start_up, ability.behind)
    return "; ".join(filter(None, (text, *traits, BETWEEN.join(parts))))


def figures(view: Outlook) -> dict[str, Mapping[str, float]]:
    """Return the numbers, each by battery name."""
    table: dict[str, dict[str, float]] = {}
    for name, ability in view.batteries.items():
        row = {
            "dead_time": ability.dead_time,
            "lag": ability.lag,
            "gain": ability.gain,
            "min_power": ability.min_power,
            "start_up": ability.start_up,
            "behind": ability.behind,
            "can_charge": ability.can_charge,
            "can_discharge": ability.can_discharge,
            "in_flight": ability.setpoint - ability.shows(view.at),
            "available": float(ability.available),
        }
        for figure, number in row.items():
            table.setdefault(figure, {})[name] = number
    return {figure: _frozen(numbers) for figure, numbers in table.items()}


def _frozen(made: dict[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType(made)
