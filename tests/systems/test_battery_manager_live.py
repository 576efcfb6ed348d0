"""flows/battery-manager.yaml as a process, beside a broker and a Home Assistant with batteries."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from tests.nodes.entities import Seen, seen
from tests.nodes.home_assistant import TOKEN, House, a_house
from tests.nodes.streams import until
from tests.nodes.test_ha_battery import furnish
from tests.systems.running import flowctl_runs

FLOW = Path(__file__).parents[2] / "flows" / "battery-manager.yaml"
NUMBER = "flowctl/number/battery_manager_target_power"
SWITCH = "flowctl/switch/battery_manager_enabled"
MODE = "flowctl/select/battery_manager_mode"
UNITS = ("marstek_1", "marstek_2")


class Batteries:
    """The batteries behind the entities: they do what those say, a little later."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.broken: set[str] = set()

    def told(self, unit: str) -> float:
        """The power that a battery holds by its entities, + charging, as people set targets."""
        states = self.house.states
        way = states[f"select.{unit}_forcible_charge_discharge"]["state"]
        if way == "stop":
            return 0.0
        watts = float(states[f"number.{unit}_forcible_{way}_power"]["state"])
        return watts if way == "charge" else -watts

    async def run(self) -> None:
        powers = dict.fromkeys(UNITS, 0.0)
        while True:
            for unit in UNITS:
                powers[unit] += 0.5 * (self.told(unit) - powers[unit])
                state = "Fault" if unit in self.broken else "Standby"
                self.house.put(f"sensor.{unit}_inverter_state", state)
                self.house.put(f"sensor.{unit}_ac_power", round(-powers[unit], 1))
            await asyncio.sleep(0.05)

    async def hold(self, *watts: float) -> None:
        """Wait until they hold these powers, + charging."""
        try:
            await until(
                lambda: all(
                    abs(self.told(unit) - want) <= 40
                    for unit, want in zip(UNITS, watts, strict=True)
                )
            )
        except TimeoutError:
            raise AssertionError(
                [self.told(unit) for unit in UNITS], self.house.calls[-6:]
            ) from None


@asynccontextmanager
async def batteries(house: House) -> AsyncIterator[Batteries]:
    for unit in UNITS:
        furnish(house, unit)
    made = Batteries(house)
    task = asyncio.create_task(made.run())
    try:
        yield made
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def sets(there: Seen, topic: str, value: str) -> None:
    """Set an entity as Home Assistant does, until it says so itself."""
    async with asyncio.timeout(20):
        while there.last(topic) != value:
            await there.other.publish(f"{topic}/set", value, qos=1)
            await asyncio.sleep(0.2)


@pytest.mark.timeout(120)
async def test_R2_U3_O7_O11_M4_M5_F1_F2_F4_F8_the_whole_story(own_mosquitto, tmp_path):
    url = own_mosquitto.url
    async with a_house() as (house, host), batteries(house) as packs:
        env = {"MQTT": url, "HA_URL": host, "HA_TOKEN": TOKEN.reveal()}
        async with flowctl_runs(FLOW, tmp_path, **env):
            async with seen(url, "flowctl") as there, seen(url, "homeassistant") as told:
                number = await told.described(
                    "number", "battery_manager_target_power", "homeassistant"
                )
                assert (number["min"], number["max"], number["step"]) == (-7500, 7500, 50)
                await sets(there, SWITCH, "ON")
                await there.shows(NUMBER, "0")
                await sets(there, NUMBER, "1500")
                await packs.hold(750.0, 750.0)
                calls = [(entity, value) for _, entity, value in house.calls]
                power, mode = "number.marstek_1_forcible_charge_power", "charge"
                first = next(index for index, call in enumerate(calls) if call[0] == power)
                assert ("select.marstek_1_forcible_charge_discharge", mode) in calls[first:]
                await there.shows("flowctl/sensor/battery_manager_status", "active")

                await sets(there, NUMBER, "-1000")
                await packs.hold(-500.0, -500.0)
                packs.broken.add("marstek_1")
                await until(lambda: abs(packs.told("marstek_2") + 1000.0) <= 60)
                await there.shows("flowctl/sensor/battery_manager_status", "degraded")
                packs.broken.clear()
                await packs.hold(-500.0, -500.0)

            own_mosquitto.stop()
            await asyncio.sleep(0.3)
            await packs.hold(-500.0, -500.0)  # what was wanted holds without the broker
            own_mosquitto.start()
            await house.hang_up()  # and Home Assistant starts again, too
            async with seen(url, "flowctl") as there, seen(url, "homeassistant") as told:
                await told.described("number", "battery_manager_target_power", "homeassistant")
                await sets(there, NUMBER, "600")
                await packs.hold(300.0, 300.0)
                await sets(there, SWITCH, "OFF")
                await packs.hold(0.0, 0.0)
                await there.shows(NUMBER, "0")
                await sets(there, SWITCH, "ON")
                await sets(there, NUMBER, "800")
                await packs.hold(400.0, 400.0)
        await packs.hold(0.0, 0.0)  # Ctrl-C gave them back
        async with seen(url, "flowctl") as there:
            await there.shows("flowctl/status", "offline")


class GridSensor:
    """The sensor of the grid in Home Assistant: what the house draws less what batteries give."""

    def __init__(self, house: House, packs: Batteries) -> None:
        self.load, self.speaks = 1000.0, True
        self._house, self._packs = house, packs

    async def run(self) -> None:
        late = deque([0.0, 0.0])  # as any meter is, and any inverter: two of its readings
        while True:
            powers = [self._house.states[f"sensor.{unit}_ac_power"]["state"] for unit in UNITS]
            late.append(sum(map(float, powers)))
            given = late.popleft()
            if self.speaks:
                watts, known = self.load - given, {"unit_of_measurement": "W"}
                self._house.put("sensor.netz_gesamt_w", round(watts, 1), **known)
            await asyncio.sleep(0.7)


@pytest.mark.timeout(120)
async def test_I4_F4_F5_the_grid_sensor_is_followed_falls_silent_and_flowctl_starts_again(
    mosquitto, tmp_path
):
    async with a_house() as (house, host), batteries(house) as packs:
        env = {"MQTT": mosquitto, "HA_URL": host, "HA_TOKEN": TOKEN.reveal()}
        grid = GridSensor(house, packs)
        measured = asyncio.create_task(grid.run())
        async with seen(mosquitto, "flowctl") as there:
            async with flowctl_runs(FLOW, tmp_path, "--set", "lease=6s", **env):
                await sets(there, SWITCH, "ON")
                await sets(there, MODE, "grid")
                await packs.hold(-500.0, -500.0)
                grid.load = -600.0  # the sun comes out
                await packs.hold(300.0, 300.0)
                grid.speaks = False
                await packs.hold(0.0, 0.0)
                grid.speaks = True
                await packs.hold(300.0, 300.0)
            await packs.hold(0.0, 0.0)
            async with flowctl_runs(FLOW, tmp_path, "--set", "lease=6s", **env):
                await sets(there, SWITCH, "ON")
                await packs.hold(300.0, 300.0)  # the mode was kept
        measured.cancel()


@pytest.mark.timeout(120)
async def test_F4_a_killed_engine_leaves_no_battery_running(mosquitto, tmp_path):
    async with a_house() as (house, host), batteries(house) as packs:
        env = {"MQTT": mosquitto, "HA_URL": host, "HA_TOKEN": TOKEN.reveal()}
        async with flowctl_runs(FLOW, tmp_path, **env) as process:
            async with seen(mosquitto, "flowctl") as there:
                await sets(there, SWITCH, "ON")
                await sets(there, NUMBER, "1500")
                await packs.hold(750.0, 750.0)
            process.kill()
            await packs.hold(0.0, 0.0)
