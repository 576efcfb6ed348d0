"""flows/battery-manager.yaml as a process, beside a broker and a Home Assistant with batteries."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path

import pytest

from nodes._helpers.law.seeing import house as law
from tests.nodes.entities import Seen, seen
from tests.nodes.home_assistant import TOKEN, House, a_house
from tests.nodes.streams import until
from tests.nodes.test_ha_battery import furnish
from tests.systems.running import Startable, flowctl_runs, setting

FLOW = Path(__file__).parents[2] / "flows" / "battery-manager.yaml"
NUMBER = "flowctl/number/battery_manager_target_power"
SWITCH = "flowctl/switch/battery_manager_enabled"
MODE = "flowctl/select/battery_manager_mode"
UNITS = ("marstek_1", "marstek_2")
BEAT = 0.05  # s
QUICK_ONES, REAL_ONES = (0, 0.5), (10, 0.12)  # beats until a battery answers, and how fast it does
EVERY, NEAR = 0.5, 60.0  # s between two words of the grid sensor; W that are as good as zero
QUICK = {"lease": "1500ms", "dead_time": "500ms", "update_interval": "500ms"}


class Batteries:
    """The batteries behind the entities: they do what those say, a little later."""

    def __init__(self, house: House, dead: int, quickness: float) -> None:
        self.house, self.dead, self.quickness = house, dead, quickness
        self.broken: set[str] = set()
        self.powers = dict.fromkeys(UNITS, 0.0)

    def told(self, unit: str) -> float:
        """The power that a battery holds by its entities, + charging, as people set targets."""
        states = self.house.states
        way = states[f"select.{unit}_forcible_charge_discharge"]["state"]
        if way == "stop":
            return 0.0
        watts = float(states[f"number.{unit}_forcible_{way}_power"]["state"])
        return watts if way == "charge" else -watts

    async def run(self) -> None:
        coming = {unit: deque([0.0] * self.dead) for unit in UNITS}
        while True:
            for unit in UNITS:
                coming[unit].append(self.told(unit))
                self.powers[unit] += self.quickness * (coming[unit].popleft() - self.powers[unit])
                state = "Fault" if unit in self.broken else "Standby"
                self.house.put(f"sensor.{unit}_inverter_state", state)
                self.house.put(f"sensor.{unit}_ac_power", round(-self.powers[unit], 1))
            await asyncio.sleep(BEAT)

    async def hold(self, *watts: float) -> None:
        """Wait until they hold these powers, + charging."""
        try:
            await until(
                lambda: all(
                    abs(self.powers[unit] - want) <= 40
                    for unit, want in zip(UNITS, watts, strict=True)
                )
            )
        except TimeoutError:
            raise AssertionError(self.powers, self.house.calls[-6:]) from None


@asynccontextmanager
async def batteries(house: House, kind: tuple[int, float] = QUICK_ONES) -> AsyncIterator[Batteries]:
    for unit in UNITS:
        furnish(house, unit)
    made = Batteries(house, *kind)
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
        async with flowctl_runs(FLOW, tmp_path, *setting(QUICK), **env):
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
                await until(lambda: abs(packs.powers["marstek_2"] + 1000.0) <= 60)
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

    def __init__(self, house: House) -> None:
        self.house = house
        self.load, self.speaks = 600.0, True

    @property
    def watts(self) -> float:
        given = (self.house.states[f"sensor.{unit}_ac_power"]["state"] for unit in UNITS)
        return self.load - sum(map(float, given))

    async def run(self) -> None:
        while True:
            if self.speaks:
                known = {"unit_of_measurement": "W"}
                self.house.put("sensor.netz_gesamt_w", round(self.watts, 1), **known)
            await asyncio.sleep(EVERY)

    async def balances(self) -> None:
        """Wait until it stays at zero."""
        for _ in range(3):
            await until(lambda: abs(self.watts) < NEAR)
            await asyncio.sleep(0.1)


@asynccontextmanager
async def metered(house: House) -> AsyncIterator[GridSensor]:
    grid = GridSensor(house)
    task = asyncio.create_task(grid.run())
    try:
        yield grid
    finally:
        task.cancel()


async def test_I4_F4_F5_the_grid_sensor_is_followed_falls_silent_and_flowctl_starts_again(
    own_mosquitto, tmp_path, monkeypatch
):
    monkeypatch.setattr(law, "FRESH_GRACE", 1.0)
    async with (
        a_house() as (house, host),
        batteries(house, REAL_ONES) as packs,
        metered(house) as grid,
    ):
        url = own_mosquitto.url  # the mode that is chosen stays there
        env = {"MQTT": url, "HA_URL": host, "HA_TOKEN": TOKEN.reveal()}
        flow = Startable(flow=FLOW, state=tmp_path / "state", quick=QUICK, env=env)
        async with aclosing(flow), seen(url, "flowctl") as there:
            flow.start()
            await sets(there, SWITCH, "ON")
            await sets(there, MODE, "grid")
            await grid.balances()
            grid.load = -300.0  # the sun comes out
            await grid.balances()
            grid.speaks = False
            await packs.hold(0.0, 0.0)
            grid.speaks = True
            await grid.balances()
            await flow.stop()
            await packs.hold(0.0, 0.0)
            flow.start()
            await sets(there, SWITCH, "ON")
            await grid.balances()  # the mode was kept


@pytest.mark.timeout(120)
async def test_F4_a_killed_engine_leaves_no_battery_running(mosquitto, tmp_path):
    async with a_house() as (house, host), batteries(house) as packs:
        env = {"MQTT": mosquitto, "HA_URL": host, "HA_TOKEN": TOKEN.reveal()}
        async with flowctl_runs(FLOW, tmp_path, *setting(QUICK), **env) as process:
            async with seen(mosquitto, "flowctl") as there:
                await sets(there, SWITCH, "ON")
                await sets(there, NUMBER, "1500")
                await packs.hold(750.0, 750.0)
            process.kill()
            await packs.hold(0.0, 0.0)
