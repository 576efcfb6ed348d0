"""ct_emulator: simulated storages poll it in CT002 frames over real UDP sockets."""

import asyncio
import socket
from contextlib import AsyncExitStack
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowctl import RELEASE
from nodes._helpers.ct_frames import Meter, read_frame, read_poll, write_frame
from nodes.ct_emulator import TERMS, ct_emulator
from nodes.sim.b2500_poller import MAC, ct, serve
from tests.brokers import free_port
from tests.nodes.driven import Cell, driven
from tests.nodes.streams import until

HOME = "127.0.0.1"
VECTOR = b"\x01\x0253|HMG-50|AABBCCDDEEFF|HME-4|112233445566|B|-217\x036E"  # checked: AstraMeter
OURS = "112233445566"


@pytest.fixture
def port() -> int:
    return free_port()


def settings(port: int, **more: Any) -> dict[str, Any]:
    given = {"mac": MAC, "port": port, "terms": TERMS, "age": 0.0}
    return {**given, **more}


def polled(kind: str = "HME-4", meter: str = OURS, phase: str = "B") -> bytes:
    return write_frame(["HMG-50", "AABBCCDDEEFF", kind, meter, phase, "-217"])


def test_the_known_frame_is_read_and_written_as_it_is():
    assert read_frame(VECTOR) == ["HMG-50", "AABBCCDDEEFF", "HME-4", OURS, "B", "-217"]
    assert write_frame(read_frame(VECTOR)) == VECTOR
    poll = read_poll(VECTOR)
    assert poll is not None
    assert (poll.phase, poll.power) == ("B", -217.0)


@given(st.lists(st.text("abcXYZ019-", max_size=12), min_size=1, max_size=28))
def test_what_is_written_is_read_back(fields):
    frame = write_frame(fields)
    assert read_frame(frame) == fields
    assert int(frame[2:].partition(b"|")[0]) == len(frame)


@given(st.integers(0, 52), st.integers(1, 255))
def test_a_frame_with_one_wrong_byte_is_no_frame(at, change):
    broken = bytearray(VECTOR)
    broken[at] ^= change
    fields = read_frame(bytes(broken))
    assert not fields or bytes(broken).upper() == VECTOR.upper()


def test_a_small_check_sum_may_be_written_with_a_space():
    for number in range(4000):
        frame = write_frame(
            ["HMG-50", "AABBCCDDEEFF", "HME-4", OURS, "A", "x" * (number % 7) + str(number)]
        )
        if frame[-2:-1] == b"0":
            assert read_frame(frame[:-2] + b" " + frame[-1:]) == read_frame(frame) != []
            return
    pytest.fail("no such frame")


@pytest.mark.parametrize(
    "data", [b"", b"\x01", VECTOR[:-1], VECTOR + b"x", VECTOR * 30, b"\xff" * 200, b"hame"]
)
def test_other_bytes_are_no_frame(data):
    assert read_frame(data) == []
    assert read_poll(data) is None


@pytest.mark.parametrize(
    "fields",
    [
        ["HMG-50", "A", "HME-4", OURS, "B"],
        ["HMG-50", "A", "HME-4", OURS, "E", "1"],
        ["HMG-50", "A", "HME-9", OURS, "A", "1"],
        ["HMG-50", "A", "HME-4", OURS, "A", "nan"],
        ["HMG-50", "A", "HME-4", OURS, "A", "1", "0", "0"],
    ],
)
def test_other_frames_are_no_poll(fields):
    assert read_poll(write_frame(fields)) is None


@pytest.mark.parametrize(("kind", "count"), [("HME-4", 24), ("HME-3", 28)])
def test_the_answer_of_each_meter_has_its_fields(kind, count):
    question = Meter("AABBCCDDEEFF", OURS).understand(polled(kind))
    assert question is not None
    assert question.power == -217.0
    fields = read_frame(question.answer(120.4))
    assert len(fields) == count
    assert fields[:4] == [kind, OURS, "HMG-50", "AABBCCDDEEFF"]
    assert fields[4:8] == ["0", "120", "0", "120"], "on phase B, and in all"
    assert fields[8:12] == ["0", "1", "0", "1"], "one battery, so the grid is its own"


def test_numbers_of_answers_never_repeat():
    meter = Meter("AABBCCDDEEFF", OURS)
    question = meter.understand(polled())
    assert question is not None
    numbers = [read_frame(question.answer(1.0))[13] for _ in range(300)]
    assert all(one != other for one, other in pairwise(numbers))
    assert max(map(int, numbers)) == 255


@pytest.mark.parametrize(
    ("battery", "meter", "heard"),
    [
        ("aa:bb:cc:dd:ee:ff", OURS, True),
        ("AABBCCDDEEFF", "000000000000", True),
        ("AABBCCDDEEFE", OURS, False),
        ("AABBCCDDEEFF", "665544332211", False),
    ],
)
def test_only_our_battery_and_our_meter_are_meant(battery, meter, heard):
    assert (Meter(battery, OURS).understand(polled(meter=meter)) is not None) is heard


async def test_a_storage_that_polls_it_tells_its_power_and_reaches_what_is_wanted(port):
    cell = Cell()
    async with (
        driven(ct_emulator, **settings(port)) as device,
        serve(cell, ct(cell), (HOME, port), poll=0.02, patience=0.05),
    ):
        await device.hears("power", 0.0)
        await device.hears("online", True)
        device.box.put(408.0)
        await device.hears("setpoint", 408.0)
        await device.until(lambda: abs(cell.power - 408.0) <= 18)
        await device.until(lambda: abs(device.told("power")[-1] - 408.0) <= 18)


async def test_any_number_of_storages_are_told_apart_by_their_mac(port):
    macs = [f"acd929a74b2{number}" for number in range(3)]
    cells = [Cell() for _ in macs]
    async with AsyncExitStack() as stack:
        devices = [
            await stack.enter_async_context(driven(ct_emulator, **settings(port, mac=mac)))
            for mac in macs
        ]
        for cell, mac in zip(cells, macs, strict=True):
            polling = serve(cell, ct(cell, mac), (HOME, port), poll=0.02, patience=0.05)
            await stack.enter_async_context(polling)
        for number, device in enumerate(devices, 1):
            device.box.put(number * 102.0)
        for number, cell in enumerate(cells, 1):
            await until(lambda: abs(cell.power - number * 102.0) <= 18)  # noqa: B023


async def test_it_is_silent_before_the_first_command_and_after_release(port):
    cell = Cell()
    async with (
        driven(ct_emulator, **settings(port)) as device,
        serve(cell, ct(cell), (HOME, port), poll=0.02, patience=0.05) as poller,
    ):
        await device.hears("power", 0.0)
        assert poller.answers == []
        device.box.put(100.0)
        await device.until(lambda: poller.answers)
        device.box.put(RELEASE)
        await device.until(lambda: device.told("setpoint")[-1] == 0.0)
        await asyncio.sleep(0.05)
        count = len(poller.answers)
        await asyncio.sleep(0.1)
        assert len(poller.answers) == count


async def test_one_that_polls_no_more_is_offline(port, monkeypatch):
    monkeypatch.setattr("nodes._helpers.polled_meter.BEAT", 0.02)
    cell = Cell()
    async with (
        driven(ct_emulator, **settings(port, patience=0.1)) as device,
        serve(cell, ct(cell), (HOME, port), poll=0.02, patience=0.05),
    ):
        await device.hears("online", True)
        for online in (False, True):
            cell.online = online
            await device.until(lambda: device.told("online")[-1] is online)  # noqa: B023


async def test_a_two_way_battery_is_steered_both_ways(port):
    cell = Cell()

    def follow(grid: float | None) -> None:
        cell.command(cell.power + 0.8 * (grid or 0.0))

    two_way = {"step": None, "charge_power": 2500.0, "max_power": 2500.0}
    async with (
        driven(ct_emulator, **settings(port, **two_way)) as device,
        serve(cell, ct(cell), (HOME, port), poll=0.02, patience=0.05, follow=follow),
    ):
        device.box.put(-1200.0)
        await device.hears("setpoint", -1200.0)
        await device.until(lambda: abs(cell.power + 1200.0) <= 20)
        device.box.put(900.0)
        await device.until(lambda: abs(cell.power - 900.0) <= 20)


async def test_storms_of_nonsense_do_not_stop_it(port):
    cell = Cell()
    async with driven(ct_emulator, **settings(port)) as device:
        device.box.put(200.0)
        await asyncio.sleep(0.02)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            for data in (b"", VECTOR, VECTOR[:20], b"\xff" * 9000, b"\x01\x02") * 20:
                other.sendto(data, (HOME, port))
        async with serve(cell, ct(cell), (HOME, port), poll=0.02, patience=0.05):
            await device.until(lambda: abs(cell.power - 200) <= 18)
