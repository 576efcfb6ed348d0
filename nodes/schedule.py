"""Tell by the calendar whether it is time."""

from typing import Annotated, Any

from reactivex import abc
from reactivex.disposable import CompositeDisposable

from flowctl import Check, Clock, Ge, Observable, Quantity, Seconds, UnitFrom
from nodes._helpers.days import Zone, read_zone
from nodes._helpers.timing import Deadline
from nodes._helpers.windows import is_time, read_days, read_windows

LOOK = 60.0  # s between two looks at the calendar


def schedule(
    *,
    between: Annotated[
        str | list[str],
        Check(read_windows),
        "times of day, e.g. `22:00-06:00`; several by commas or as a list",
    ],
    days: Annotated[
        str, Check(read_days), "days on which a window begins, e.g. `mon-fri, sun`"
    ] = "mon-sun",
    zone: Annotated[Zone, "time zone, e.g. Europe/Amsterdam; if not given, the machine's"] = "",
    inside: Annotated[Quantity | bool | str | None, "what is said when it is time"] = True,
    outside: Annotated[
        Quantity | bool | str | None, "what is said when not; null: nothing"
    ] = False,
    unit: Annotated[str | None, "unit of what is said, e.g. W; if not given, that of both"] = None,
    every: Annotated[
        Seconds | None,
        Ge(0.01),
        "say it again this often, or only what changes; the flow must keep up",
    ] = None,
    clock: Clock,
) -> Annotated[Observable[Any], UnitFrom("unit", ("inside", "outside"))]:
    """Say `inside` when a window begins and `outside` when it ends, and at the start what holds.

    Out: true or false, or the values given. Silent between changes unless `every` is given; a
    setpoint needs it, or the lease of the device runs out. A window includes its first minute and
    not its last; `22:00-06:00` goes on past midnight and belongs to the day on which it begins;
    `00:00-24:00` is the whole day. When clocks go forward, a time that is left out is the moment of
    the change; when they go back, a time that comes twice is its first. The calendar is looked at
    every full minute, so a corrected system clock is noticed within a minute.

    Raises:
        ValueError: a text is not a window, day or zone.
    """
    windows, begin_on, where = read_windows(between), read_days(days), read_zone(zone)

    def subscribe(
        out: abc.ObserverBase[Any], _: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        now: bool | None = None

        def look() -> None:
            nonlocal now
            wall = clock.wall()
            timer.set(clock.time() + LOOK - wall.second - wall.microsecond / 1e6)
            before, now = now, is_time(wall, windows, begin_on, where)
            if now != before:
                say()

        def say() -> None:
            value = inside if now else outside
            if every is not None:
                again.set(clock.time() + every)
            if value is not None:
                out.on_next(value)

        timer, again = Deadline(clock, look), Deadline(clock, say)
        timer.set(clock.time())
        return CompositeDisposable(timer, again)

    return Observable(subscribe)
