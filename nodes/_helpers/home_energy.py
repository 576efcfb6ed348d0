"""The functions of Home Energy Controller, for programs and consoles.

Powers are flowctl's: + into the house, so batteries + discharging, the grid + import. Source of
the names: Jasper-Hilven/HomeEnergyController 28a1798.
"""

import math
from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from flowctl import Ability, Log, Outlook, Percent, Seconds, Watts
from nodes._helpers import marstek_api as api
from nodes._helpers.car import car_draw
from nodes._helpers.fields import number, pick, read_json
from nodes._helpers.http import http
from nodes._helpers.leading import Lead, Member, Rules, lead
from nodes._helpers.lending import Help
from nodes._helpers.marstek_session import Session, marstek
from nodes._helpers.nonsense import excerpt
from nodes._helpers.scheme import Scheme, step

RULES = Rules()
PEAK = range(7, 22)  # hours of weekdays, 07:00 to 21:59
AT_ONCE = 1e9  # W/s
log = Log("home-energy")


@dataclass(frozen=True, slots=True)
class Status:
    """What one battery says of itself, or why it does not."""

    ip: str
    charge: Percent = 0.0
    mode: str = "Auto"
    effective_power: Watts = 0.0
    """What it gives to the grid side, or, cut off from it, to its own socket."""
    error: str = ""

    @property
    def is_auto(self) -> bool:
        """Whether it follows its own meter."""
        return self.mode in api.OWN_MODES


class Car(NamedTuple):
    """How the car stands."""

    connected: bool = False
    draws: Watts = 0.0
    """What it draws now, positive."""


class Order(NamedTuple):
    """What one battery is to do."""

    ip: str
    auto: bool
    power: Watts
    why: str


class Decision(NamedTuple):
    """What all are to do."""

    batteries: tuple[Order, ...]
    car: Watts
    """What the car may draw, positive."""


async def get_battery_status(ip: str, *, patience: Seconds = 1.5, tries: int = 3) -> Status:
    """Ask one battery how it is; an address may be `ip:port`. An error is told, not raised."""
    try:
        async with _session(ip, patience, tries) as session:
            return _status(ip, await session.mode())
    except (OSError, ValueError) as error:
        return Status(ip, error=str(error))


async def get_all_battery_statuses(ips: Iterable[str], **how: Any) -> dict[str, Status]:
    """Ask several, one after the other; each with its own error."""
    return {ip: await get_battery_status(ip, **how) for ip in ips}


async def set_battery_status(
    ip: str,
    auto: bool,
    power: Watts = 0.0,
    *,
    hold: Seconds | None = 60.0,
    patience: Seconds = 1.5,
    tries: int = 3,
) -> bool:
    """Set one to Auto, or to a power; tell whether it took the command.

    A power holds for `hold` seconds, then it is in Auto again. With `hold=None` it is written as a
    schedule for all week, which stays until somebody takes it away.

    Raises:
        OSError: it does not answer.
    """
    watts = max(-RULES.unit, min(RULES.unit, power))
    held = api.manual(watts, slot=1) if hold is None else api.passive(watts, math.ceil(hold))
    async with _session(ip, patience, tries) as session:
        return await session.set_mode(api.auto() if auto else held)


async def get_current_power(ip: str, port: int = 80, *, patience: Seconds = 5.0) -> Watts:
    """Read the grid power of a HomeWizard P1 meter, + import.

    Raises:
        OSError: it does not answer, or refuses.
        KeyError: there is no `active_power_w` in what it says; that is shown.
    """
    async with http(f"{ip}:{port}") as link:
        said = await link.get("/api/v1/data", patience=patience)
    try:
        return number(pick(read_json(said), "active_power_w"))
    except ValueError as why:
        raise KeyError(f"{why}; it said {excerpt(said)}") from None


def control_energy_flow(
    batteries: Sequence[Status], car: Car, grid: Watts, now: datetime, rules: Rules = RULES
) -> Decision:
    """Decide once, from how things are. Pure; a flow also looks at how they were."""
    there = [one for one in batteries if not one.error]
    load = grid + sum(one.effective_power for one in there) - car.draws
    cheap = now.weekday() > 4 or now.hour not in PEAK
    charges = [one.charge for one in there]
    draw = car_draw(load, charges, cheap=cheap) if car.connected else 0.0
    orders = _orders(there, grid + draw - car.draws, load + draw, rules)
    return Decision(orders, draw)


def _orders(there: Sequence[Status], meter: Watts, load: Watts, rules: Rules) -> tuple[Order, ...]:
    present = next((one.ip for one in there if one.is_auto), "")
    known = frozenset(one.ip for one in there)
    members = {one.ip: _member(one, rules, own=one.is_auto) for one in there}
    led = lead(Lead(name=present, known=known), members, load, 0.0, rules)
    members = {one.ip: _member(one, rules, own=one.ip == led.name) for one in there}
    outlook = Outlook(
        at=0.0,
        meter=meter,
        load=load,
        target=load,
        batteries={one.ip: _ability(one, rules) for one in there if one.ip != led.name},
        read_at=0.0,
    )
    led = led._replace(before="", why=led.why or "stays")
    begun = Scheme(lead=led, help=Help(at=-1.0))
    _, plan = step(begun, outlook, members, rules._replace(pace=AT_ONCE))
    return tuple(
        Order(one.ip, one.ip == led.name, plan.watts.get(one.ip, 0.0), plan.reasons.get(one.ip, ""))
        for one in there
    )


def _member(one: Status, rules: Rules, *, own: bool) -> Member:
    return Member(own, one.charge, one.effective_power, 0.0, rules.unit, rules.unit)


def _ability(one: Status, rules: Rules) -> Ability:
    return Ability(
        setpoint=one.effective_power,
        can_charge=rules.unit if one.charge < 100 else 0.0,
        can_discharge=rules.unit,
        soc=one.charge,
        dead_time=1.0,
        lag=1.0,
    )


def _status(ip: str, result: Any) -> Status:
    said = api.Reader(result)
    if said.odd:
        return Status(ip, error=said.odd[0])
    off, on = said.power("offgrid_power"), said.power("ongrid_power")
    charge = said.take("bat_soc", 0.0, 100.0)
    if charge is None:
        return Status(ip, error=f"it does not tell its charge: {excerpt(str(result))}")
    return Status(ip, charge, said.mode() or "Auto", off or on or 0.0)


def _session(ip: str, patience: Seconds, tries: int) -> AbstractAsyncContextManager[Session]:
    return marstek(ip, local_port=0, patience=patience, broadcast="", log=log, tries=tries)
