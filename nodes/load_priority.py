"""Give a solar surplus to loads, the most important first; lesser ones give way."""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Annotated, Any

from reactivex import abc
from reactivex.disposable import CompositeDisposable

from flowctl import (
    Ability,
    Clock,
    Ge,
    Gt,
    Log,
    NamesBatteries,
    Observable,
    Outlook,
    Plan,
    Seconds,
    Store,
    Triggers,
    Watts,
)
from nodes._helpers.load_walk import NOTHING, Load, Moment, Policy, Verdict, Walk, step
from nodes._helpers.operators import NONE
from nodes._helpers.timing import TINY, Deadline

LATE = 0.5  # periods that an evaluation waits for news before it goes without


def load_priority(
    outlook: Annotated[Observable[Outlook], "the house and its loads, from `response_predictor`"],
    production: Annotated[
        Observable[Watts] | None, "what the roof makes, where the outlook's meter leaves it out"
    ] = None,
    meters: Annotated[
        Sequence[Observable[Watts]], "meters that must all be heard; if not given, the outlook"
    ] = (),
    forced: Annotated[
        Observable[Mapping[str, Watts]] | None, Triggers(), "loads that are forced: see forced_mode"
    ] = None,
    full: Annotated[
        Mapping[str, Observable[bool]],
        Triggers(),
        NamesBatteries(),
        "by load, whether it takes nothing any more",
    ] = NONE,
    *,
    margin: Annotated[Watts, "surplus that is left to the grid, against errors of meters"] = 20.0,
    balance_threshold: Annotated[Watts, Ge(0), "a smaller change of the surplus is let be"] = 20.0,
    period: Annotated[
        Seconds, Ge(0.01), "time between two evaluations; the flow must keep up"
    ] = 3.0,
    timeout: Annotated[Seconds, Gt(0), "silence of a meter after which all loads are off"] = 20.0,
    least_on: Annotated[Seconds, Ge(0), "a load that is switched stays on at least so long"] = 0.0,
    least_off: Annotated[Seconds, Ge(0), "and off at least so long"] = 0.0,
    unknown: Annotated[
        Mapping[str, Annotated[Watts, Gt(0)]] | None,
        NamesBatteries(),
        "loads of unknown power, each with a first guess, e.g. {pump: 300W}",
    ] = None,
    settle: Annotated[
        Seconds, Gt(0), "time in which a load of unknown power shows what it draws"
    ] = 8.0,
    clock: Clock,
    store: Store,
    log: Log,
) -> Observable[Plan]:
    """Make one plan per `period`: watts by load, negative as they draw, with a reason for each.

    In: outlooks; the order of the loads in `response_predictor` is their priority, highest first.
    The surplus is what the roof makes and the house, without these loads, does not draw. Of a grid
    meter it is what would be exported; better is a meter of the consumption, with `production`
    beside it: then no cloud is taken for a load, and it counts as soon as it is seen.

    A variable load gets what is left up to its most, and is off below its least; a switched one
    (its least is its most) gets all or nothing. So a load takes power back from those below it when
    it can use it, and never from those above. One that is forced gets what it is forced to,
    whatever the surplus; one that is full gets nothing. One of `unknown` power is taken for what it
    was seen to draw, kept over restarts; after it was switched all others wait for `settle`.

    It speaks at its own beat, also while all meters are silent: then loads that are not forced are
    off after `timeout`. What changes `forced` or `full` counts at once. Silent before the first
    outlook. Surplus that nobody takes is the plan's `unmet`, negative.

    Source: the rules of regulation.py, Coturex Wifi_Mqtt_SolarBalancer; reclaim as its parent
    (pierrehebert photovoltaic_optimizer) meant it.
    """
    policy = Policy(margin, balance_threshold, least_on, least_off, settle, unknown or NOTHING)

    def subscribe(
        out: abc.ObserverBase[Plan], _: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        law = _Law(policy, period, timeout, clock, out.on_next, store, log)
        heard = [
            stream.subscribe(partial(law.metered, number), out.on_error, scheduler=clock)
            for number, stream in enumerate(meters)
        ]
        law.awaited(len(heard))
        if production is not None:
            law.made = None
            heard.append(production.subscribe(law.produced, out.on_error, scheduler=clock))
        heard += [
            stream.subscribe(partial(law.filled, name), out.on_error, scheduler=clock)
            for name, stream in full.items()
        ]
        if forced is not None:
            heard.append(forced.subscribe(law.forced, out.on_error, scheduler=clock))
        heard.append(outlook.subscribe(law.look, out.on_error, out.on_completed, scheduler=clock))
        return CompositeDisposable(*heard, law.beat)

    return Observable(subscribe)


class _Law:
    """What has been heard, and when the next evaluation is due."""

    def __init__(
        self,
        policy: Policy,
        period: Seconds,
        timeout: Seconds,
        clock: Clock,
        say: Callable[[Plan], None],
        store: Store,
        log: Log,
    ) -> None:
        self._policy, self._period, self._timeout = policy, period, timeout
        self._clock, self._say, self._store, self._log = clock, say, store, log
        self._outlook: Outlook | None = None
        self.made: Watts | None = 0.0
        """What the roof makes, if its meter is apart."""
        self._forced: Mapping[str, Watts] = NOTHING
        self._full: dict[str, bool] = {}
        self._heard: dict[int, Seconds] = {}
        self._due = -math.inf
        self._walk = Walk(learned=_kept(store))
        self._told: Mapping[str, str] = {}
        self.beat = Deadline(clock, self._evaluate)

    def awaited(self, meters: int) -> None:
        """Expect so many meters; without any, the outlook is the meter."""
        for number in range(meters or 1):
            self._heard[number] = -math.inf
        self._by_outlook = not meters

    def metered(self, number: int, watts: Watts) -> None:
        if math.isfinite(watts):
            self._heard[number] = self._clock.time()

    def produced(self, watts: Watts) -> None:
        if math.isfinite(watts):
            self.made = watts

    def forced(self, loads: Mapping[str, Watts]) -> None:
        self._forced = loads
        self._evaluate()

    def filled(self, name: str, is_full: bool) -> None:
        if is_full != self._full.get(name, False):
            self._full[name] = is_full
            self._evaluate()

    def look(self, outlook: Outlook) -> None:
        self._outlook = outlook
        if self._by_outlook:
            self._heard[0] = self._clock.time()
        if self._clock.time() >= self._due - TINY:
            self._evaluate()

    def _evaluate(self) -> None:
        now, outlook = self._clock.time(), self._outlook
        if outlook is None:
            return
        self._due = now + self._period
        self.beat.set(self._due + LATE * self._period)
        moment = Moment(
            now,
            self._surplus(outlook, now),
            {name: _load(ability) for name, ability in outlook.batteries.items()},
            self._forced,
            frozenset(name for name, is_full in self._full.items() if is_full),
        )
        before, (self._walk, verdict) = self._walk, step(self._walk, moment, self._policy)
        if self._walk.learned != before.learned:
            self._store["learned"] = dict(self._walk.learned)
        self._tell(before, moment, verdict)
        self._say(_plan(verdict))

    def _surplus(self, outlook: Outlook, now: Seconds) -> Watts | None:
        """What all loads together may draw; nothing while a meter is silent."""
        if self.made is None or now - min(self._heard.values()) > self._timeout + TINY:
            return None
        return self.made - outlook.target

    def _tell(self, before: Walk, now: Moment, verdict: Verdict) -> None:
        """Log each evaluation for those who look, and what is switched for all."""
        surplus = "-" if now.surplus is None else f"{now.surplus:.0f}W"
        shown = ", ".join(
            f"{name} {watts:.0f}W ({verdict.reasons[name]})"
            for name, watts in verdict.draws.items()
        )
        self._log.debug("surplus %s: %s", surplus, shown)
        for name, watts in verdict.draws.items():
            reason = verdict.reasons[name]
            if bool(watts) != bool(before.draws.get(name)):
                word = f"on, {watts:.0f}W" if watts else "off"
                self._log.info("%s %s: %s; surplus %s", name, word, reason, surplus)


def _load(ability: Ability) -> Load:
    return Load(ability.can_charge, ability.min_power, ability.available)


def _plan(verdict: Verdict) -> Plan:
    return Plan(
        watts=MappingProxyType({name: -watts or 0.0 for name, watts in verdict.draws.items()}),
        reasons=MappingProxyType(dict(verdict.reasons)),
        unmet=-verdict.left or 0.0,
    )


def _kept(store: Store) -> Mapping[str, Watts]:
    kept: Any = store.get("learned")
    if not isinstance(kept, Mapping):
        return {}
    return {name: float(watts) for name, watts in kept.items() if isinstance(watts, int | float)}
