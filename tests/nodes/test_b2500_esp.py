"""b2500_esp against a simulated storage, its ESP and its b2500-meter on a real broker."""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import pytest

from flowctl import RELEASE, Terms
from nodes.b2500_esp import TERMS, b2500_esp
from nodes.sim.b2500 import B2500
from nodes.sim.b2500_esp_client import serve
from tests.brokers import Mosquitto
from tests.nodes.driven import Cell, Driven, driven
from tests.nodes.mqtt import Peer, peer
from tests.nodes.streams import until

FAST = {"poll": 0.02, "every": 0.05}


@pytest.fixture
def broker(own_mosquitto: Mosquitto) -> str:
    return own_mosquitto.url


def settings(url: str, number: int = 1, **more: Any) -> dict[str, Any]:
    prefix = f"b2500/{number}"
    return {
        "broker": url,
        "topic": f"sma/net_power/{number}",
        "power_topic": f"{prefix}/power/power",
        "battery_topic": f"{prefix}/battery/remaining_percent",
        "connected_topic": f"{prefix}/smartmeter/connected",
        "poll": 0.02,
        "age": 0.03,
        "terms": TERMS,
        **more,
    }


@asynccontextmanager
async def borrowed(
    url: str, cell: Cell | None = None, **more: Any
) -> AsyncIterator[tuple[Driven, B2500, Cell]]:
    unit = cell or Cell()
    async with (
        serve(unit, url, **FAST) as storage,
        driven(b2500_esp, **settings(url, **more)) as device,
    ):
        yield device, storage, unit


def said(other: Peer) -> list[int]:
    return [int(payload) for topic, payload in other.said if topic == "sma/net_power/1"]


async def test_it_tells_charge_output_and_presence(broker):
    async with borrowed(broker, Cell(power=210.0, soc=71.0)) as (device, _, _):
        await device.hears("power", 210.0)
        await device.hears("soc", 71.0)
        await device.hears("online", True)


async def test_it_tells_at_once_what_it_can(broker):
    async with borrowed(broker, max_power=400.0, capacity=2240.0) as (device, _, _):
        await device.hears("max_discharge", 400.0)
        first = device.records[0]
        assert (first.max_charge, first.capacity) == (0.0, 2240.0)


async def test_defaults_hold_until_it_tells(broker, caplog):
    caplog.set_level(logging.DEBUG)
    async with driven(
        b2500_esp, **settings(broker, default_soc=80.0, default_power=200.0)
    ) as device:
        await device.hears("setpoint", 200.0)
        assert device.told("soc") == [80.0]
        assert device.told("power") == [], "nothing was measured"
        assert "until its first message: 80.0%, 200.0 W" in caplog.text


async def test_a_setpoint_is_reached_by_readings_of_what_is_missing(broker):
    async with peer(broker, "sma/net_power/1") as other, borrowed(broker) as (device, _, cell):
        await device.hears("power", 0.0)
        device.box.put(340.0)
        await device.hears("setpoint", 340.0)
        await device.until(lambda: abs(cell.power - 340.0) <= 18)
        await until(lambda: said(other) and said(other)[-1] == 0)
        assert max(said(other)) == 340


async def test_readings_are_retained_whole_watts(broker):
    async with borrowed(broker) as (device, _, _):
        await device.hears("power", 0.0)
        device.box.put(123.4)
        await device.hears("setpoint", 123.0)
        await asyncio.sleep(0.1)
        async with peer(broker, "sma/net_power/1") as late:
            await until(lambda: late.kept)
            int(late.kept[0][1])


async def test_acceptance_is_told_when_it_is_known_what_it_gives_and_no_faster_than_it_can(broker):
    async with peer(broker) as other, driven(b2500_esp, **settings(broker)) as device:
        device.box.put(300.0)
        await asyncio.sleep(0.05)
        assert device.told("setpoint") == []
        await other.publish("b2500/1/power/power", "190")
        await device.hears("setpoint", 300.0)
        told = device.told("setpoint")
        assert told[0] == 190.0
        assert all(0 < there - here <= 34 for here, there in pairwise(told))


async def test_it_never_charges(broker):
    async with borrowed(broker) as (device, _, cell):
        await device.hears("power", 0.0)
        device.box.put(-300.0)
        await device.hears("setpoint", 0.0)
        assert cell.power == 0.0


async def test_nothing_is_said_before_it_is_steered(broker):
    async with peer(broker, "sma/net_power/#") as other, borrowed(broker) as (device, _, _):
        await device.hears("power", 0.0)
        await device.stop()
        assert (other.said, other.kept) == ([], [])


async def test_nothing_but_zero_is_said_before_its_output_is_known(broker):
    async with (
        peer(broker, "sma/net_power/1") as other,
        driven(b2500_esp, **settings(broker)) as device,
    ):
        device.box.put(300.0)
        await until(lambda: said(other))
        await asyncio.sleep(0.1)
        assert said(other) == [0]


async def test_a_retained_output_is_no_measurement(broker):
    async with peer(broker, "sma/net_power/1") as other:
        await other.publish("b2500/1/power/power", "650", retain=True)
        async with driven(b2500_esp, **settings(broker)) as device:
            device.box.put(300.0)
            await until(lambda: said(other))
            await asyncio.sleep(0.1)
            assert said(other) == [0]
            assert device.told("power") == []
            await other.publish("b2500/1/power/power", "650")
            await until(lambda: -350 in said(other))
        await other.publish("b2500/1/power/power", None, retain=True)


@pytest.mark.parametrize("payload", ["", "nan", "inf", "-5", "1e9", "ON", "\x00\xff", "{", "99999"])
async def test_odd_payloads_change_nothing(broker, payload, caplog):
    async with peer(broker) as other, driven(b2500_esp, **settings(broker)) as device:
        await until(lambda: device.records)
        await asyncio.sleep(0.1)
        for _ in range(3):
            await other.publish("b2500/1/power/power", payload)
            await other.publish("b2500/1/battery/remaining_percent", payload)
        await other.publish("b2500/1/power/power", "55")
        await device.hears("power", 55.0)
        assert device.told("power") == [55.0]
        assert caplog.text.count("talks nonsense") <= 1


async def test_a_storage_that_is_not_connected_is_offline_and_comes_back(broker):
    cell = Cell()
    async with borrowed(broker, cell) as (device, _, _):
        await device.hears("online", True)
        cell.online = False
        await device.hears("online", False)
        cell.online = True
        await device.until(lambda: device.told("online")[-1])


async def test_any_text_but_on_means_offline(broker):
    async with peer(broker) as other, driven(b2500_esp, **settings(broker)) as device:
        for text, online in (("on", True), ("OFF", False), (" On ", True), ("unavailable", False)):
            await until(lambda: device.records)
            await asyncio.sleep(0.05)
            await other.publish("b2500/1/smartmeter/connected", text)
            await device.until(lambda: online in device.told("online")[-1:])  # noqa: B023


async def test_an_esp_that_died_makes_its_storage_offline(broker, caplog):
    async with (
        peer(broker) as other,
        driven(b2500_esp, **settings(broker, patience=0.15)) as device,
    ):
        await until(lambda: device.records)
        await asyncio.sleep(0.05)
        await other.publish("b2500/1/power/power", "200")
        await device.hears("power", 200.0)
        await device.hears("online", False)
        assert device.told("online").count(False) == 1
        await other.publish("b2500/1/power/power", "210")
        await device.until(lambda: device.told("online")[-1] is True)


async def test_an_unchanged_setpoint_leaves_the_storage_where_it_is(broker):
    async with borrowed(broker) as (device, storage, cell):
        await device.hears("power", 0.0)
        device.box.put(200.0)
        await device.until(lambda: abs(cell.power - 200) <= 18)
        before = storage.polls
        await device.until(lambda: storage.polls > before + 20)
        await device.until(lambda: abs(cell.power - 200) <= 18)  # on a busy machine it wanders


async def test_released_it_reads_export_and_stops(broker):
    async with borrowed(broker) as (device, _, cell):
        await device.hears("power", 0.0)
        device.box.put(300.0)
        await device.until(lambda: cell.power > 250)
        device.box.put(RELEASE)
        await device.until(lambda: cell.power == 0.0)


@pytest.mark.parametrize("way", ["cancelled", "completed"])
async def test_no_delta_stays_on_the_broker_when_the_flow_ends(broker, way):
    async with borrowed(broker) as (device, _, cell):
        await device.hears("power", 0.0)
        device.box.put(700.0)
        await device.until(lambda: cell.power > 100)
        if way == "completed":
            device.box.close()
            await device.task
        else:
            await device.stop()
        await until(lambda: cell.power == 0.0)
        async with peer(broker, "sma/net_power/1") as late:
            await until(lambda: late.kept)
            assert late.kept[0][1] == b"-800"


LOST = """
import asyncio, sys
from flowctl import Latest, Log, Terms
from flowctl.live.clock import LiveClock
from nodes.b2500_esp import b2500_esp

async def main():
    given = {"topic": "sma/net_power/1", "power_topic": "p", "poll": 0.02}
    given |= {"clock": LiveClock(), "log": Log("it"), "terms": Terms(release="zero")}
    box = Latest()
    box.put(300.0) if sys.argv[2] == "steered" else None
    asyncio.get_running_loop().call_later(0.5, lambda: print("ready", flush=True))
    async for _ in b2500_esp(box, broker=sys.argv[1], **given):
        pass

asyncio.run(main())
"""


@pytest.mark.parametrize(("how", "left"), [("steered", [0, -800]), ("only reading", [])])
async def test_when_the_machine_is_gone_the_broker_says_its_farewell(broker, how, left):
    async with peer(broker, "sma/net_power/1") as other:
        command = [sys.executable, "-c", LOST, broker, how]
        lost = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        assert await lost.stdout.readline() == b"ready\n"
        lost.kill()
        await lost.communicate()
        await until(lambda: len(said(other)) >= len(left))
        await asyncio.sleep(0.1)
        assert said(other) == left


async def test_left_as_it_is_it_reads_zero(broker):
    terms = Terms(release="own")
    async with borrowed(broker, terms=terms) as (device, _, cell):
        await device.hears("power", 0.0)
        device.box.put(300.0)
        await device.until(lambda: abs(cell.power - 300) <= 18)
        device.box.put(RELEASE)
        await device.until(lambda: device.told("setpoint")[-1] == 0.0)
        async with peer(broker, "sma/net_power/1") as late:
            await until(lambda: late.kept)
            assert late.kept[0][1] == b"0"


async def test_a_release_that_waits_at_the_start_goes_out(broker):
    async with driven(b2500_esp, **settings(broker)) as device:
        device.box.put(RELEASE)
        device.box.close()
        await device.task
    async with peer(broker, "sma/net_power/1") as late:
        await until(lambda: late.kept)
        assert late.kept[0][1] == b"-800"


async def test_it_goes_on_after_the_broker_was_away(own_mosquitto):
    cell = Cell()
    async with borrowed(own_mosquitto.url, cell) as (device, _, _):
        await device.hears("power", 0.0)
        device.box.put(200.0)
        await device.until(lambda: abs(cell.power - 200) <= 18)
        own_mosquitto.stop()
        await asyncio.sleep(0.1)
        own_mosquitto.start()
        count = len(device.told("power"))
        await device.until(lambda: len(device.told("power")) > count + 2)
        device.box.put(400.0)
        await device.until(lambda: abs(cell.power - 400) <= 18)


async def test_a_broker_that_is_not_there_is_told_as_such():
    async with driven(b2500_esp, **settings("mqtt://127.0.0.1:1")) as device:
        with pytest.raises(OSError, match="MQTT broker"):
            await device.until(lambda: False)


async def test_a_topic_that_cannot_be_is_refused():
    async with driven(b2500_esp, **settings("mqtt://127.0.0.1:1", topic="a/#")) as device:
        with pytest.raises(ValueError, match="is not a topic"):
            await device.until(lambda: False)
