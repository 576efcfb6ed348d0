"""Tell how the solar balancer stands, in the fields that its charts know."""

import math
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import Annotated, Any

from reactivex import abc
from reactivex.disposable import CompositeDisposable

from flowctl import Clock, Gt, Observable, Plan, Seconds, Watts
from nodes._helpers.days import DayEnergy, Zone, read_zone
from nodes._helpers.operators import NONE
from nodes._helpers.sky import Sky
from nodes._helpers.timing import TINY

METERS = ("consumption", "production")
SINGLE = (*METERS, "forced", "produced", "sky", "fallback")


def solar_status(
    plan: Annotated[Observable[Plan], "what `load_priority` decided: one status for each"],
    consumption: Annotated[Observable[Watts], "what the house draws, loads included; positive"],
    production: Annotated[Observable[Watts], "what the roof makes; positive"],
    loads: Annotated[Mapping[str, Observable[Watts]], "what each load draws, from `load_power`"],
    energy: Annotated[Mapping[str, Observable[DayEnergy]], "energy of the day of each"] = NONE,
    full: Annotated[Mapping[str, Observable[bool]], "whether a load is full"] = NONE,
    forced: Annotated[Observable[Mapping[str, Watts]] | None, "which loads are forced"] = None,
    produced: Annotated[Observable[DayEnergy] | None, "energy of the roof of the day"] = None,
    sky: Annotated[Observable[Sky] | None, "how cloudy it will be"] = None,
    fallback: Annotated[
        Observable[Mapping[str, Any]] | None, "what `energy_fallback` decided"
    ] = None,
    *,
    timeout: Annotated[Seconds, Gt(0), "silence of a meter after which both powers are 0"] = 20.0,
    zone: Annotated[Zone, "time zone, e.g. Europe/Paris; if not given, the machine's"] = "",
    clock: Clock,
) -> Observable[Mapping[str, Any]]:
    """Say one record per plan: powers in whole W, energies in whole Wh.

    Its fields: date (Unix seconds), date_str, power_consumption, power_production,
    production_energy, injection (zero or negative), grid (zero or positive), CLOUD_forecast (%, or
    nothing if not known), ECS_energy_yesterday, power_equipments, power_house, and equipments, a
    list of name, current_power, energy, overed (full) and forced. Loads draw, and are positive
    here.

    Raises:
        ValueError: there is no such time zone.

    Source: the status message of Coturex Wifi_Mqtt_SolarBalancer.
    """
    where = read_zone(zone)
    single = (consumption, production, forced, produced, sky, fallback)
    named = zip(SINGLE, single, strict=True)
    inputs = {(key, ""): stream for key, stream in named if stream is not None}
    for key, many in (("load", loads), ("energy", energy), ("full", full)):
        inputs |= {(key, name): stream for name, stream in many.items()}

    def subscribe(
        out: abc.ObserverBase[Mapping[str, Any]], _: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        board = _Board(clock, timeout)
        watched = [
            stream.subscribe(partial(board.hear, key), out.on_error, scheduler=clock)
            for key, stream in inputs.items()
        ]

        def speak(_: Plan) -> None:
            wall = clock.wall().astimezone(where)
            told = status(board.newest, wall, tuple(loads), fresh=board.fresh)
            out.on_next(MappingProxyType(told))

        said = plan.subscribe(speak, out.on_error, out.on_completed, scheduler=clock)
        return CompositeDisposable(said, *watched)

    return Observable(subscribe)


class _Board:
    """The newest of all that is told, and when the meters were heard."""

    def __init__(self, clock: Clock, timeout: Seconds) -> None:
        self._clock, self._timeout = clock, timeout
        self.newest: dict[tuple[str, str], Any] = {}
        self._heard_at = dict.fromkeys(METERS, -math.inf)

    def hear(self, key: tuple[str, str], value: Any) -> None:
        """Take note of a value."""
        self.newest[key] = value
        if key[0] in self._heard_at:
            self._heard_at[key[0]] = self._clock.time()

    @property
    def fresh(self) -> bool:
        """Whether both meters were heard of late."""
        return self._clock.time() - min(self._heard_at.values()) <= self._timeout + TINY


def status(
    newest: Mapping[tuple[str, str], Any], wall: datetime, loads: tuple[str, ...], *, fresh: bool
) -> dict[str, Any]:
    """Put it all together; while a meter is silent both powers are 0."""
    used, made = (round(newest.get((meter, ""), 0.0)) if fresh else 0 for meter in METERS)
    equipments = [_equipment(newest, name) for name in loads]
    drawn = sum(load["current_power"] for load in equipments)
    sky, fallback = newest.get(("sky", "")), newest.get(("fallback", ""), {})
    return {
        "date": int(wall.timestamp()),
        "date_str": wall.strftime("%Y-%m-%d %H:%M:%S"),
        "power_consumption": used,
        "power_production": made,
        "production_energy": _today(newest.get(("produced", ""))),
        "injection": min(0, used - made),
        "grid": max(0, used - made),
        "CLOUD_forecast": None if sky is None or sky.clouds is None else round(sky.clouds),
        "ECS_energy_yesterday": round(fallback.get("yesterday", 0.0)),
        "power_equipments": drawn,
        "power_house": used - drawn,
        "equipments": equipments,
    }


def _equipment(newest: Mapping[tuple[str, str], Any], name: str) -> dict[str, Any]:
    return {
        "name": name,
        "current_power": round(newest.get(("load", name), 0.0)),
        "energy": _today(newest.get(("energy", name))),
        "overed": bool(newest.get(("full", name), False)),
        "forced": name in newest.get(("forced", ""), ()),
    }


def _today(energy: DayEnergy | None) -> int:
    return 0 if energy is None else round(energy.today)
