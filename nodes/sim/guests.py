"""Those of a simulated house who have no door of their own: they dial, as real ones do."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from importlib import import_module
from typing import Any

from nodes.sim.live_plant import LivePlant
from nodes.sim.ports import HOST, Door
from nodes.sim.setup import BatterySetup, PlantSetup
from nodes.sim.unit import Unit
from nodes.sim.unsaid import unsaid

Visit = AbstractAsyncContextManager[Any]
SELDOM = 3600.0  # s: an ESP that tells nothing is one that tells that seldom
SHELLY, CT = 2220, 12345  # ports at which a storage of this firmware polls its meter


def guests(setup: PlantSetup, plant: LivePlant, where: list[Door]) -> Iterator[Visit]:
    """Let everybody dial who has to: the broker of the house, or a meter that the flow is."""
    url = next((f"mqtt://{door.address}" for door in where if door.speaks == "mqtt"), "")
    if setup.meter.speaks == "sma_mqtt" and url:
        yield import_module("nodes.sim.sma_mqtt_client").serve(plant, url)
    for number, (name, battery) in enumerate(setup.batteries.items(), 1):
        visit = WAYS.get(battery.speaks or "")
        if visit and (url or battery.speaks in POLLERS):
            yield visit(plant.unit(name), url, number, battery)


def _esp(unit: Unit, url: str, number: int, setup: BatterySetup) -> Visit:
    module = import_module("nodes.sim.b2500_esp_client")
    every, untold = setup.telemetry.every or SELDOM, unsaid(setup)
    visit: Visit = module.serve(unit, url, number, every=every, untold=untold)
    return visit


def _mqtt(unit: Unit, url: str, number: int, _setup: BatterySetup) -> Visit:
    module = import_module("nodes.sim.b2500_mqtt_client")
    visit: Visit = module.serve(unit, url, name=mac(number))
    return visit


def _shelly(unit: Unit, _url: str, number: int, setup: BatterySetup) -> Visit:
    module = import_module("nodes.sim.b2500_poller")
    meter, own = (HOST, setup.port or SHELLY), f"127.0.0.{number}"
    visit: Visit = module.serve(unit, module.shelly(), meter, host=own)
    return visit


def _ct(unit: Unit, _url: str, number: int, setup: BatterySetup) -> Visit:
    module = import_module("nodes.sim.b2500_poller")
    visit: Visit = module.serve(unit, module.ct(unit, mac(number)), (HOST, setup.port or CT))
    return visit


def mac(number: int) -> str:
    """Return the MAC of a storage of the house."""
    return f"acd929a74b{number:02x}"


POLLERS = {"b2500_shelly", "b2500_ct"}
WAYS: Mapping[str, Callable[[Unit, str, int, BatterySetup], Visit]] = {
    "b2500_esp": _esp,
    "b2500_mqtt": _mqtt,
    "b2500_shelly": _shelly,
    "b2500_ct": _ct,
}
