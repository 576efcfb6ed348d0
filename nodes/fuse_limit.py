"""Keep every phase under its fuse, whatever the plan says."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from functools import partial
from itertools import accumulate
from types import MappingProxyType
from typing import Annotated

from reactivex import abc
from reactivex.disposable import CompositeDisposable

from flowctl import Ability, Clock, Gt, Log, NamesBatteries, Observable, Outlook, Plan, Watts
from nodes._helpers.phase import Phase, Shown, Span
from nodes._helpers.shares import with_shares

By = Mapping[str, Watts]
Places = Mapping[str, str | Sequence[str]]
NOTHING: By = MappingProxyType({})
NO_BATTERIES: Mapping[str, Ability] = MappingProxyType({})


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

    What each phase carries beside its batteries is its reading and what they showed on the meter
    then. While a command is in flight it may show or not: what is known of the phase changes no
    more than it must, but over its limit, or with readings more than 4 s apart, the worse counts.
    Shares that push a phase over the limit, in or out, give way in proportion; shares that relieve
    it stay. What was cut says so and joins `unmet`; `rebalance` notices after some seconds that a
    battery accepts less, and gives the rest to others, on other phases perhaps.

    Between two readings, however far apart, nothing is learned of a phase. It is silent when it has
    missed three, and 10 s at least: then it counts as at its worst in its last minute, until it has
    spoken twice. The log tells when it falls silent, and when it speaks again. So no `stale` is
    needed before it, and a `value` of one would be heard as a reading. A phase that has not spoken
    yet, which the log tells after 10 s, carries what its batteries are given, and nothing else is
    known of it. NaN and infinities are not heard.

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

    def subscribe(
        out: abc.ObserverBase[Plan], scheduler: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        fuses = _Fuses(phases.keys(), on, limit, clock, log)

        def receive(value: Plan) -> None:
            out.on_next(fuses.hold(value))

        heard = [
            outlook.subscribe(fuses.look, out.on_error, scheduler=scheduler),
            *(
                phase.subscribe(partial(fuses.hear, name), out.on_error, scheduler=scheduler)
                for name, phase in phases.items()
            ),
            plan.subscribe(receive, out.on_error, out.on_completed, scheduler=scheduler),
        ]
        return CompositeDisposable(*heard)

    return Observable(subscribe)


class _Fuses:
    """Hold what is known of each phase between plans."""

    def __init__(self, names: Set[str], on: Places, limit: Watts, clock: Clock, log: Log) -> None:
        self._phases = {name: Phase(clock.time(), limit) for name in sorted(names)}
        self._on, self._limit, self._clock, self._log = on, limit, clock, log
        self._early, self._silent, self._given = dict[str, Watts](), set[str](), NOTHING
        self._batteries, self._old_at = NO_BATTERIES, -math.inf

    def look(self, outlook: Outlook) -> None:
        self._batteries, self._old_at = outlook.batteries, outlook.valid_until
        while self._early:
            self.hear(*self._early.popitem())

    def hear(self, name: str, watts: Watts) -> None:
        """Take a reading of a phase; one that comes before the house is seen waits for that."""
        if not math.isfinite(watts):
            return
        if self._old_at == -math.inf:
            self._early[name] = watts
        else:
            shown = self._shown(name, self._batteries)
            self._phases[name].hear(watts, shown, self._clock.time())

    def hold(self, plan: Plan) -> Plan:
        """Cut back what overloads a phase."""
        needs = {name: self._carried(name, plan) for name in self._phases}
        self._given = limited(plan.watts, needs, self._on, self._limit)
        reason = f"fuse_limit: {self._limit:g}W on its phase"
        return with_shares(plan, self._given, reason, missing=True)

    def _carried(self, name: str, plan: Plan) -> Span:
        """Say what a phase carries beside the shares of a plan."""
        phase, now = self._phases[name], self._clock.time()
        carried = phase.carries(now) if phase.known else Span(0.0, 0.0)
        self._tell(name, phase, carried)
        if not phase.known:
            return carried
        others = self._shown(name, self._batteries.keys() - plan.watts.keys())
        return Span(carried.low - others.high, carried.high - others.low)

    def _shown(self, name: str, batteries: Iterable[str]) -> Shown:
        """Say what the meter of a phase shows of some of its batteries."""
        now, low, likely, high = self._clock.time(), 0.0, 0.0, 0.0
        newer = self._given if now > self._old_at else NOTHING  # told since the outlook ran out
        for battery, part in _parts(name, self._on, batteries).items():
            ability = self._batteries[battery]
            watts = newer.get(battery, ability.shows(now))
            ends = [*_may_show(ability), *([watts] if battery in newer else [])]
            low, high = low + part * min(ends), high + part * max(ends)
            likely += part * min(max(watts, min(ends)), max(ends))
        return Shown(low, likely, high)

    def _tell(self, name: str, phase: Phase, carried: Span) -> None:
        """Tell once that a phase falls silent, and once that it speaks again."""
        if phase.silent(self._clock.time()) == (name in self._silent):
            return
        self._silent ^= {name}
        if name not in self._silent:
            self._log.info("phase %s speaks", name)
        elif not phase.known:
            said = "nothing is known of phase %s; its batteries alone are held under %gW"
            self._log.warning(said, name, self._limit)
        else:
            said = "phase %s is silent; beside its batteries it counts as before: %.0fW to %.0fW"
            self._log.warning(said, name, *carried)


def limited(watts: By, needs: Mapping[str, Span], on: Places, limit: Watts) -> By:
    """Cut back what overloads a phase, whichever end of what it needs is worse."""
    cut = dict(watts)
    for phase, span in needs.items():
        carried = {name: part * cut[name] for name, part in _parts(phase, on, cut).items()}
        for way, need in ((1.0, span.low), (-1.0, span.high)):
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


def _parts(phase: str, on: Places, names: Iterable[str]) -> dict[str, float]:
    """Say which part of its power each battery has on a phase."""
    here = {name: _phases(on[name]) for name in names if name in on}
    return {name: 1 / len(places) for name, places in here.items() if phase in places}


def _phases(given: str | Sequence[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)
