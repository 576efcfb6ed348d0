"""Believe in a grid power between two readings: what batteries do in the meantime counts."""

import math
from collections.abc import Mapping
from functools import partial
from typing import Annotated, NamedTuple

from reactivex import abc
from reactivex.disposable import CompositeDisposable

from flowctl import Battery, Clock, Ge, Gt, Le, Observable, Triggers, Watts
from nodes._helpers.fleet import Fleet


class Belief(NamedTuple):
    """The believed grid power, and how far a reading is trusted to move it."""

    grid: Watts
    trust: float
    output: Watts = 0.0
    """What batteries delivered when it was believed."""
    surprise: int = 0
    """The sign of the last large innovation."""


class Trust(NamedTuple):
    """The settings of the law."""

    start: float
    low: float
    high: float
    rise: float
    surprise: Watts


def grid_observer(
    grid: Annotated[Observable[Watts], "the grid meter, + import"],
    batteries: Annotated[
        Mapping[str, Observable[Battery]], Triggers(), "batteries whose output moves the meter"
    ],
    *,
    trust: Annotated[float, Gt(0), Le(1), "part of an innovation believed at first"] = 0.5,
    low: Annotated[float, Gt(0), Le(1), "the least it falls to"] = 0.15,
    high: Annotated[float, Gt(0), Le(1), "the most it rises to"] = 0.9,
    rise: Annotated[float, Ge(0), "added after two large innovations of one sign in a row"] = 0.2,
    surprise: Annotated[Watts, Gt(0), "an innovation from this on is large"] = 40.0,
    clock: Clock,
) -> Observable[Watts]:
    """Say the grid power believed now, one per reading and one per change of battery power.

    A change of the batteries' summed output is taken off at once; a reading moves the belief by
    `trust` times its innovation. Trust grows while large innovations keep their sign (the load
    moved) and halves when they turn (noise, or a meter that is late). It begins with the first
    reading. An observer with one gain for all; `response_predictor` knows each battery's delay.

    Source: the law of AstraMeter (2026), in our words.
    """
    settings = Trust(trust, low, high, rise, surprise)

    def subscribe(
        out: abc.ObserverBase[float], _: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        fleet, belief = Fleet(batteries), None

        def read(watts: float) -> None:
            nonlocal belief
            if math.isfinite(watts):
                belief = reading(belief, watts, fleet.total(), settings)
                out.on_next(belief.grid)

        def told(name: str, record: Battery) -> None:
            nonlocal belief
            fleet.hear(name, record, clock.time())
            if belief is not None and fleet.total() != belief.output:
                belief = moved(belief, fleet.total())
                out.on_next(belief.grid)

        watched = [
            stream.subscribe(partial(told, name), out.on_error, scheduler=clock)
            for name, stream in batteries.items()
        ]
        heard = grid.subscribe(read, out.on_error, out.on_completed, scheduler=clock)
        return CompositeDisposable(heard, *watched)

    return Observable(subscribe)


def moved(belief: Belief, output: Watts) -> Belief:
    """Take a change of the batteries' output off the grid."""
    return belief._replace(grid=belief.grid - (output - belief.output), output=output)


def reading(belief: Belief | None, watts: Watts, output: Watts, trust: Trust) -> Belief:
    """Move the belief towards a reading."""
    if belief is None:
        return Belief(watts, trust.start, output)
    now = moved(belief, output)
    innovation = watts - now.grid
    sign = ((innovation > 0) - (innovation < 0)) * (abs(innovation) >= trust.surprise)
    gain = now.trust
    if sign and sign == now.surprise:
        gain = min(trust.high, gain + trust.rise)
    elif sign and sign == -now.surprise:
        gain = max(trust.low, gain / 2)
    return now._replace(grid=now.grid + gain * innovation, trust=gain, surprise=sign)
