"""The batteries beside a law: what each has told so far, merged."""

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal, TypeVar

from reactivex import abc
from reactivex.disposable import CompositeDisposable

from flowctl import Battery, Clock, Observable, Percent, Seconds, Watts
from nodes._helpers.operators import Receiver

A = TypeVar("A")
B = TypeVar("B")
S = TypeVar("S")
Base = Literal["measured", "commanded"]
UNKNOWN = Battery()


class Fleet:
    """What is known of each battery, and when it last told anything."""

    def __init__(self, names: Mapping[str, Any]) -> None:
        self.told: dict[str, Battery] = dict.fromkeys(names, UNKNOWN)
        self.heard_at: dict[str, Seconds] = {}
        self.measured_at: dict[str, Seconds] = {}
        self.newest: dict[str, Any] = {}
        """Newest value of the further streams of the law, by name."""

    def hear(self, name: str, record: Battery, at: Seconds) -> None:
        """Take in what a battery tells."""
        self.told[name] = record.after(self.told[name])
        self.heard_at[name] = at
        if record.power is not None:
            self.measured_at[name] = at

    def power(self, name: str, base: Base = "measured") -> Watts:
        """What one delivers or is told to deliver, + discharging; nothing while it is away."""
        return power_of(self.told[name], base)

    def total(self, base: Base = "measured") -> Watts:
        """The sum over all."""
        return math.fsum(power_of(told, base) for told in self.told.values())

    def present(self, name: str, at: Seconds, away: Seconds | None = None) -> bool:
        """Tell whether a battery can be commanded: not offline, not silent for too long."""
        heard = self.heard_at.get(name)
        lost = away is not None and heard is not None and at - heard > away
        return not lost and self.told[name].online is not False

    def measured(self, name: str, at: Seconds, away: Seconds | None) -> bool:
        """Tell whether a battery can be commanded and is still measured."""
        last = self.measured_at.get(name, at)
        return self.present(name, at) and (away is None or at - last <= away)


def power_of(battery: Battery, base: Base) -> Watts:
    """What a battery delivers, or is told to; where it does not tell the one, the other."""
    if battery.online is False:
        return 0.0
    measured, commanded = battery.power, battery.setpoint
    first, second = (measured, commanded) if base == "measured" else (commanded, measured)
    return first if first is not None else second or 0.0


def able(
    battery: Battery, sign: float, rating: Watts, empty: Percent, full: Percent
) -> tuple[Watts, str]:
    """Return what a battery can do in one direction, a magnitude, and what binds it."""
    soc = battery.soc
    if soc is not None and sign > 0 and soc <= empty:
        return 0.0, f"empty: {soc:g}%"
    if soc is not None and sign < 0 and soc >= full:
        return 0.0, f"full: {soc:g}%"
    told = battery.max_discharge if sign > 0 else battery.max_charge
    most = rating if told is None else max(0.0, min(rating, told))
    return most, f"its limit: {most:g}W"


def beside(
    source: Observable[A],
    batteries: Mapping[str, Observable[Battery]],
    hear: Callable[[Receiver[B], Fleet], Receiver[A]],
    clock: Clock,
    **others: Observable[Any] | None,
) -> Observable[B]:
    """Do something with each value, the batteries and the newest of further streams at hand."""

    def subscribe(
        out: abc.ObserverBase[B], _: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        fleet = Fleet(batteries)

        def told(name: str, record: Battery) -> None:
            fleet.hear(name, record, clock.time())

        watched = [
            stream.subscribe(partial(told, name), out.on_error, scheduler=clock)
            for name, stream in batteries.items()
        ]
        for name, other in others.items():
            fleet.newest[name] = None
            if other is not None:
                keep = partial(fleet.newest.__setitem__, name)
                watched.append(other.subscribe(keep, out.on_error, scheduler=clock))
        receive = hear(out.on_next, fleet)
        heard = source.subscribe(receive, out.on_error, out.on_completed, scheduler=clock)
        return CompositeDisposable(heard, *watched)

    return Observable(subscribe)


def law(
    source: Observable[Any],
    batteries: Mapping[str, Observable[Battery]],
    start: S,
    step: Callable[[S, Any, Fleet], tuple[S, B]],
    clock: Clock,
    **others: Observable[Any] | None,
) -> Observable[B]:
    """Say what a law with memory makes of each value; NaN and infinities are not heard."""

    def hear(say: Receiver[B], fleet: Fleet) -> Receiver[Any]:
        state = start

        def receive(value: Any) -> None:
            nonlocal state
            if not isinstance(value, float) or math.isfinite(value):
                state, made = step(state, value, fleet)
                say(made)

        return receive

    return beside(source, batteries, hear, clock, **others)
