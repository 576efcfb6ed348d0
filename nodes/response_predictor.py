"""Predict what each battery will deliver, and see the house's load through what is in flight."""

import math
from collections.abc import Mapping
from functools import partial
from typing import Annotated

from reactivex import abc
from reactivex.disposable import CompositeDisposable, Disposable

from flowctl import Battery, Clock, Ge, Gt, Log, Observable, Outlook, Seconds, Store, Watts
from nodes._helpers.law.seeing.house import House, look, read, told
from nodes._helpers.law.seeing.memory import Memory
from nodes._helpers.operators import Straight
from nodes._helpers.timing import TINY, Deadline

EVERY = 0.5  # s between outlooks while no reading comes: without them a slow meter costs 3 %
NEAR = 0.25  # s from a reading that is due: an outlook there says nothing, and closes a throttle


def response_predictor(
    meter: Annotated[Observable[Watts], "the grid meter, + import"],
    batteries: Annotated[Mapping[str, Observable[Battery]], "what each battery tells"],
    *,
    dead_time: Annotated[
        Seconds, Gt(0), "from a command to its first sign on the meter, until learned"
    ] = 3.5,
    lag: Annotated[Seconds, Gt(0), "time constant of the answer after that, until learned"] = 1.5,
    rating: Annotated[Watts, Ge(0), "power of a battery that does not tell its limits"] = 2500.0,
    clock: Clock,
    store: Store,
    log: Log,
) -> Observable[Outlook]:
    """Say what the house draws and what each battery does, owes and can do.

    In: grid power in W, + import, and what every battery tells, + discharging. Out: one outlook per
    reading, and one every 0.5 s between readings as commands land; never from within what a battery
    tells. Silent before the first reading, and when the newest one is older than three periods of
    the meter and 5 s. NaN and infinities are not heard; nor is a reading that repeats itself to the
    watt while the batteries, by their own telemetry, have moved by 250 W in sum and the meter has
    had its time to show it. That is judged from 25 W to 5 kW, not around a zero that another
    controller may hold, nor beside a battery that follows a meter of its own. A meter, and a
    battery, that is asked more often than it has something new to tell is heard once each time: how
    seldom it does is learned from how long its values stand.

    What a battery accepted but the meter does not show yet is in flight, and counts as delivered;
    so no command is given twice. How long its answers take is learned from the meter, corrected by
    what it says of itself; what part of a setpoint it gives, its smallest power and what it can
    deliver now are learned from its telemetry, and tried again after a while. All of it is kept
    over restarts, ceilings for ten minutes. A battery that falls silent, or says that it is offline
    or follows a meter of its own, is not available: it is left its part of the load if its power is
    seen to follow the meter, and nothing if not. The target never makes up for what one that tells
    its power, or does the opposite of what it was told, charges or discharges; of one that fell
    silent nobody knows what it does, and the house is served as the meter has it. One without
    telemetry works as long as it tells what it accepts; that it does nothing is learned from the
    meter. One that tells the same power again and again, though it was told something else and the
    meter shows that it obeys, is heard as one without telemetry until its power changes.

    Source: the law and its figures are told in docs/control.md (load observer with commands in
    flight, bank of 72 timings, three forecasts); the constants, each with its reason, stand in
    nodes/_helpers/law/.
    """

    def subscribe(
        out: abc.ObserverBase[Outlook], _: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        memory = Memory(store, log, clock)
        beliefs = {name: memory.belief(name, dead_time, lag, rating) for name in batteries}
        predictor = _Predictor(House(beliefs), memory, clock, out)
        watched = [
            battery.subscribe(partial(predictor.hear, name), out.on_error, scheduler=clock)
            for name, battery in batteries.items()
        ]
        heard = meter.subscribe(predictor.read, out.on_error, out.on_completed, scheduler=clock)
        return CompositeDisposable(heard, *watched, predictor.beat, Disposable(predictor.end))

    return Straight(subscribe)


class _Predictor:
    """Hold the house between events, which `told`, `read` and `look` answer."""

    def __init__(
        self, house: House, memory: Memory, clock: Clock, out: abc.ObserverBase[Outlook]
    ) -> None:
        self._house, self._memory, self._clock, self._out = house, memory, clock, out
        self.beat = Deadline(clock, self._speak_between)

    def hear(self, name: str, record: Battery) -> None:
        self._house = told(self._house, name, record, self._clock.time())

    def read(self, watts: Watts) -> None:
        if not math.isfinite(watts):
            return
        now, was = self._clock.time(), self._house.grid.standing
        house = self._house = read(self._house, watts, now)
        stands = house.grid.standing
        if stands is not was and stands.frozen != was.frozen:
            self._memory.tell_of_meter(stands, watts)
        if house.grid.read_at == now:
            self._memory.keep(house.beliefs, now)
            self._speak(now)

    def end(self) -> None:
        self._memory.save(self._house.beliefs, self._clock.time())

    def _speak_between(self) -> None:
        self._speak(self._clock.time())

    def _speak(self, at: Seconds) -> None:  # of a reading, just its time: the law tells them apart
        self._house, outlook = look(self._house, at)
        self._memory.tell(outlook)
        self.beat.set(next_beat(outlook))
        self._out.on_next(outlook)


def next_beat(outlook: Outlook) -> Seconds:
    """Say when to speak again if no reading comes: not while one is due, never on a stale one."""
    due = outlook.at + EVERY
    if abs(due - outlook.read_at - outlook.period) < NEAR:
        due += EVERY
    return due if due < outlook.valid_until - TINY else math.inf
