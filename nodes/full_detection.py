"""Notice that a load takes nothing any more: the water is hot, the thermostat opened."""

import math
from collections.abc import Callable
from typing import Annotated, NamedTuple

from reactivex import abc
from reactivex.disposable import CompositeDisposable

from flowctl import Battery, Clock, Ge, Gt, Log, Lt, Observable, Seconds, Store, Watts
from nodes._helpers.days import Zone, day_of, looking, read_zone
from nodes._helpers.timing import TINY

DAY = 86400.0  # s
DOUBT = 120.0  # s after which a load that goes away was full before


class Nothing(NamedTuple):
    """Readings in a row of next to nothing."""

    readings: int = 0
    at: Seconds = -math.inf
    since: Seconds = -math.inf


class Rule(NamedTuple):
    """When a load counts as full."""

    below: Watts = 5.0
    min_power: Watts = 101.0
    times: int = 5
    within: Seconds = 10.0
    lasting: Seconds = 10.0


def full_detection(
    measured: Annotated[Observable[Watts], "what the load draws by its own meter, positive"],
    load: Annotated[Observable[Battery], "the load itself: what it was told to draw"],
    *,
    below: Annotated[Watts, Gt(0), "less than this is nothing"] = 5.0,
    min_power: Annotated[Watts, Gt(0), "a load that is told less than this is off"] = 101.0,
    times: Annotated[int, Ge(1), "it is full after more readings of nothing than this"] = 5,
    within: Annotated[Seconds, Gt(0), "longest time from one such reading to the next"] = 10.0,
    lasting: Annotated[
        Seconds, Ge(0), "and they must last so long, for a meter that is quick may be late, too"
    ] = 10.0,
    day_begins: Annotated[
        Seconds, Ge(0), Lt(DAY), "it counts as full until then, e.g. 6h after midnight"
    ] = 21600.0,
    zone: Annotated[Zone, "time zone, e.g. Europe/Paris; if not given, the machine's"] = "",
    clock: Clock,
    store: Store,
    log: Log,
) -> Observable[bool]:
    """Say whether the load is full: one per reading, at the start, and when a day begins.

    It is when it was told to draw and drew nothing in more than `times` readings in a row. It stays
    so until the day ends, over restarts too; a new day begins with false. A load that turns out to
    be away was not full, but dead. NaN and infinities are not heard.

    Raises:
        ValueError: there is no such time zone.
    """
    where, rule = read_zone(zone), Rule(below, min_power, times, within, lasting)

    def subscribe(
        out: abc.ObserverBase[bool], _: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        def today() -> str:
            return day_of(clock.wall(), day_begins, where)

        gauge = _Gauge(rule, clock, today, out.on_next, store, log)
        timer = looking(clock, gauge.look)
        heard = load.subscribe(gauge.hear, out.on_error, scheduler=clock)
        read = measured.subscribe(gauge.measure, out.on_error, out.on_completed, scheduler=clock)
        return CompositeDisposable(read, heard, timer)

    return Observable(subscribe)


def step(seen: Nothing, at: Seconds, watts: Watts, told: Watts, rule: Rule) -> Nothing:
    """Count readings of nothing of a load that was told to draw."""
    if told < rule.min_power:
        return seen
    if watts >= rule.below:
        return Nothing()
    if at - seen.at > rule.within:
        return Nothing(1, at, at)
    return Nothing(seen.readings + 1, at, seen.since)


def is_enough(seen: Nothing, rule: Rule) -> bool:
    """Tell whether that is enough to count as full."""
    return seen.readings > rule.times and seen.at - seen.since >= rule.lasting - TINY


class _Gauge:
    """What the load was told, what it draws, and whether it is full today."""

    def __init__(
        self,
        rule: Rule,
        clock: Clock,
        today: Callable[[], str],
        say: Callable[[bool], None],
        store: Store,
        log: Log,
    ) -> None:
        self._rule, self._clock, self._today, self._say = rule, clock, today, say
        self._store, self._log = store, log
        self._seen, self._told = Nothing(), 0.0
        self._said: bool | None = None
        self._full_at = -math.inf

    def hear(self, record: Battery) -> None:
        """Take note of what the load was told, and of its absence."""
        if record.setpoint is not None:
            self._told = -record.setpoint
        if record.online is False:  # it drew nothing because it is dead
            self._seen, self._told = Nothing(), 0.0
            if self._is_full() and self._clock.time() - self._full_at < DOUBT:
                del self._store["full"]
                self._log.info("not full after all: it is away")
                self._speak()

    def measure(self, watts: Watts) -> None:
        """Take a reading in, and say how things stand."""
        if not math.isfinite(watts):
            return
        self._seen = step(self._seen, self._clock.time(), watts, self._told, self._rule)
        if is_enough(self._seen, self._rule) and not self._is_full():
            self._store["full"], self._full_at = self._today(), self._clock.time()
            self._log.info("full: it draws %.0fW of %.0fW", watts, self._told)
        self._speak()

    def look(self) -> None:
        """Say what a new day changed."""
        if self._is_full() != self._said:
            self._seen = Nothing()
            self._speak()

    def _is_full(self) -> bool:
        return bool(self._store.get("full") == self._today())

    def _speak(self) -> None:
        self._said = self._is_full()
        self._say(self._said)
