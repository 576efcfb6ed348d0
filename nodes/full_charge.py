"""Charge each battery full now and then, so that it knows its own state of charge."""

from collections.abc import Mapping
from typing import Annotated, NamedTuple

from flowctl import (
    Battery,
    Clock,
    Ge,
    Gt,
    Le,
    Log,
    NotAfter,
    Observable,
    Percent,
    Plan,
    Seconds,
    Store,
    Watts,
)
from nodes._helpers.expressions import sayable
from nodes._helpers.fleet import Fleet, law
from nodes._helpers.shares import with_shares

NOW = "now"
DAY = 86400.0  # s
LOAD = "what charges the one that is due is load to the law there, and other batteries may give it"
BEHIND = "put it behind 'response_predictor' and 'rebalance'"
NOTE_EVERY = 3600.0  # s between two notes that a battery is full: what is kept wears a card
PATIENCE = 10800.0  # s for a percent more: 5 kWh take it with 17 W, and large ones are not empty


class Charging(NamedTuple):
    """Who is being charged full, and since when he is full."""

    name: str = ""
    full_at: Seconds | None = None


class Climb(NamedTuple):
    """How far the one that is charged has come, and since when no further."""

    name: str = ""
    soc: Percent = 0.0
    at: Seconds = 0.0


class State(NamedTuple):
    """What must be remembered from one plan to the next."""

    charging: Charging = Charging()
    climb: Climb = Climb()


class Rule(NamedTuple):
    """The settings of the law."""

    every: Seconds
    full: Percent
    soak: Seconds


def full_charge(
    plan: Annotated[
        Observable[Plan],
        NotAfter("split", LOAD, BEHIND),
        NotAfter("fair_share", LOAD, BEHIND),
        "watts by battery, + discharging",
    ],
    batteries: Annotated[Mapping[str, Observable[Battery]], "the batteries of the plan"],
    now: Annotated[
        Observable[bool] | None, "true: it may be done now, e.g. a `schedule` of cheap hours"
    ] = None,
    *,
    power: Annotated[Watts, Gt(0), "it charges with at least so much, from the grid if need be"],
    every: Annotated[Seconds, Gt(0), "so long after it was last full a battery is due"] = 30 * DAY,
    full: Annotated[Percent, Gt(0), Le(100), "charge at which it counts as full"] = 100.0,
    soak: Annotated[Seconds, Ge(0), "when full it stays on for so long: cells even out"] = 1800.0,
    clock: Clock,
    store: Store,
    log: Log,
) -> Observable[Plan]:
    """Pass the plan, with one battery that is due charged at `power` or more; one per plan.

    One at a time, the longest overdue first. When each was last full is kept over restarts; of a
    new one it is taken to have been at its first word, so nothing begins at once. One that came no
    percent further in three hours takes no more: it goes back to what the plan wants, the log
    tells, and it is tried again in a day. A battery that does not tell its charge is never due.

    It belongs behind `rebalance`, which notices in some seconds that the one does not follow, and
    has others serve what the plan had given to it. What it takes comes from the sun first, which
    others that charge leave to it, and else from the grid: no battery charges it. Behind `split` or
    `fair_share` none of this holds: `pid`, say, sees what it takes as load, and has others give it.
    Put it after what limits the charge (`ceiling`, `soc_window`) or forbids opposite powers
    (`cross_charge_guard`), and before what limits power (`clamp`, `fuse_limit`).
    """
    rule = Rule(every, full, soak)

    def step(state: State, value: Plan, fleet: Fleet) -> tuple[State, Plan]:
        before, at = state.charging, clock.wall().timestamp()
        charges = {name: told.soc for name, told in fleet.told.items() if told.soc is not None}
        known = _ages(store, at)
        for name, soc in charges.items():
            if soc >= full or name not in known:
                _note(store, name, at, every)
        here = {name: soc for name, soc in charges.items() if name in value.watts}
        may = now is None or fleet.newest[NOW] is True
        after = chosen(before, here if may else {}, _ages(store, at), clock.time(), rule)
        climb = climbed(state.climb, after, here, clock.time())
        if climb.name and clock.time() - climb.at >= PATIENCE:
            log.warning("%s takes no more than %g%%; tried again in a day", climb.name, climb.soc)
            store[climb.name] = at - max(0.0, every - DAY)
            return State(), value
        if after.name != before.name:
            log.info("%s", f"{after.name} is due and is charged full" if after.name else "done")
        if not after.name:
            return State(), value
        watts = {**value.watts, after.name: min(value.watts[after.name], -power)}
        return State(after, climb), with_shares(value, watts, "full_charge: it is due")

    streams = {} if now is None else {NOW: now}
    return law(plan, batteries, State(), step, clock, **streams)


def chosen(
    before: Charging,
    charges: Mapping[str, Percent],
    ages: Mapping[str, Seconds],
    at: Seconds,
    rule: Rule,
) -> Charging:
    """Go on with the one that is charging until it was full for long enough, then take the next."""
    if before.name in charges:
        is_full = charges[before.name] >= rule.full
        full_at = (at if before.full_at is None else before.full_at) if is_full else None
        if full_at is None or at - full_at < rule.soak:
            return Charging(before.name, full_at)
    due = {name: age for name, age in ages.items() if name in charges and age >= rule.every}
    return Charging(max(due, key=lambda name: due[name])) if due else Charging()


def climbed(
    before: Climb, charging: Charging, charges: Mapping[str, Percent], at: Seconds
) -> Climb:
    """Note how far the one that is charged has come; one that is full needs to go no further."""
    if not charging.name or charging.full_at is not None:
        return Climb()
    soc = charges[charging.name]
    if before.name == charging.name and soc < before.soc + 1:
        return before
    return Climb(charging.name, soc, at)


def _ages(store: Store, at: float) -> dict[str, Seconds]:
    """Say for each battery how long ago it was full."""
    kept = {name: sayable(store[name]) for name in store}
    return {name: at - then for name, then in kept.items() if isinstance(then, float)}


def _note(store: Store, name: str, at: float, every: Seconds) -> None:
    then = sayable(store.get(name))
    if not isinstance(then, float) or not 0 <= at - then < min(NOTE_EVERY, every / 2):
        store[name] = at
