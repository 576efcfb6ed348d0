"""A real Home Assistant sees our entities, sets what can be set, and has batteries of its own.

It takes a minute once it is installed, and some more for that: `pytest -m slow`.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flowctl import RELEASE, Latest, Secret, Store, Terms
from nodes.ha_battery import ha_battery
from nodes.ha_state import ha_state
from tests.nodes.streams import LOG, hearing, until
from tests.systems.hass import Hass, home_assistant
from tests.systems.running import flowctl_runs

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

MANAGER = Path(__file__).parents[2] / "flows" / "battery-manager.yaml"
FLOW = """
flow: entities
streams:
  target:
    - ha_number: {broker: "${MQTT}", name: Target power, id: manager_target_power, device: Manager,
        low: -7.5kW, high: 7.5kW, step: 50W, start: 0W, sign: -1, device_class: power, mode: box}
  enabled:
    - ha_switch: {broker: "${MQTT}", name: Enabled, id: manager_enabled, device: Manager}
  mode:
    - ha_select: {broker: "${MQTT}", name: Mode, id: manager_mode, device: Manager,
        options: [Normal, Hold, Charge]}
  presses:
    - ha_button: {broker: "${MQTT}", name: Count, id: manager_count, device: Manager}
    - ha_sensor: {broker: "${MQTT}", name: Presses, id: manager_presses, device: Manager,
        state_class: total_increasing}
  power:
    - from: target
    - ha_sensor: {broker: "${MQTT}", name: Power, id: manager_power, device: Manager, unit: W,
        device_class: power, state_class: measurement, decimals: 0}
  energy:
    - from: target
    - map: abs(value) * 1h / 1s
    - ha_sensor: {broker: "${MQTT}", name: Energy, id: manager_energy, device: Manager, unit: kWh,
        device_class: energy, state_class: total, topic: house/energy}
  is_on:
    - from: enabled
    - ha_binary_sensor: {broker: "${MQTT}", name: Is on, id: manager_is_on, device: Manager,
        device_class: running}
  said:
    - from: mode
    - ha_sensor: {broker: "${MQTT}", name: Said, id: manager_said, device: Manager,
        device_class: enum, options: [Normal, Hold, Charge], category: diagnostic}
"""


@pytest.fixture(scope="module")
def hass(mosquitto: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hass]:
    port = int(mosquitto.rpartition(":")[2])
    with home_assistant(tmp_path_factory.mktemp("home-assistant"), port) as running:
        yield running


async def test_S3_entities_appear_are_set_and_go(hass: Hass, mosquitto: str, tmp_path: Path):
    flow = tmp_path / "entities.yaml"
    flow.write_text(FLOW)
    async with flowctl_runs(flow, tmp_path, MQTT=mosquitto):
        told = await hass.shows("sensor.manager_power", "0")
        assert told["attributes"] == {
            "unit_of_measurement": "W",
            "device_class": "power",
            "state_class": "measurement",
            "friendly_name": "Manager Power",
        }
        energy = (await hass.shows("sensor.manager_energy", "0"))["attributes"]
        assert (energy["unit_of_measurement"], energy["state_class"]) == ("kWh", "total")
        number = (await hass.shows("number.manager_target_power", "0"))["attributes"]
        assert {key: number[key] for key in ("min", "max", "step", "mode")} == {
            "min": -7500, "max": 7500, "step": 50, "mode": "box",
        }  # fmt: skip
        assert (await hass.shows("sensor.manager_said", "Normal"))["attributes"]["options"] == [
            "Normal", "Hold", "Charge",
        ]  # fmt: skip
        assert (await hass.shows("binary_sensor.manager_is_on", "off"))["attributes"][
            "device_class"
        ] == "running"

        target = "number.manager_target_power"
        await hass.sets("number.set_value", target, "1500", value=1500)
        await hass.shows("sensor.manager_power", "-1500")
        await hass.shows("sensor.manager_energy", "5400")
        await hass.sets("switch.turn_on", "switch.manager_enabled", "on")
        await hass.shows("binary_sensor.manager_is_on", "on")
        await hass.sets("select.select_option", "select.manager_mode", "Hold", option="Hold")
        await hass.shows("sensor.manager_said", "Hold")
        for count in ("1", "2"):
            await hass.call("button.press", "button.manager_count")
            await hass.shows("sensor.manager_presses", count)
    for entity in ("sensor.manager_power", "number.manager_target_power", "button.manager_count"):
        await hass.shows(entity, "unavailable")
    for entity in ("switch.manager_enabled", "select.manager_mode", "binary_sensor.manager_is_on"):
        await hass.shows(entity, "unavailable")


async def test_F4_entities_are_unavailable_when_flowctl_is_killed_and_back_with_it(
    hass: Hass, mosquitto: str, tmp_path: Path
):
    flow = tmp_path / "entities.yaml"
    flow.write_text(FLOW)
    async with flowctl_runs(flow, tmp_path, MQTT=mosquitto) as process:
        await hass.shows("switch.manager_enabled", "off")
        await hass.sets("switch.turn_on", "switch.manager_enabled", "on")
        await asyncio.sleep(2.0)  # until it is on disk: a kill leaves no time for that
        process.kill()
        await hass.shows("switch.manager_enabled", "unavailable", patience=60.0)
    async with flowctl_runs(flow, tmp_path, MQTT=mosquitto):
        await hass.shows("switch.manager_enabled", "on")


async def test_I4_the_state_of_an_entity_is_heard(hass: Hass):
    watts = {"unit_of_measurement": "kW", "device_class": "power"}
    await hass.put("sensor.netz_gesamt_w", "0.35", **watts)
    source = ha_state(
        host=hass.base, token=Secret(hass.token), entity="sensor.netz_gesamt_w", unit="W",
        every=0.3, log=LOG,
    )  # fmt: skip
    async with hearing(source) as heard:
        await heard.until(350.0)
        await hass.put("sensor.netz_gesamt_w", "-0.02", **watts)
        await heard.until(350.0, -20.0)
        await hass.put("sensor.netz_gesamt_w", "unavailable")
        await hass.put("sensor.netz_gesamt_w", "1", **watts)
        await heard.until(350.0, -20.0, 1000.0)
        await hass.put("sensor.netz_gesamt_w", "1", **watts)  # told again, unchanged
        await heard.until(350.0, -20.0, 1000.0, 1000.0)


async def test_O7_a_battery_is_steered_by_services(hass: Hass):
    await hass.put("sensor.m1_ac_power", "120", unit_of_measurement="W")
    await hass.put("sensor.m1_inverter_state", "Standby")
    entities = {
        "mode": "input_select.mode", "control": "input_select.control", "soc": "",
        "charge": "input_number.charge", "discharge": "input_number.discharge",
        "remaining": "", "capacity": "",
    }  # fmt: skip
    box: Latest[Any] = Latest()
    device = ha_battery(
        box, host=hass.base, token=Secret(hass.token), prefix="m1", entities=entities,
        poll=0.1, terms=Terms(), store=Store(), log=LOG,
    )  # fmt: skip
    async with hearing(device) as heard:
        await until(lambda: heard.values or heard.task.done())
        assert (heard.values[0].power, heard.values[0].max_charge) == (120.0, 2500.0)
        box.put(-700.0)
        await hass.shows("input_select.mode", "charge")
        await hass.shows("input_number.charge", "700.0")
        await until(lambda: any(record.setpoint == -700.0 for record in heard.values))
        await hass.call("input_select.select_option", "input_select.control", option="disable")
        await until(lambda: heard.values[-1].online is False)
        await hass.call("input_select.select_option", "input_select.control", option="enable")
        await until(lambda: heard.values[-1].online is True)
        box.put(RELEASE)
        await hass.shows("input_select.mode", "stop")
        await until(lambda: any(record.setpoint == 0.0 for record in heard.values))


SHOWN = [  # entity, state, unit, device class, state class
    ("sensor.combined_battery_soc", "60", "%", "battery", "measurement"),
    ("sensor.combined_battery_power", "-120", "W", "power", "measurement"),
    ("sensor.battery_manager_actual_power", "120", "W", "power", "measurement"),
    ("sensor.battery_manager_target_power", "0", "W", "power", "measurement"),
    ("sensor.combined_battery_capacity", "5.12", "kWh", "energy_storage", "measurement"),
    ("sensor.combined_battery_remaining", "3.07", "kWh", "energy_storage", "measurement"),
    ("sensor.battery_manager_status", "degraded", None, "enum", None),
    ("sensor.battery_marstek_1_status", "Charge", None, None, None),
]
KINDS = ("unit_of_measurement", "device_class", "state_class")


async def test_S5_S6_S7_M4_M5_the_battery_manager_stands_in_home_assistant(
    hass: Hass, mosquitto: str, tmp_path: Path
):
    await hass.put("sensor.marstek_1_ac_power", "-120", unit_of_measurement="W")
    await hass.put("sensor.marstek_1_inverter_state", "Charge")
    await hass.put("sensor.marstek_1_battery_state_of_charge", "60", unit_of_measurement="%")
    await hass.put("sensor.marstek_1_battery_total_energy", "5.12", unit_of_measurement="kWh")
    await hass.put("select.marstek_1_rs485_control_mode", "enable")
    await hass.put("select.marstek_1_forcible_charge_discharge", "stop")
    env = {"MQTT": mosquitto, "HA_URL": hass.base, "HA_TOKEN": hass.token}
    async with flowctl_runs(MANAGER, tmp_path, **env):
        await hass.sets("switch.turn_on", "switch.battery_manager_enabled", "on")
        for entity, state, *kinds in SHOWN:
            told = (await hass.shows(entity, state))["attributes"]
            assert [told.get(kind) for kind in KINDS] == kinds, entity
        figures = {"soc": 60, "power_w": -120, "is_available": True}
        await hass.tells("sensor.battery_marstek_1_status", figures)
        number = "number.battery_manager_target_power"
        await hass.sets("number.set_value", number, "-500.0", value=-500)
        await hass.shows("sensor.battery_manager_target_power", "-500")
        await hass.sets("switch.turn_off", "switch.battery_manager_enabled", "off")
        await hass.shows(number, "0")
        await hass.shows("sensor.battery_manager_status", "disabled")
    await hass.shows(number, "unavailable")
