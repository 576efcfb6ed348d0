"""Add a power up to the energy of each day."""

import math
from datetime import tzinfo
from typing import Annotated

from reactivex import abc
from reactivex.disposable import CompositeDisposable, Disposable

from flowctl import Clock, Ge, Gt, Lt, Observable, Seconds, Store, WattHours, Watts
from nodes._helpers.days import DayEnergy, Zone, day_of, looking, read_zone
from nodes._helpers.kept import kept
from nodes._helpers.timing import TINY

HOUR = 3600.0  # s
DAY = 24 * HOUR


def day_energy(
    power: Annotated[Observable[Watts], "the power whose energy is wanted"],
    *,
    day_begins: Annotated[
        Seconds, Ge(0), Lt(DAY), "when a day begins: so long after midnight, e.g. 6h"
    ] = 0.0,
    longest: Annotated[Seconds, Gt(0), "a longer gap between two readings does not count"] = 60.0,
    save_every: Annotated[
        Seconds, Ge(1), "the count is saved this often, and at the end; it wears the disk"
    ] = 900.0,
    zone: Annotated[Zone, "time zone, e.g. Europe/Paris; if not given, the machine's"] = "",
    clock: Clock,
    store: Store,
) -> Observable[DayEnergy]:
    """Say the energy of this day so far (and that of the last one): one per reading.

    A reading counts from when it comes until the next one; its sign is kept. Both counts are kept
    over restarts and said at the start; the time in between is not counted. When a day begins, what
    was counted becomes `yesterday`, and is not known after a day in which nothing ran. NaN and
    infinities are not heard.

    Raises:
        ValueError: there is no such time zone.
    """
    where = read_zone(zone)

    def subscribe(
        out: abc.ObserverBase[DayEnergy], _: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        count = _Count(clock, store, day_begins, where, longest, save_every)

        def receive(watts: Watts) -> None:
            if math.isfinite(watts):
                count.add(watts)
                out.on_next(count.said())

        first = True

        def look() -> None:
            nonlocal first
            if count.turn() or first:
                out.on_next(count.said())
            first = False

        timer = looking(clock, look)
        heard = power.subscribe(receive, out.on_error, out.on_completed, scheduler=clock)
        return CompositeDisposable(heard, timer, Disposable(count.save))

    return Observable(subscribe)


class _Count:
    """The energy of this day and the last."""

    def __init__(
        self,
        clock: Clock,
        store: Store,
        begins: Seconds,
        zone: tzinfo | None,
        longest: Seconds,
        save_every: Seconds,
    ) -> None:
        self._clock, self._store, self._begins, self._zone = clock, store, begins, zone
        self._longest, self._save_every = longest, save_every
        self._today: WattHours = kept(store, "today")
        self._yesterday: WattHours | None = (
            kept(store, "yesterday") if "yesterday" in store else None
        )
        self._day: str = str(store.get("day", ""))
        self._last: tuple[Seconds, Watts] | None = None
        self._saved_at = clock.time()

    def said(self) -> DayEnergy:
        """Tell how things stand."""
        return DayEnergy(today=self._today, yesterday=self._yesterday)

    def add(self, watts: Watts) -> None:
        """Count what flowed since the last reading."""
        self.turn()
        at = self._clock.time()
        if self._last and at - self._last[0] <= self._longest + TINY:
            self._today += self._last[1] * (at - self._last[0]) / HOUR
        self._last = at, watts
        if at - self._saved_at >= self._save_every:
            self.save()

    def turn(self) -> bool:
        """Begin a new day if it is time."""
        wall = self._clock.wall()
        day = day_of(wall, self._begins, self._zone)
        if day == self._day:
            return False
        if self._day:
            follows = day_of(wall, self._begins + DAY, self._zone) == self._day
            self._yesterday = self._today if follows else None
            self._today = 0.0
        self._day = day
        self.save()
        return True

    def save(self) -> None:
        """Put it all into the store."""
        self._saved_at = self._clock.time()
        self._store["day"], self._store["today"] = self._day, self._today
        if self._yesterday is None:
            self._store.pop("yesterday", None)
        else:
            self._store["yesterday"] = self._yesterday
