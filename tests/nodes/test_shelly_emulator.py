"""shelly_emulator: simulated storages poll it over real UDP sockets."""

import asyncio
import json
import socket
from contextlib import AsyncExitStack
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowctl import RELEASE, Terms
from nodes._helpers.shelly_rpc import name_of, pointed, understand
from nodes.shelly_emulator import TERMS, shelly_emulator
from nodes.sim.b2500_poller import serve, shelly
from tests.brokers import free_port
from tests.nodes.driven import Cell, driven
from tests.nodes.mqtt import peer
from tests.nodes.streams import until

HOME = "127.0.0.1"
NAME = "shellypro3em-ec4609c439c1"


@pytest.fixture
def port() -> int:
    return free_port()


def settings(port: int, **more: Any) -> dict[str, Any]:
    given = {"host": HOME, "port": port, "listen": "0.0.0.0", "terms": TERMS, "age": 0.0}
    return {**given, **more}


def answered(data: bytes, watts: float, name: str = NAME) -> Any:
    question = understand(data, name)
    return json.loads(question.answer(watts)) if question else None


def asked(method: str = "EM.GetStatus", number: Any = 7, params: Any = None) -> bytes:
    given = {"id": number, "src": "x", "method": method, "params": params or {"id": 0}}
    return json.dumps(given).encode()


def test_a_pro_3em_is_answered_for_as_batteries_expect_it():
    assert answered(asked(), 12.1) == {
        "id": 7,
        "src": NAME,
        "dst": "unknown",
        "result": {
            "a_act_power": 12.1,
            "b_act_power": 0.001,
            "c_act_power": 0.001,
            "total_act_power": 12.101,
        },
    }


def test_a_single_phase_meter_tells_one_power():
    name = name_of(None, 2222)
    said = answered(asked("EM1.GetStatus"), -250.0, name)
    assert said["result"] == {"act_power": -249.999}
    assert said["src"] == "shellyemg3-ec4609c439c1"


@pytest.mark.parametrize(
    ("port", "name"),
    [(1010, "shellypro3em"), (2220, "shellypro3em"), (2222, "shellyemg3"), (2223, "shellyproem50")],
)
def test_the_meter_that_is_looked_for_at_a_port(port, name):
    assert name_of(None, port).startswith(name)
    assert name_of("shellyproem50", port).startswith("shellyproem50")


@pytest.mark.parametrize(
    ("watts", "said"),
    [(0, 0.001), (0.05, 0.001), (12, 12.001), (-40, -39.999), (3.14, 3.1), (-0.09, 0.001)],
)
def test_numbers_have_digits_after_their_point(watts, said):
    assert pointed(watts) == pytest.approx(said)


@given(st.floats(-1e5, 1e5))
def test_every_answer_has_a_decimal_point_and_is_about_what_was_meant(watts):
    question = understand(asked(), NAME)
    assert question is not None
    text = question.answer(watts).decode()
    for number in text.partition("result")[2].split(":")[2:]:
        assert "." in number
    assert json.loads(text)["result"]["a_act_power"] == pytest.approx(watts, abs=0.11)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"\xff" * 50,
        b"hame",
        asked("Switch.Set"),
        asked(number="7"),
        asked(number=True),
        asked(params={"id": "0"}),
        asked(params=[0]),
        json.dumps({"method": "EM.GetStatus"}).encode(),
        b"[" * 100_000,
    ],
)
def test_other_talk_is_no_question(data):
    assert understand(data, NAME) is None


async def test_a_storage_that_polls_it_reaches_what_is_wanted(port):
    cell = Cell()
    async with (
        driven(shelly_emulator, **settings(port)) as device,
        serve(cell, shelly(), (HOME, port), poll=0.02, patience=0.05),
    ):
        await device.hears("online", True)
        device.box.put(340.0)
        await device.hears("setpoint", 340.0)
        await device.until(lambda: abs(cell.power - 340.0) <= 18)
        device.box.put(0.0)
        await device.until(lambda: cell.power == 0.0)


async def test_it_is_silent_before_the_first_command_and_after_release(port):
    cell = Cell()
    async with (
        driven(shelly_emulator, **settings(port)) as device,
        serve(cell, shelly(), (HOME, port), poll=0.02, patience=0.05) as poller,
    ):
        await device.hears("online", True)
        assert poller.answers == []
        device.box.put(100.0)
        await device.until(lambda: poller.answers)
        device.box.put(RELEASE)
        await device.until(lambda: device.told("setpoint")[-1] == 0.0)
        await asyncio.sleep(0.05)
        count = len(poller.answers)
        await asyncio.sleep(0.1)
        assert len(poller.answers) == count


async def test_released_to_zero_it_goes_on_showing_export(port):
    cell, terms = Cell(), Terms(release="zero")
    async with (
        driven(shelly_emulator, **settings(port, terms=terms)) as device,
        serve(cell, shelly(), (HOME, port), poll=0.02, patience=0.05),
    ):
        await device.hears("online", True)
        device.box.put(300.0)
        await device.until(lambda: cell.power > 200)
        device.box.put(RELEASE)
        await device.until(lambda: cell.power == 0.0)


@pytest.mark.parametrize("count", [3])
async def test_any_number_of_storages_are_told_apart_by_their_address(port, count):
    hosts = [f"127.0.0.{number}" for number in range(1, count + 1)]
    cells = [Cell() for _ in hosts]
    async with AsyncExitStack() as stack:
        devices = [
            await stack.enter_async_context(driven(shelly_emulator, **settings(port, host=host)))
            for host in hosts
        ]
        for cell, host in zip(cells, hosts, strict=True):
            polling = serve(cell, shelly(), (HOME, port), host=host, poll=0.02, patience=0.05)
            await stack.enter_async_context(polling)
        for number, device in enumerate(devices, 1):
            device.box.put(number * 102.0)
        for number, cell in enumerate(cells, 1):
            await until(lambda: abs(cell.power - number * 102.0) <= 18)  # noqa: B023


async def test_two_on_one_address_are_told_apart_by_their_port(port):
    async with driven(shelly_emulator, **settings(port, host=f"{HOME}:9")) as device:
        device.box.put(100.0)
        async with serve(Cell(), shelly(), (HOME, port), poll=0.02, patience=0.05) as poller:
            await asyncio.sleep(0.1)
            assert poller.answers == []
            assert device.told("online") == []


async def test_one_that_polls_no_more_is_offline_and_comes_back(port, monkeypatch):
    monkeypatch.setattr("nodes._helpers.polled_meter.BEAT", 0.02)
    cell = Cell()
    async with (
        driven(shelly_emulator, **settings(port, patience=0.1)) as device,
        serve(cell, shelly(), (HOME, port), poll=0.02, patience=0.05),
    ):
        await device.hears("online", True)
        for online in (False, True):
            cell.online = online
            await device.until(lambda: device.told("online")[-1] is online)  # noqa: B023


async def test_with_its_esp_it_is_steered_by_what_it_really_gives(port, mosquitto, topic):
    cell = Cell(power=300.0)  # it gives that already, which nobody could know
    esp = {"broker": mosquitto, "power_topic": topic, "battery_topic": f"{topic}/soc"}
    async with (
        peer(mosquitto) as other,
        driven(shelly_emulator, **settings(port, **esp)) as device,
        serve(cell, shelly(), (HOME, port), poll=0.02, patience=0.05) as poller,
    ):
        device.box.put(200.0)
        await device.until(lambda: len(poller.answers) > 2)
        assert b'"total_act_power":0.001' in poller.answers[-1], "nothing is known of it yet"
        await other.publish(topic, "300")
        await other.publish(f"{topic}/soc", "44")
        await device.hears("power", 300.0)
        await device.hears("soc", 44.0)
        await until(lambda: any(b'"a_act_power":-99.999' in said for said in poller.answers))


async def test_polls_that_come_sooner_than_the_throttle_change_nothing(port):
    cell = Cell()
    async with (
        driven(shelly_emulator, **settings(port, throttle=60.0)) as device,
        serve(cell, shelly(), (HOME, port), poll=0.02, patience=0.05) as poller,
    ):
        device.box.put(300.0)
        await device.until(lambda: len(poller.answers) > 5)
        shown = [json.loads(said)["result"]["a_act_power"] for said in poller.answers]
        assert [watts for watts in shown if watts > 1] == [300.001]


async def test_storms_of_nonsense_do_not_stop_it(port):
    cell = Cell()
    async with driven(shelly_emulator, **settings(port)) as device:
        device.box.put(200.0)
        await asyncio.sleep(0.02)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            for data in (b"", b"{", b"\xff" * 9000, asked("Sys.Reboot"), b"[" * 5000) * 20:
                other.sendto(data, (HOME, port))
        async with serve(cell, shelly(), (HOME, port), poll=0.02, patience=0.05):
            await device.until(lambda: abs(cell.power - 200) <= 18)


async def test_a_port_that_is_taken_is_told(port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("0.0.0.0", port))
        async with driven(shelly_emulator, **settings(port)) as device:
            with pytest.raises(OSError, match=str(port)):
                await device.until(lambda: False)
