"""How cloudy the next day with sun will be, as weather and solar services forecast it."""

import math
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated, Any

from reactivex import abc
from reactivex.disposable import CompositeDisposable

from flowctl import Clock, Ge, Gt, Log, Lt, Observable, Percent, Seconds, WattHours
from nodes._helpers.days import day_of, looking, read_zone
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
    zone: Annotated[str, "time zone, e.g. Europe/Paris; if not given, the machine's"] = "",
    clock: Clock,
    log: Log,
) -> Observable[Sky]:
    """Say how cloudy it will be, in % of the sky: one per answer, and one when it grows old.

    Understands wttr.in, OpenWeatherMap and Open-Meteo (clouds), and Forecast.Solar and Solcast
    (energy: what is missing of a clear day counts as clouds). What is not known is said as such,
    with `clouds` empty: no answer is never good weather. Answers that make no sense are told once.

    Raises:
        ValueError: there is no such time zone.
    """
    where = read_zone(zone)

    def next_day() -> date:
        wall = clock.wall()
        today = date.fromisoformat(day_of(wall, 0.0, where))
        return today + timedelta(days=day_of(wall, turns, where) == today.isoformat())

    def subscribe(
        out: abc.ObserverBase[Sky], _: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        nonsense = Nonsense(log, "the forecast")
        said: Sky | None = None
        heard_at = -math.inf

        def say(covered: Percent | None) -> None:
            nonlocal said
            said = Sky(day=next_day().isoformat(), clouds=covered)
            out.on_next(said)

        def receive(answer: Any) -> None:
            nonlocal heard_at
            try:
                covered = clouds(answer, next_day(), hours, where, clear_day)
            except (ValueError, TypeError, KeyError, AttributeError) as why:
                nonsense.heard(why)
                return
            nonsense.over()
            heard_at = clock.time()
            say(covered)

        def look() -> None:
            known = said is None or said.clouds is not None
            if known and clock.time() - heard_at > good_for:
                say(None)

        timer = looking(clock, look)
        heard = told.subscribe(receive, out.on_error, out.on_completed, scheduler=clock)
        return CompositeDisposable(heard, timer)

    return Observable(subscribe)
