"""Who of the loads gets the surplus: the law of `load_priority`, as a pure step.

All powers are magnitudes here: what a load draws is positive.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from flowctl import Seconds, Watts
from nodes._helpers.gone import GONE

NOTHING: Mapping[str, Watts] = MappingProxyType({})
LEAST_LEARNED, MOST_LEARNED = 10.0, 10_000.0  # W that a load of unknown power may turn out to draw
PACE = 0.5  # part of what is newly seen that enters the learned power
LONG_AGO = 1e9  # s
NEARLY = 0.99  # of its power: forced to so much, a switched load is on


class Load(NamedTuple):
    """One load, and what it can draw."""

    most: Watts
    least: Watts = 0.0
    """Smallest power other than zero; one that is only on or off has `most`."""
    available: bool = True

    @property
    def switched(self) -> bool:
        """Whether it is only on or off."""
        return self.least >= self.most


class Policy(NamedTuple):
    """The user's wishes."""

    margin: Watts = 20.0
    balance: Watts = 20.0
    least_on: Seconds = 0.0
    least_off: Seconds = 0.0
    settle: Seconds = 8.0
    unknown: Mapping[str, Watts] = NOTHING
    """Loads of unknown power, with a first guess."""


class Moment(NamedTuple):
    """What is known at one evaluation."""

    at: Seconds
    surplus: Watts | None
    """What all loads together may draw; nothing while a meter is silent."""
    loads: Mapping[str, Load]
    """Most important first."""
    forced: Mapping[str, Watts] = NOTHING
    full: frozenset[str] = frozenset()


class Trial(NamedTuple):
    """A load of unknown power that was just switched: all wait to see what it makes."""

    name: str
    surplus: Watts
    until: Seconds


class Walk(NamedTuple):
    """What must be remembered from one evaluation to the next."""

    draws: Mapping[str, Watts] = NOTHING
    """What each was given last."""
    free: frozenset[str] = frozenset()
    """Who took part."""
    switched_at: Mapping[str, Seconds] = NOTHING
    waiting: bool = False
    """Whether a least time on or off stood in the way."""
    learned: Mapping[str, Watts] = NOTHING
    """What loads of unknown power turned out to draw."""
    trial: Trial | None = None


class Verdict(NamedTuple):
    """What each load is given, and why; and what is left for nobody."""

    draws: Mapping[str, Watts]
    reasons: Mapping[str, str]
    left: Watts = 0.0


def step(walk: Walk, now: Moment, policy: Policy) -> tuple[Walk, Verdict]:
    """Share the surplus once: rules 2 to 10 of the balancer."""
    walk = _learned(walk, now)
    loads = _known(walk, now, policy)
    draws, reasons = _fixed(walk, now, loads, policy)
    free = [name for name, load in loads.items() if name not in draws and load.available]
    waiting, trial, left = False, walk.trial, 0.0
    if now.surplus is None:
        shares, why, trial = dict.fromkeys(free, 0.0), dict.fromkeys(free, "meter silent"), None
    else:
        spare = now.surplus - policy.margin - sum(draws.values())
        had = {name: walk.draws.get(name, 0.0) for name in free}
        if trial or _balanced(walk, free, spare - sum(had.values()), policy):
            reason = f"waits for {trial.name}" if trial else "balanced"
            shares, why = had, dict.fromkeys(free, reason)
        else:
            shares, why, waiting = _shared(walk, now, free, loads, spare, policy)
            shares, trial = _tried(walk, now, free, shares, policy)
        left = max(0.0, spare - sum(shares.values()))
    draws, reasons = draws | shares, reasons | why
    ordered = {name: draws[name] for name in loads if name in draws}
    turned = [name for name in ordered if bool(ordered[name]) != bool(walk.draws.get(name))]
    since = {**walk.switched_at, **dict.fromkeys(turned, now.at)}
    new = Walk(ordered, frozenset(free), since, waiting, walk.learned, trial)
    return new, Verdict(ordered, reasons, left)


def _known(walk: Walk, now: Moment, policy: Policy) -> Mapping[str, Load]:
    """Put what was learned of loads of unknown power in the place of what they tell."""
    loads = dict(now.loads)
    for name, guess in policy.unknown.items():
        if name in loads:
            power = walk.learned.get(name, guess)
            loads[name] = Load(power, power, loads[name].available)
    return loads


def _fixed(
    walk: Walk, now: Moment, loads: Mapping[str, Load], policy: Policy
) -> tuple[dict[str, Watts], dict[str, str]]:
    """Give those their due that take no part: forced, full, or gone."""
    draws: dict[str, Watts] = {}
    reasons: dict[str, str] = {}
    for name, load in loads.items():
        if not load.available:
            if walk.draws.get(name):  # one last word, then silence becomes release
                draws[name], reasons[name] = 0.0, GONE
        elif name in now.forced:
            draws[name] = _forced(load, now.forced[name], unknown=name in policy.unknown)
            reasons[name] = f"forced to {now.forced[name]:.0f}W"
        elif name in now.full:
            draws[name], reasons[name] = 0.0, "full"
    return draws, reasons


def _forced(load: Load, watts: Watts, *, unknown: bool) -> Watts:
    """Rule 9: a variable load draws what is said up to its most, a switched one all or nothing."""
    if not load.switched:
        return min(watts, load.most)
    on = watts > 0 if unknown else watts >= NEARLY * load.most
    return load.most if on else 0.0


def _balanced(walk: Walk, free: Sequence[str], rest: Watts, policy: Policy) -> bool:
    """Rule 4: what is left is too little to do anything about."""
    return 0 <= rest < policy.balance and frozenset(free) == walk.free and not walk.waiting


def _shared(
    walk: Walk,
    now: Moment,
    free: Sequence[str],
    loads: Mapping[str, Load],
    spare: Watts,
    policy: Policy,
) -> tuple[dict[str, Watts], dict[str, str], bool]:
    """Give by priority; a switched load keeps its least times, and those above it make room."""
    held: dict[str, Watts] = {}
    reasons: dict[str, str] = {}
    while True:
        others = [name for name in free if name not in held]
        shares, why = _offered(others, loads, spare - sum(held.values()))
        more = {
            name: reason
            for name in others
            if (reason := _too_soon(walk, now, name, loads[name], shares[name], policy))
        }
        if not more:
            return {**shares, **held}, {**why, **reasons}, bool(held)
        held |= {name: 0.0 if shares[name] else loads[name].most for name in more}
        reasons |= more


def _too_soon(walk: Walk, now: Moment, name: str, load: Load, share: Watts, policy: Policy) -> str:
    """Say why a load may not be switched yet; empty if it may."""
    if not load.switched or bool(share) == bool(walk.draws.get(name)):
        return ""
    least = policy.least_off if share else policy.least_on
    if now.at - walk.switched_at.get(name, -LONG_AGO) >= least:
        return ""
    return f"{'off' if share else 'on'} for at least {least:.0f}s"


def _offered(
    names: Sequence[str], loads: Mapping[str, Load], left: Watts
) -> tuple[dict[str, Watts], dict[str, str]]:
    """Rules 5 to 8: from the highest priority down, each what it can take of what is left."""
    shares: dict[str, Watts] = {}
    reasons: dict[str, str] = {}
    for name in names:
        load = loads[name]
        share = min(left, load.most)
        if load.switched and share < load.most:
            share, reasons[name] = 0.0, f"needs {load.most:.0f}W, {max(left, 0.0):.0f}W are left"
        elif share < load.least or share <= 0:
            share, reasons[name] = 0.0, f"less than its {load.least:.0f}W is left"
        else:
            reasons[name] = "all it takes" if share == load.most else "what is left"
        shares[name] = share
        left -= share
    return shares, reasons


def _tried(
    walk: Walk, now: Moment, free: Sequence[str], shares: Mapping[str, Watts], policy: Policy
) -> tuple[dict[str, Watts], Trial | None]:
    """Switch one load of unknown power at most, and wait to see what that makes."""
    had = {name: walk.draws.get(name, 0.0) for name in free}
    news = [n for n in free if n in policy.unknown and bool(shares[n]) != bool(had[n])]
    if not news:
        return dict(shares), None
    ons = [name for name in news if shares[name]]
    one = ons[0] if ons else news[-1]
    made = dict(shares)
    for place, name in enumerate(free):
        below = place > free.index(one)
        if name in news and name != one:
            made[name] = had[name]
        elif ons and below:
            made[name] = min(shares[name], had[name])
        elif not ons and not below and name != one:
            made[name] = max(shares[name], had[name])
    return made, Trial(one, now.surplus or 0.0, now.at + policy.settle)


def _learned(walk: Walk, now: Moment) -> Walk:
    """See what a load of unknown power made of the surplus, once it has had its time."""
    trial = walk.trial
    if trial is None or now.surplus is None or now.at < trial.until:
        return walk
    believed = walk.draws.get(trial.name, 0.0)
    change = trial.surplus - now.surplus if believed else now.surplus - trial.surplus
    if not believed and trial.name not in walk.learned:
        return walk._replace(trial=None)
    base = believed or walk.learned[trial.name]
    seen = min(max(base + change, LEAST_LEARNED), MOST_LEARNED)
    if trial.name in walk.learned:
        seen = walk.learned[trial.name] + PACE * (seen - walk.learned[trial.name])
    return walk._replace(trial=None, learned={**walk.learned, trial.name: seen})
