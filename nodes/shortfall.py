"""Say what a wanted total of several batteries lacks: the meter of a house that has none."""

import math
from collections.abc import Mapping
from functools import partial
from typing import Annotated

from reactivex import abc
from reactivex.disposable import CompositeDisposable

from flowctl import Battery, Clock, Ge, Gt, Observable, Seconds, Watts
from nodes._helpers.fleet import Fleet
from nodes._helpers.timing import Deadline


def shortfall(
    wanted: Annotated[Observable[Watts], "total wanted of all batteries, + discharging"],
    batteries: Annotated[Mapping[str, Observable[Battery]], "what each battery tells"],
    *,
    every: Annotated[
        Seconds, Ge(0.01), "time between two outputs while the total stays; the flow must keep up"
    ] = 1.0,
    stale: Annotated[
        Seconds, Gt(0), "a battery that told nothing for so long gives nothing"
    ] = 10.0,
    clock: Clock,
) -> Observable[Watts]:
    """Say the wanted total less what the batteries give: at once for a total, and then `every`.

    It is the reading that a meter would show in a house that draws just the wanted total: positive
    while the batteries give too little, negative while they give too much. So `response_predictor`
    learns from it how each battery answers, with no meter in the house. A battery that is offline
    or silent counts as giving nothing. Silent until a first total is known; a total holds until the
    next one. NaN and infinities are not heard.
    """

    def subscribe(
        out: abc.ObserverBase[Watts], _: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        fleet, total = Fleet(batteries), math.nan

        def hear(name: str, record: Battery) -> None:
            if all(math.isfinite(watts or 0.0) for watts in (record.power, record.setpoint)):
                fleet.hear(name, record, clock.time())

        def receive(watts: Watts) -> None:
            nonlocal total
            if math.isfinite(watts):
                total = watts
                say()

        def say() -> None:
            now = clock.time()
            beat.set(now + every)
            out.on_next(total - given(fleet, now, stale))

        beat = Deadline(clock, say)
        watched = [
            battery.subscribe(partial(hear, name), out.on_error, scheduler=clock)
            for name, battery in batteries.items()
        ]
        heard = wanted.subscribe(receive, out.on_error, out.on_completed, scheduler=clock)
        return CompositeDisposable(heard, *watched, beat)

    return Observable(subscribe)


def given(fleet: Fleet, at: Seconds, stale: Seconds) -> Watts:
    """Sum what the batteries give that are there; what they accepted where they do not measure."""
    there = [name for name in fleet.told if fleet.present(name, at, stale)]
    return math.fsum(fleet.power(name) for name in there)
