"""udp_in: one value per datagram."""

import json
from types import MappingProxyType
from typing import Any

import pytest

from nodes._helpers.udp import udp
from nodes.udp_in import udp_in
from tests.brokers import free_port
from tests.nodes.streams import LOG, hearing, until

HOME = "127.0.0.1"


class Hall:
    """A port to hear on, and somebody who sends to it."""

    def __init__(self, sender: Any, port: int) -> None:
        self.sender, self.port = sender, port

    def send(self, *payloads: bytes) -> None:
        for payload in payloads:
            self.sender.send(payload, (HOME, self.port))


@pytest.fixture
async def hall():
    async with udp(0, HOME) as sender:
        yield Hall(sender, free_port())


def source(hall: Hall, **settings: Any) -> Any:
    return hearing(udp_in(port=hall.port, host=HOME, log=LOG, **settings))


async def listening(hall: Hall) -> None:
    """Go on when the source has opened its port: then this joins it."""
    async with udp(hall.port, HOME) as port:
        await until(lambda: len(port._listeners) > 1)


FORMATS = [
    (b"312.5", {}, 312.5),
    (b"-40\n", {}, -40.0),
    (b'{"a": {"w": 12}}', {"field": "a.w"}, 12.0),
    (b"idle", {"format": "text"}, "idle"),
    (b"on", {"format": "bool"}, True),
    (b'{"w": [1]}', {"format": "json"}, MappingProxyType({"w": (1,)})),
]


@pytest.mark.parametrize(("payload", "settings", "value"), FORMATS)
async def test_a_datagram_is_read_as_its_format_says(hall, payload, settings, value):
    async with source(hall, **settings) as heard:
        await listening(hall)
        hall.send(payload)
        await heard.until(value)


async def test_datagrams_come_in_order(hall):
    async with source(hall) as heard:
        await listening(hall)
        hall.send(*(b"%d" % number for number in range(100)))
        await heard.until(*map(float, range(100)))


NONSENSE = [
    b"",
    b"watt",
    b"nan",
    b"1_000",
    b"-inf",
    b"\xff\xfe",
    b'{"w": ',
    b"9" * 60_000,
    b"[" * 60_000,
]


@pytest.mark.parametrize("settings", [{}, {"field": "w"}, {"format": "bool"}])
async def test_nonsense_is_passed_over_and_told_once(hall, caplog, settings):
    good = {"number": b"1", "bool": b"1"}[settings.get("format", "number")]
    good = json.dumps({"w": 1}).encode() if "field" in settings else good
    async with source(hall, **settings) as heard:
        await listening(hall)
        hall.send(*NONSENSE, good)
        await heard.until(1.0)
    assert len([r for r in caplog.records if "talks nonsense" in r.message]) == 1


async def test_others_than_the_sender_wanted_are_not_heard(hall):
    async with source(hall, sender="127.0.0.2") as heard, udp(0, "127.0.0.2") as wanted:
        await listening(hall)
        hall.send(b"1")
        wanted.send(b"2", (HOME, hall.port))
        await heard.until(2.0)


async def test_several_steps_hear_on_one_port(hall):
    async with source(hall, field="a") as one, source(hall, field="b") as other:
        async with udp(hall.port, HOME) as port:
            await until(lambda: len(port._listeners) > 2)
        hall.send(b'{"a": 1, "b": 2}')
        await one.until(1.0)
        await other.until(2.0)


async def test_a_port_in_use_is_a_fault(hall):
    async with source(hall) as heard:
        taken = int(hall.sender.number)
        async with hearing(udp_in(port=taken, host=HOME, log=LOG)) as late:
            with pytest.raises(OSError, match=f"cannot listen on UDP port {taken}"):
                await late.task
        assert not heard.task.done()
