"""How cloudy the next day with sun will be, as weather and solar services forecast it."""

import math
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Annotated, Any

from reactivex import abc
from reactivex.disposable import CompositeDisposable

from flowctl import Clock, Ge, Gt, Log, Lt, Observable, Percent, Seconds, WattHours
from nodes._helpers.days import Zone, day_of, looking, read_zone
from nodes._helpers.nonsense import Nonsense
from nodes._helpers.sky import Sky, clouds

DAY = 86400.0  # s
HOURS = (9.0, 12.0, 15.0)


def cloud_forecast(
    told: Annotated[Observable[Any], "what a service answers, as JSON (http_get, format: json)"],
    *,
    hours: Annotated[Sequence[float], "hours of the day whose mean counts"] = HOURS,
    turns: Annotated[
        Seconds, Ge(0), Lt(DAY), "before this time it is of today, after it of tomorrow"
    ] = 28800.0,
    clear_day: Annotated[
        WattHours | None, Gt(0), "what the roof makes on a clear day, for forecasts of energy"
    ] = None,
    good_for: Annotated[
        Seconds, Gt(0), "without news for so long, nobody knows any more"
    ] = 21600.0,
    zone: Annotated[Zone, "time zone, e.g. Europe/Paris; if not given, the machine's"] = "",
    clock: Clock,
    log: Log,
) -> Observable[Sky]:
    """Say how cloudy it will be, in % of the sky: one per answer, and one when it grows old.

    Understands wttr.in, OpenWeatherMap and Open-Meteo (clouds), and Forecast.Solar and Solcast
    (energy: what is missing of a clear day counts as clouds). What is not known is said as such,
    with `clouds` empty: no answer is never good weather. Answers that make no sense are told once.

    Example:
        - from: weather
        - cloud_forecast

    Raises:
        ValueError: there is no such time zone.
    """
    where = read_zone(zone)

    def day() -> date:
        wall = clock.wall()
        today = date.fromisoformat(day_of(wall, 0.0, where))
        return today + timedelta(days=day_of(wall, turns, where) == today.isoformat())

    def read(answer: Any) -> Percent:
        return clouds(answer, day(), hours, where, clear_day)

    def subscribe(
        out: abc.ObserverBase[Sky], _: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        watch = _Watch(clock, day, read, good_for, out.on_next, log)
        timer = looking(clock, watch.look)
        heard = told.subscribe(watch.receive, out.on_error, out.on_completed, scheduler=clock)
        return CompositeDisposable(heard, timer)

    return Observable(subscribe)


class _Watch:
    """What was forecast last, and when."""

    def __init__(
        self,
        clock: Clock,
        day: Callable[[], date],
        read: Callable[[Any], Percent],
        good_for: Seconds,
        say: Callable[[Sky], None],
        log: Log,
    ) -> None:
        self._clock, self._day, self._read, self._good_for = clock, day, read, good_for
        self._out = say
        self._nonsense = Nonsense(log, "the forecast", clock.time)
        self._said: Sky | None = None
        self._heard_at = -math.inf

    def receive(self, answer: Any) -> None:
        """Take an answer of the service."""
        try:
            covered = self._read(answer)
        except (ValueError, TypeError, KeyError, AttributeError) as why:
            self._nonsense.heard(why)
            return
        self._nonsense.over()
        self._heard_at = self._clock.time()
        self._say(covered)

    def look(self) -> None:
        """Say that nobody knows any more, once."""
        known = self._said is None or self._said.clouds is not None
        if known and self._clock.time() - self._heard_at > self._good_for:
            self._say(None)

    def _say(self, covered: Percent | None) -> None:
        self._said = Sky(day=self._day().isoformat(), clouds=covered)
        self._out(self._said)
