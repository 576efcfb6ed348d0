"""What the firmware of a B2500 makes of a meter, and the guests of a simulated house."""

import asyncio
import json
from contextlib import AsyncExitStack, aclosing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodes.sim.b2500 import B2500
from nodes.sim.b2500_esp_client import Meter
from nodes.sim.b2500_mqtt_client import HameB2500, Quirks
from nodes.sim.b2500_poller import shelly
from nodes.sim.guests import guests
from nodes.sim.live_plant import LivePlant
from nodes.sim.obis import reading
from nodes.sim.plant import Plant
from nodes.sim.plant_file import read_plant_text
from nodes.sim.ports import Door
from nodes.simulated_house import simulated_house
from tests.brokers import Mosquitto, free_port
from tests.nodes.driven import Cell
from tests.nodes.mqtt import peer
from tests.nodes.streams import LOG, until


def followed(*grids):
    cell = Cell()
    storage, line = B2500(cell), []
    for grid in grids:
        storage.follow(grid)
        line.append(round(cell.power))
    return line


def test_it_goes_by_17w_per_output_however_much_it_is_shown():
    assert followed(50, 500, 5000) == [34, 68, 102]


def test_it_leaves_a_little_alone():
    assert followed(11, -11, 0) == [0, 0, 0]
    assert followed(12) == [34]


def test_it_repeats_what_it_is_shown_again():
    assert followed(*[100.0] * 5) == [34, 68, 102, 136, 169]


def test_a_silent_meter_changes_nothing():
    assert followed(100, None, None) == [34, 34, 34]


@given(st.lists(st.floats(-5000, 5000), max_size=200))
def test_it_gives_between_nothing_and_800w(grids):
    assert all(0 <= watts <= 800 for watts in followed(*grids))


async def test_b2500_meter_serves_what_it_heard_last_for_ever():
    meter = Meter(throttle=0.0)
    assert await meter.read() is None
    meter.heard("", b"120")
    meter.heard("", b"nonsense")
    assert [await meter.read() for _ in range(3)] == [120.0] * 3


async def test_its_throttle_sleeps_inside_the_answer():
    meter, loop = Meter(throttle=0.05), asyncio.get_running_loop()
    await meter.read()
    began = loop.time()
    await meter.read()
    assert loop.time() - began >= 0.04


def test_a_number_without_a_point_is_not_read():
    ask = shelly()
    whole = {"result": {"total_act_power": 12}}
    assert ask.reading(json.dumps(whole).encode()) is None
    whole["result"]["total_act_power"] = 12.001
    assert ask.reading(json.dumps(whole).encode()) == 12.001


def test_a_command_that_names_not_all_timers_is_not_taken():
    storage = HameB2500(Cell(), Quirks(slots=3))
    storage.answer("cd=20,md=0,a1=1,b1=00:00,e1=23:59,v1=400")
    assert not storage.timers.rows[0][0]


@pytest.mark.parametrize(("clock", "power"), [("12:00", 80.0), ("23:00", 0.0), ("", 0.0)])
def test_a_timer_runs_by_its_clock_and_gives_its_floor(clock, power):
    cell = Cell()
    storage = HameB2500(cell, Quirks(slots=1, clock=clock))
    storage.answer("cd=20,md=0,a1=1,b1=08:00,e1=20:00,v1=50")
    storage.act()
    assert cell.power == power


def test_flash_is_counted_and_survives_a_reboot():
    storage = HameB2500(Cell(), Quirks(slots=1))
    storage.answer("cd=7,md=0,a1=1,b1=00:00,e1=23:59,v1=100")
    storage.answer("cd=20,md=0,a1=1,b1=00:00,e1=23:59,v1=400")
    assert storage.flashed == 1
    storage.reboot()
    assert storage.timers.rows == [(1, "00:00", "23:59", 100)]


PLANT = """
house: {{profile: quiet, base: 400W, noise: 0W}}
meter: {{speaks: sma_mqtt, every: 300ms, latency: 100ms, average: 300ms, noise: 0W}}
one: {{kind: b2500, speaks: b2500_esp}}
two: {{kind: b2500, speaks: b2500_mqtt}}
three: {{kind: b2500, speaks: b2500_shelly, port: {shelly}}}
four: {{kind: b2500, speaks: b2500_ct, port: {ct}}}
"""


async def test_everybody_dials_who_has_no_door(own_mosquitto: Mosquitto) -> None:
    setup = read_plant_text(PLANT.format(shelly=free_port(), ct=free_port()))
    host, port = "127.0.0.1", own_mosquitto.port
    where = [Door("broker", "mqtt", port, "broker_port")]
    live = LivePlant(Plant(setup))
    async with AsyncExitStack() as stack:
        other = await stack.enter_async_context(peer(own_mosquitto.url, "#"))
        for guest in guests(setup, live, where):
            await stack.enter_async_context(guest)
        await until(lambda: {"sma", "b2500/1/power/power"} <= {topic for topic, _ in other.said})
        await other.publish("hame_energy/HMA-1/App/acd929a74b02/ctrl", "cd=1")
        answer = "hame_energy/HMA-1/device/acd929a74b02/ctrl"
        await until(lambda: answer in {topic for topic, _ in other.said})
        said = next(json.loads(text) for topic, text in other.said if topic == "sma")
        assert said["1-0:1.7.0"]["value"] == 400
        assert where[0].address == f"{host}:{port}"


def test_a_reading_is_import_or_feed_in():
    said = json.loads(reading(-35.4))
    assert (said["1-0:1.7.0"]["value"], said["1-0:2.7.0"]["value"]) == (0, 35)


async def test_the_house_of_the_flow_tells_everything_on_its_own_broker(tmp_path: Path) -> None:
    plant = Path(__file__).parents[3] / "flows" / "plants" / "b2500.yaml"
    ports = {name: free_port() for name in ("p1_port", "broker_port")}
    async with aclosing(simulated_house(plant=plant, log=LOG, outlives=1.0, **ports)) as house:
        async with asyncio.timeout(30):
            assert await anext(house) is None
        async with peer(f"mqtt://127.0.0.1:{ports['broker_port']}", "sma") as other:
            await until(lambda: other.said)
