"""Make a plan of a total: who of the batteries gives how much."""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Any, NamedTuple

from flowctl import (
    Battery,
    Clock,
    Ge,
    Gt,
    Log,
    NamesBatteries,
    Observable,
    OnlyWith,
    Percent,
    Plan,
    Seconds,
    Watts,
)
from nodes._helpers.division import By, Division, Rule, by_phase, divide
from nodes._helpers.fleet import Fleet, law
from nodes._helpers.gone import GONE
from nodes._helpers.operators import NONE
from nodes._helpers.pace import Pace, Word, paced, worded
from nodes._helpers.timing import TINY

PHASE, PART = "phase ", "part "  # before the names of streams, so that they never meet
NO_WEIGHTS: Mapping[str, float] = MappingProxyType({})
NO_PHASES: Mapping[str, str] = MappingProxyType({})
NOBODY: frozenset[str] = frozenset()


class State(NamedTuple):
    """What is remembered from one plan to the next."""

    began: Seconds
    """When the first total came."""
    beat: Pace | None = None
    named: frozenset[str] = NOBODY
    """The batteries of the last plan."""
    silent: frozenset[str] = NOBODY
    """Phases whose total comes no more."""


def split(
    total: Annotated[Observable[Watts], "what all batteries are to give, + discharging"],
    batteries: Annotated[Mapping[str, Observable[Battery]], "those that share it"],
    phases: Annotated[
        Mapping[str, Observable[Watts]], "totals by phase, where each phase is served by itself"
    ] = NONE,
    parts: Annotated[
        Mapping[str, Observable[float]],
        NamesBatteries(),
        OnlyWith("by", "weighted"),
        "weights by battery as streams, with `by: weighted`; 0 leaves it out, too",
    ] = NONE,
    *,
    by: Annotated[
        By | list[By],
        "what shares are in proportion to: equal, weighted (as given), capacity, power (limits), "
        "soc (charge, or room to 100%), energy (usable, or room); a list multiplies; or priority: "
        "each to its limit, in order",
    ] = "equal",
    weights: Annotated[
        Mapping[str, Annotated[float, Ge(0)]],
        NamesBatteries(),
        OnlyWith("by", "weighted"),
        "by battery, with `by: weighted`; 1 where not given, 0 leaves it out",
    ] = NO_WEIGHTS,
    order: Annotated[
        list[str] | None, NamesBatteries(), "who is filled first; if not given, as listed"
    ] = None,
    reverse: Annotated[bool, "discharge in the opposite order"] = False,
    rotate: Annotated[
        Annotated[Seconds, Gt(0)] | None, "the order moves on by one this often"
    ] = None,
    limit: Annotated[Watts, Ge(0), "largest power of each, where it does not tell less"] = 2500.0,
    empty: Annotated[Percent, Ge(0), "at this charge or less it does not discharge"] = 0.0,
    full: Annotated[Percent, Ge(0), "at this charge or more it does not charge"] = 100.0,
    spill: Annotated[bool, "what one cannot take goes to the others"] = True,
    on: Annotated[
        Mapping[str, str], NamesBatteries(), "with `phases`: the phase of each battery"
    ] = NO_PHASES,
    away: Annotated[
        Annotated[Seconds, Gt(0)] | None,
        "a battery that tells nothing for so long is left out; an accepted setpoint tells, too",
    ] = 90.0,
    valid: Annotated[
        Annotated[Seconds, Gt(0)] | None, "how long a plan holds; the lease limits it anyway"
    ] = None,
    clock: Clock,
    log: Log,
) -> Observable[Plan]:
    """Divide a total among batteries; one plan per total.

    Every battery that can be commanded is named. One that went away gets one 0 and is then left
    out, which releases it. With `spill` a limit costs nothing as long as another has room; what
    nobody can take is `unmet`. The reason of a share is the limit that bound it, or the measure.

    With `phases`, each phase's own total is divided among the batteries on it, for meters that do
    not add phases up; the total then only sets the beat. Without, the sum counts, as for most.
    Batteries on a phase whose total is older than three of its own periods and 5 s, or than `valid`
    if that is longer, count as gone until it comes again, and the log tells; before it first comes
    they are left out. Such plans end by the same rule when the beat stops, where `valid` does not
    say when. Periods count as 15 s at most: totals that come less often want `valid`.

    Raises:
        ValueError: a battery is on no phase, or on one that is not given; phases of batteries are
            given and none of the meter; empty is above full.
    """
    if empty > full:
        raise ValueError(f"empty {empty:g}% is above full {full:g}%; exchange them")
    placed(batteries, phases, on)
    measures = (by,) if isinstance(by, str) else tuple(by)
    order = list(batteries) if order is None else order
    rule = Rule(measures, weights, order, reverse, spill, limit, empty, full)
    streams: dict[str, Observable[Any]] = {f"{PART}{name}": part for name, part in parts.items()}
    streams |= {f"{PHASE}{name}": worded(phase, clock) for name, phase in phases.items()}

    def work(before: State | None, watts: float, fleet: Fleet) -> tuple[State, Plan]:
        at = clock.time()
        last = before or State(began=at)
        here = {n: told for n, told in fleet.told.items() if fleet.present(n, at, away)}
        fresh = rule._replace(
            order=turned(order, at, rotate), weights={**weights, **known(fleet, PART)}
        )
        beat, words = paced(last.beat, at), {n: fleet.newest[f"{PHASE}{n}"] for n in phases}
        quiet = silent(words, last.began, valid, at)
        tell(last.silent, quiet, on, log)
        totals = {n: word.watts for n, word in words.items() if word and n not in quiet}
        if phases:
            here = {name: told for name, told in here.items() if on[name] in totals}
        made = by_phase(totals, here, on, fresh) if phases else divide(watts, here, fresh)
        stop = beat.until() if phases else math.inf
        until = stop if valid is None else at + valid
        now = State(last.began, beat, frozenset(here), quiet)
        return now, plan_of(made, last.named - here.keys(), until)

    return law(total, batteries, None, work, clock, **streams)


def placed(batteries: Iterable[str], phases: Collection[str], on: Mapping[str, str]) -> None:
    """Make sure that each battery is on one of the phases, if there are any.

    Raises:
        ValueError: one is on none, or on one that is not given; they are on phases and none is.
    """
    if not phases:
        if on:
            raise ValueError(
                "'on' says phases of batteries, and 'phases' is missing; name their streams"
            )
        return
    there = ", ".join(phases)
    for name in batteries:
        if name not in on:
            raise ValueError(f"on which phase {name} is, is not said; 'on' takes one of {there}")
        if on[name] not in phases:
            raise ValueError(f"{name} is on {on[name]}, which is no phase; there are {there}")


def silent(
    words: Mapping[str, Word | None], began: Seconds, valid: Seconds | None, at: Seconds
) -> frozenset[str]:
    """Name the phases whose total comes no more; one that never came has since the beginning."""
    paces = {name: word.pace if word else Pace(began) for name, word in words.items()}
    return frozenset(name for name, pace in paces.items() if at > pace.until(valid))


def tell(before: frozenset[str], now: frozenset[str], on: Mapping[str, str], log: Log) -> None:
    """Log which phases fell silent and which speak again, each once."""
    for phase in sorted(now - before):
        those = " and ".join(name for name in on if on[name] == phase) or "nobody"
        log.warning("the total of %s comes no more; %s is given back", phase, those)
    for phase in sorted(before - now):
        log.info("the total of %s comes again", phase)


def known(fleet: Fleet, prefix: str) -> dict[str, float]:
    """Return what the streams of one kind have said, by name."""
    said = ((name.removeprefix(prefix), value) for name, value in fleet.newest.items()
            if name.startswith(prefix))  # fmt: skip
    return {name: value for name, value in said if value is not None and math.isfinite(value)}


def turned(order: Sequence[str], at: Seconds, rotate: Seconds | None) -> Sequence[str]:
    """Move the order on by one for each time that has passed."""
    if rotate is None or not order:
        return order
    first = int(at / rotate + TINY) % len(order)
    return [*order[first:], *order[:first]]


def plan_of(made: Division, gone: Iterable[str], until: Seconds) -> Plan:
    """Make the plan; those who went away get their last zero."""
    return Plan(
        watts=MappingProxyType({**made.watts, **dict.fromkeys(gone, 0.0)}),
        reasons=MappingProxyType({**made.reasons, **dict.fromkeys(gone, GONE)}),
        unmet=made.unmet,
        valid_until=until,
    )
