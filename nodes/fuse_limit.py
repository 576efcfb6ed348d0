"""Keep every phase under its fuse, whatever the plan says."""

import math
from collections.abc import Iterator, Mapping, Sequence, Set
from itertools import accumulate
from types import MappingProxyType
from typing import Annotated, Any

from flowctl import Ability, Clock, Gt, Log, NamesBatteries, Observable, Outlook, Plan, Watts
from nodes._helpers.operators import Receiver, each_with
from nodes._helpers.shares import with_shares

PHASE, OUTLOOK = "phase ", "outlook"
By = Mapping[str, Watts]
Places = Mapping[str, str | Sequence[str]]
PATIENCE = 10.0  # s that a phase may take to speak before the log tells
NO_NEEDS: By = MappingProxyType({})


def fuse_limit(
    plan: Annotated[Observable[Plan], "watts by battery, + discharging"],
    outlook: Annotated[Observable[Outlook], "the house as `response_predictor` sees it"],
    phases: Annotated[Mapping[str, Observable[Watts]], "the meter by phase, + import"],
    *,
    limit: Annotated[Watts, Gt(0), "most that a phase may carry, in or out: 25 A are 5750 W"],
    on: Annotated[Places, NamesBatteries(), "the phase of each battery; several share its power"],
    clock: Clock,
    log: Log,
) -> Observable[Plan]:
    """Pass the plan, with shares that would overload a phase cut back; one per plan.

    What each phase carries beside its batteries is its reading and what they show on the meter now;
    while a command is in flight it may show or not, and what is known of the phase changes no more
    than it must. Shares that push a phase over the limit, in or out, give way in proportion; shares
    that relieve it stay. What was cut says so and joins `unmet`; `rebalance` notices after some
    seconds that a battery accepts less, and gives the rest to others, on other phases perhaps. A
    phase that has not spoken yet, which the log tells after 10 s, carries what its batteries are
    given, and nothing else is known of it. NaN and infinities are not heard.

    Example:
        - from: plan
        - fuse_limit: {limit: 5750W, on: {left: l1}, outlook: plan/response_predictor, phases: [l1]}

    Raises:
        ValueError: a battery is on a phase that is not given.
    """
    strange = [name for name in on if not set(_phases(on[name])) <= phases.keys()]
    if strange:
        said = f"{strange[0]} is on {on[strange[0]]}, which is not a phase here"
        raise ValueError(f"{said}; phases are {', '.join(phases) or 'none'}")
    others: dict[str, Any] = {f"{PHASE}{name}": stream for name, stream in phases.items()}

    def hear(say: Receiver[Plan], newest: Mapping[str, Any]) -> Receiver[Plan]:
        needs, silent = NO_NEEDS, _Silent(clock, log)

        def receive(value: Plan) -> None:
            nonlocal needs
            outlook: Outlook | None = newest[OUTLOOK]
            read = {name: newest[f"{PHASE}{name}"] for name in phases}
            told = {n: w for n, w in read.items() if w is not None and math.isfinite(w)}
            needs = NO_NEEDS if outlook is None else needed(needs, told, outlook, on)
            silent.note(phases.keys() - needs.keys(), limit)
            watts = limited(value.watts, {**dict.fromkeys(phases, 0.0), **needs}, on, limit)
            say(with_shares(value, watts, f"fuse_limit: {limit:g}W on its phase", missing=True))

        return receive

    return each_with(plan, {**others, OUTLOOK: outlook}, hear)


class _Silent:
    """Tells once of phases that are not heard."""

    def __init__(self, clock: Clock, log: Log) -> None:
        self._since, self._clock, self._log, self._told = clock.time(), clock, log, set[str]()

    def note(self, phases: Set[str], limit: Watts) -> None:
        if self._clock.time() - self._since < PATIENCE:
            return
        for phase in sorted(phases - self._told):
            self._log.warning(
                "nothing is known of phase %s; its batteries alone are held under %gW", phase, limit
            )
        self._told |= phases


def needed(before: By, read: By, outlook: Outlook, on: Places) -> By:
    """Say what each phase carries beside its batteries, moved as little as readings demand."""
    needs = dict[str, Watts]()
    for phase, carried in read.items():
        parts = _parts(phase, on, outlook.batteries)
        ends = {name: list(_may_show(outlook.batteries[name])) for name in parts}
        low = carried + math.fsum(part * min(ends[name]) for name, part in parts.items())
        high = carried + math.fsum(part * max(ends[name]) for name, part in parts.items())
        needs[phase] = min(max(before.get(phase, (low + high) / 2), low), high)
    return needs


def limited(watts: By, needs: By, on: Places, limit: Watts) -> By:
    """Cut back what overloads a phase."""
    cut = dict(watts)
    for phase, need in needs.items():
        carried = {name: part * cut[name] for name, part in _parts(phase, on, cut).items()}
        for way in (1.0, -1.0):
            pushing = {name: power for name, power in carried.items() if way * power > 0}
            pushed = way * math.fsum(pushing.values())
            relieved = way * math.fsum(p for name, p in carried.items() if name not in pushing)
            most = max(0.0, limit + way * need - relieved)
            if pushed > most:
                cut |= {name: cut[name] * most / pushed for name in pushing}
    return cut


def _may_show(ability: Ability) -> Iterator[Watts]:
    """Say what the meter may show of a battery, however early or late its answers are."""
    owed = accumulate((change for _, change in reversed(ability.flights)), initial=0.0)
    return (ability.setpoint - late for late in owed)


def _parts(phase: str, on: Places, names: Mapping[str, Any]) -> dict[str, float]:
    """Say which part of its power each battery has on a phase."""
    here = {name: _phases(on[name]) for name in names if name in on}
    return {name: 1 / len(places) for name, places in here.items() if phase in places}


def _phases(given: str | Sequence[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)
