"""Keep the water warm: once a day, complete what the sun did not give."""

from collections.abc import Callable, Mapping
from datetime import tzinfo
from functools import partial
from types import MappingProxyType
from typing import Annotated, Any, NamedTuple

from reactivex import abc
from reactivex.disposable import CompositeDisposable

from flowctl import (
    Battery,
    Clock,
    Ge,
    Gt,
    Log,
    Lt,
    Observable,
    Percent,
    Seconds,
    Store,
    WattHours,
    Watts,
)
from nodes._helpers.days import DayEnergy, Zone, day_of, gone, looking, read_zone
from nodes._helpers.fallback import NORTH, Day, Decision, Needs, Season, decide, season_of
from nodes._helpers.kept import kept
from nodes._helpers.sky import Sky

DAY, HOUR = 86400.0, 3600.0  # s
BySeason = Mapping[Season, Annotated[WattHours, Gt(0)]]


def energy_fallback(
    energy: Annotated[Observable[DayEnergy], "what the heater got, from day_energy"],
    heater: Annotated[Observable[Battery], "the heater itself: how much it can draw"],
    sky: Annotated[Observable[Sky] | None, "how cloudy it will be, from cloud_forecast"] = None,
    full: Annotated[Observable[bool] | None, "whether it takes nothing any more"] = None,
    mode: Annotated[Observable[float] | None, "its mode: below 20 it is not ours to heat"] = None,
    *,
    name: Annotated[str, "the load to be forced"],
    check_at: Annotated[Seconds, Ge(0), Lt(DAY), "when it decides, e.g. 1h after midnight"] = HOUR,
    low_today: Annotated[WattHours, Gt(0), "a day with less may have to be completed"] = 7000.0,
    low_two_days: Annotated[WattHours, Gt(0), "and two with less than this"] = 11000.0,
    good_forecast: Annotated[Percent, Ge(0), "fewer clouds than this are good weather"] = 20.0,
    top_up: Annotated[
        WattHours, Ge(0), "after two good days and before a bad one: up to this"
    ] = 3000.0,
    full_energy: Annotated[WattHours, Gt(0), "what a full heater holds"] = 14000.0,
    morning: Annotated[WattHours, Ge(0), "what the first showers need"] = 4000.0,
    seasonal: Annotated[bool, "let seasons and the covered part of the sky count, too"] = False,
    low_today_by_season: Annotated[BySeason | None, "instead of `low_today`"] = None,
    low_two_days_by_season: Annotated[BySeason | None, "instead of `low_two_days`"] = None,
    seasons: Annotated[Mapping[Season, int], "days of the year on which they begin"] = NORTH,
    measured_factor: Annotated[float, Gt(0), "what was measured counts so many times"] = 1.0,
    duration_factor: Annotated[float, Gt(0), "and is forced so many times as long"] = 1.0,
    late: Annotated[Seconds, Ge(0), "a check that was missed is made up within this"] = 7200.0,
    zone: Annotated[Zone, "time zone, e.g. Europe/Paris; if not given, the machine's"] = "",
    clock: Clock,
    store: Store,
    log: Log,
) -> Observable[Mapping[str, Any]]:
    """Say once a day what was decided: what counts as `yesterday` (Wh), and `why`.

    If energy is missing, it is also a command for `forced_mode`: `command: force` with name, power
    (the most the heater draws) and duration in seconds. Said at the start, too, without a command.

    What the heater got today and yesterday decides, and the weather: good weather will complete a
    small gap itself. A forecast that is not known counts as a sky full of clouds. Nothing here
    waits for a forecast: the newest one counts. What was decided is kept over restarts, and no day
    is decided twice. Silent until `energy` and the heater were heard.

    Raises:
        ValueError: there is no such time zone.

    Source: low_energy_fallback of Coturex Wifi_Mqtt_SolarBalancer: first revision; `seasonal` as
    its newest one.
    """
    order = _Order(
        name=name,
        needs=Needs(low_today, low_two_days, good_forecast, top_up, full_energy, morning, seasonal),
        low_today=low_today_by_season or {},
        low_two_days=low_two_days_by_season or {},
        seasons=seasons,
        check_at=check_at,
        late=late,
        measured_factor=measured_factor,
        duration_factor=duration_factor,
        zone=read_zone(zone),
    )

    def subscribe(
        out: abc.ObserverBase[Mapping[str, Any]], _: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        keeper = _Keeper(order, clock, store, out.on_next, log)
        further = {"heater": heater, "sky": sky, "full": full, "mode": mode}
        watched = [
            stream.subscribe(partial(keeper.hear, key), out.on_error, scheduler=clock)
            for key, stream in further.items()
            if stream is not None
        ]
        hear = partial(keeper.hear, "energy")
        heard = energy.subscribe(hear, out.on_error, out.on_completed, scheduler=clock)
        return CompositeDisposable(heard, *watched, looking(clock, keeper.look))

    return Observable(subscribe)


class _Order(NamedTuple):
    """What the user wants of it."""

    name: str
    needs: Needs
    low_today: BySeason
    low_two_days: BySeason
    seasons: Mapping[Season, int]
    check_at: Seconds
    late: Seconds
    measured_factor: float
    duration_factor: float
    zone: tzinfo | None

    def needs_in(self, season: Season) -> Needs:
        """Return what is needed in a season."""
        return self.needs._replace(
            low_today=self.low_today.get(season, self.needs.low_today),
            low_two_days=self.low_two_days.get(season, self.needs.low_two_days),
        )


class _Keeper:
    """What was heard, and what was decided last."""

    def __init__(
        self,
        order: _Order,
        clock: Clock,
        store: Store,
        say: Callable[[Mapping[str, Any]], None],
        log: Log,
    ) -> None:
        self._order, self._clock, self._store = order, clock, store
        self._say, self._log = say, log
        self._newest: dict[str, Any] = {}
        self._most: Watts | None = None
        self._told = False

    def hear(self, key: str, value: Any) -> None:
        """Take note of what a stream says."""
        self._newest[key] = value
        if key == "heater" and value.max_charge:
            self._most = value.max_charge

    def look(self) -> None:
        """Decide if it is time; at the start tell what was decided last."""
        if not self._told and "yesterday" in self._store:
            self._say(MappingProxyType({"yesterday": kept(self._store, "yesterday")}))
        self._told = True
        if self._most is None or "energy" not in self._newest:
            return
        wall, order = self._clock.wall(), self._order
        today = day_of(wall, order.check_at, order.zone)
        if today == self._store.get("checked"):
            return
        self._store["checked"] = today
        if gone(wall, order.check_at, order.zone) <= order.late:
            self._decide(season_of(wall.astimezone(order.zone).timetuple().tm_yday, order.seasons))

    def _decide(self, season: Season) -> None:
        heard, order = self._newest, self._order
        sky = heard.get("sky")
        day = Day(
            today=heard["energy"].today * order.measured_factor,
            yesterday=kept(self._store, "yesterday"),
            clouds=sky.clouds if isinstance(sky, Sky) else sky,
            full=bool(heard.get("full")),
            mode=heard.get("mode"),
            season=season,
        )
        decision = decide(day, order.needs_in(season))
        self._store["yesterday"] = decision.counted
        self._log.info(
            "%.0fWh today, %.0fWh to be added: %s", day.today, decision.missing, decision.why
        )
        self._say(MappingProxyType(self._command(decision)))

    def _command(self, decision: Decision) -> dict[str, Any]:
        told = {"yesterday": decision.counted, "why": decision.why}
        if decision.missing <= 0 or not self._most:
            return told
        duration = HOUR * decision.missing / self._most * self._order.duration_factor
        force = {"command": "force", "name": self._order.name}
        return {**told, **force, "power": self._most, "duration": round(duration, 1)}
