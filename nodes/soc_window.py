"""Keep batteries between two states of charge, each battery its own."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Annotated, NamedTuple

from flowctl import Ability, Ge, Le, Log, NamesBatteries, Observable, Outlook, Percent, changer
from nodes._helpers.law.knowing.notes import noted
from nodes._helpers.law.sharing.allocation import sun_alone
from nodes._helpers.operators import Receiver, each_with

Charge = Annotated[Percent, Ge(0), Le(100)]
LOW, HIGH = "low", "high"
EMPTY, FULL = 0.0, 100.0  # %
NOBODY: frozenset[str] = frozenset()


class Outside(NamedTuple):
    """Who is at an end of the window."""

    low: frozenset[str] = NOBODY
    high: frozenset[str] = NOBODY


class Window(NamedTuple):
    """The charge that is allowed."""

    low: Percent
    high: Percent
    resume: Percent


def soc_window(
    outlook: Annotated[Observable[Outlook], "the house as `response_predictor` sees it"],
    low_from: Annotated[Observable[Percent] | None, "goes before `low`: a slider, a season"] = None,
    high_from: Annotated[Observable[Percent] | None, "goes before `high`"] = None,
    *,
    low: Annotated[Charge | None, "at this charge or less it is not discharged"] = None,
    high: Annotated[Charge | None, "at this charge or more it is not charged"] = None,
    resume: Annotated[
        Percent, Ge(0), "points of charge it must come back before it is used that way again"
    ] = 1.0,
    only: Annotated[
        list[str] | None, NamesBatteries(), "the batteries meant; if not given, all"
    ] = None,
    log: Log,
) -> Observable[Outlook]:
    """Pass the outlook, with what is outside the window counted as what cannot be done.

    One per outlook, read by a law such as `rebalance` in place of the outlook itself, whose own
    `reserve` and `ceiling` hold besides: the tighter one binds, and what is shared by is the energy
    between. Several windows follow one another, each with its `only`. A battery that does not tell
    its charge is not limited. NaN and infinities of the streams are not heard; what is below 0 % or
    above 100 % counts as that, and the log says so.

    Example:
        - from: plan/response_predictor
        - soc_window: {low: 15%, high: 90%, only: [left]}

    Raises:
        ValueError: no end of the window is given, or `low` is above `high`.
    """
    ends = {LOW: low_from, HIGH: high_from}
    others = {name: stream for name, stream in ends.items() if stream is not None}
    if low is None and high is None and not others:
        raise ValueError("soc_window has no end; give low or high, or a stream for one of them")
    bottom, top = EMPTY if low is None else low, FULL if high is None else high
    if bottom > top:
        raise ValueError(f"low {bottom:g}% is above high {top:g}%; exchange them")

    told = _reader(log)

    def hear(say: Receiver[Outlook], newest: Mapping[str, Percent | None]) -> Receiver[Outlook]:
        state = Outside()

        def receive(view: Outlook) -> None:
            nonlocal state
            window = Window(told(LOW, newest, bottom), told(HIGH, newest, top), resume)
            state, made = step(state, view, window, only)
            say(made)

        return receive

    return each_with(outlook, others, hear)


def step(
    before: Outside, view: Outlook, window: Window, only: list[str] | None
) -> tuple[Outside, Outlook]:
    """Find who is at an end of the window, and what he cannot do there."""
    charges = {
        name: ability.soc
        for name, ability in view.batteries.items()
        if ability.soc is not None and (only is None or name in only)
    }
    low, high, resume = window
    now = Outside(
        frozenset(n for n, c in charges.items() if c <= low + resume * (n in before.low)),
        frozenset(n for n, c in charges.items() if c >= high - resume * (n in before.high)),
    )
    made = {
        name: _held(name, ability, now, window) if name in charges else ability
        for name, ability in view.batteries.items()
    }
    return now, replace(view, batteries=MappingProxyType(made))


def _held(name: str, ability: Ability, now: Outside, window: Window) -> Ability:
    floor = max(window.low, EMPTY if ability.floor is None else ability.floor)
    ceiling = min(window.high, FULL if ability.ceiling is None else ability.ceiling)
    ability = _between(ability, floor=floor, ceiling=ceiling)
    if name in now.low:
        note = noted(f"kept at {window.low:g}% of charge", ability.note)
        ability = replace(ability, can_discharge=sun_alone(ability), note=note)
    if name in now.high:
        note = noted(f"charged to {window.high:g}% only", ability.note)
        ability = replace(ability, can_charge=0.0, note=note)
    return ability


def _reader(log: Log) -> Callable[[str, Mapping[str, Percent | None], Percent], Percent]:
    """Make what reads an end of the window from its stream, and says once that it cannot be."""
    odd = set[str]()

    def read(end: str, newest: Mapping[str, Percent | None], otherwise: Percent) -> Percent:
        said = newest.get(end)
        if said is None or not math.isfinite(said):
            return otherwise
        charge = min(max(said, EMPTY), FULL)
        if charge != said and end not in odd:
            odd.add(end)
            log.warning("%s_from says %g%%: no such charge, taken as %g%%", end, said, charge)
        return charge

    return read


_between = changer(Ability, "floor", "ceiling")
