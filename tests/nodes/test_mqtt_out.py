"""mqtt_out: publish a stream, whatever the broker does meanwhile."""

import asyncio
import json
import math
import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowctl import RELEASE, Battery, Latest, Plan
from flowctl.values import Share
from nodes._helpers import mqtt as mqtt_link
from nodes._helpers.mqtt import Link, mqtt
from nodes._helpers.payload import encoder
from nodes.mqtt_in import mqtt_in
from nodes.mqtt_out import mqtt_out
from tests.nodes.mqtt import peer
from tests.nodes.streams import LOG, hearing, saying, until

PLAN = Plan(watts={"left": 300.0, "right": -0.5}, reasons={"left": "limit"}, unmet=20.0)
TEXTS = [
    (300.0, {}, b"300"),
    (-0.25, {}, b"-0.25"),
    (Share(12.0, 5.0, "limit"), {}, b"12"),
    (1e22, {}, b"1e+22"),
    (12.3456, {"decimals": 1}, b"12.3"),
    (12.3456, {"decimals": 0}, b"12"),
    (True, {}, b"true"),
    (True, {"decimals": 1}, b"true"),
    (False, {"format": "onoff"}, b"OFF"),
    (True, {"format": "onoff"}, b"ON"),
    ("läuft", {}, "läuft".encode()),
    ("on", {"format": "json"}, b'"on"'),
    (Battery(power=300.0, soc=60.5), {}, b'{"power": 300, "soc": 60.5}'),
    (Battery(power=1.0, power_at=4.0, online=True), {}, b'{"power": 1, "online": true}'),
    (
        PLAN,
        {},
        b'{"watts": {"left": 300, "right": -0.5}, "reasons": {"left": "limit"}, "unmet": 20}',
    ),
    (MappingProxyType({"a": (1.0, "b")}), {}, b'{"a": [1, "b"]}'),
    (None, {}, b"null"),
]


@pytest.mark.parametrize(("value", "settings", "payload"), TEXTS)
async def test_a_value_is_written_as_its_kind_wants(mosquitto, topic, value, settings, payload):
    async with peer(mosquitto, topic) as other:
        async with saying(mqtt_out, broker=mosquitto, topic=topic, **settings) as box:
            box.put(value)
        await other.hears(payload)


async def test_what_cannot_be_written_is_passed_over(mosquitto, topic, caplog):
    async with (
        peer(mosquitto, topic) as other,
        saying(mqtt_out, broker=mosquitto, topic=topic) as box,
    ):
        for value in (math.nan, RELEASE, 1.0):
            box.put(value)
            await until(lambda: not box._full.is_set())
        await other.hears(b"1")
    assert [r.message for r in caplog.records if "nonsense" in r.message] != []


@pytest.mark.parametrize("version", ["3.1.1", "5"])
@pytest.mark.parametrize("qos", [0, 1, 2])
async def test_a_message_arrives_at_each_quality(mosquitto, topic, qos, version):
    async with peer(mosquitto, topic) as other:
        broker = f"{mosquitto}?version={version}"
        async with saying(mqtt_out, broker=broker, topic=topic, qos=qos) as box:
            box.put(1.0)
        await other.hears(b"1")


async def test_a_retained_value_waits_for_those_who_come_later(mosquitto, topic):
    async with saying(mqtt_out, broker=mosquitto, topic=topic, retain=True) as box:
        box.put(1.0)
    async with peer(mosquitto, topic) as other:
        await until(lambda: other.kept == [(topic, b"1")])
        await other.publish(topic, None, retain=True)


@asynccontextmanager
async def restarted(broker: Any, link: Link) -> AsyncIterator[None]:
    broker.stop()
    await until(lambda: not link.online)
    yield
    broker.start()
    await until(lambda: link.online)


@pytest.fixture
def soon(monkeypatch):
    monkeypatch.setattr(mqtt_link, "SHORTEST", 0.01)


async def test_after_a_restart_the_newest_is_said_again(own_mosquitto, topic, soon):
    url, settings = own_mosquitto.url, {"retain": True}
    async with mqtt(url) as link, saying(mqtt_out, broker=url, topic=topic, **settings) as box:
        async with peer(url, topic) as other:
            for value in (1.0, 2.0):
                box.put(value)
                await until(lambda: not box._full.is_set())
            await other.hears(b"1", b"2")
        async with restarted(own_mosquitto, link):
            pass
        async with peer(url, topic) as other:
            await until(lambda: (topic, b"2") in other.kept)


async def test_while_the_broker_is_away_only_the_newest_waits(own_mosquitto, topic, soon, caplog):
    url = own_mosquitto.url
    async with mqtt(url) as link, saying(mqtt_out, broker=url, topic=topic, retain=True) as box:
        async with restarted(own_mosquitto, link):
            for value in (1.0, 2.0, 3.0):
                box.put(value)
                await until(lambda: not box._full.is_set())
            assert link.outbox.conflated == 2
        async with peer(url, topic) as other:
            await until(lambda: other.kept == [(topic, b"3")])
    assert "is back; overtaken by newer values: 2" in caplog.text


async def test_an_event_is_not_said_twice_nor_late(own_mosquitto, topic, soon, caplog):
    url = own_mosquitto.url
    settings: dict[str, Any] = {"retain": True, "event": True}
    async with mqtt(url) as link, saying(mqtt_out, broker=url, topic=topic, **settings) as box:
        box.put("pressed")
        await until(lambda: not box._full.is_set())
        async with restarted(own_mosquitto, link):
            box.put("pressed")
            await until(lambda: link.outbox.lost == 1)
        async with peer(url, f"{topic}/#", topic) as other:
            await other.publish(f"{topic}/end", b"end", qos=1)
            await other.hears(b"end")
            assert other.kept == []
    assert "is back; events lost: 1" in caplog.text


async def test_events_that_must_arrive_all_wait(own_mosquitto, topic, soon):
    url = own_mosquitto.url
    async with mqtt(url) as link:
        async with restarted(own_mosquitto, link):
            for number in range(3):
                link.say(topic, b"%d" % number, qos=1, retain=True, event=True)
        async with peer(url, topic) as other:
            await until(lambda: (other.kept + other.said)[-1:] == [(topic, b"2")])
        assert (link.outbox.lost, link.outbox.conflated) == (0, 0)


async def test_a_topic_nobody_speaks_on_any_more_is_not_said_again(own_mosquitto, topic, soon):
    url = own_mosquitto.url
    async with mqtt(url) as link:
        async with saying(mqtt_out, broker=url, topic=topic, retain=True) as box:
            box.put(1.0)
        async with restarted(own_mosquitto, link):
            pass
        async with peer(url, f"{topic}/#") as other:
            await other.publish(f"{topic}/end", b"end", qos=1)
            await other.hears(b"end")
            assert other.kept == []


@pytest.mark.parametrize("qos", [0, 1])
async def test_a_broker_that_stalls_gets_the_newest_of_each_topic(own_mosquitto, topic, qos):
    url = own_mosquitto.url
    async with mqtt(url) as link, peer(url, f"{topic}/end") as other:
        pid = own_mosquitto._process.pid
        os.kill(pid, signal.SIGSTOP)
        try:
            padding = b" " * 2000
            for number in range(20_000):
                link.say(f"{topic}/a", b"%d" % number + padding, qos=qos)
                if not number % 100:
                    await asyncio.sleep(0)
            link.say(f"{topic}/end", b"end", qos=qos)
            assert link.outbox.conflated > 10_000
            assert len(link.outbox._waiting) == 2
            assert len(link._session._lane._out) < 300_000
        finally:
            os.kill(pid, signal.SIGCONT)
        await other.hears(b"end")
        assert link.outbox.is_empty


async def test_leaving_sends_what_waits(own_mosquitto, topic):
    url = own_mosquitto.url
    async with peer(url, f"{topic}/+") as other:
        async with mqtt(url) as link:
            for number in range(500):
                link.say(f"{topic}/{number}", b"x", qos=1)
            assert not link.outbox.is_empty
        await other.hears(*[b"x"] * 500)


async def test_a_lone_message_leaves_before_the_turn_is_over(mosquitto, topic):
    parts = urlsplit(mosquitto)
    hello = b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01t"
    name = len(topic).to_bytes(2, "big") + topic.encode()
    ask = b"\x82" + bytes([len(name) + 3]) + b"\x00\x01" + name + b"\x00"
    other = socket.create_connection((parts.hostname, parts.port), timeout=10)
    with other, other.makefile("rb") as told:
        other.sendall(hello + ask)
        acknowledged = told.read(9)
        async with mqtt(mosquitto) as link:
            await asyncio.sleep(0.01)  # what opening it left to say
            link.say(topic, b"alone")
            heard = told.read(len(name) + 7)  # our loop does nothing meanwhile
    assert acknowledged[:1] + acknowledged[4:5] == b"\x20\x90"
    assert heard.endswith(name + b"alone")


async def test_a_burst_passes_a_chain_of_steps_without_loss(mosquitto, topic):
    """In 1000 values at once, none gives way to another: each step keeps step with the wire."""
    box: Latest[Any] = Latest()
    settings = {"broker": mosquitto, "log": LOG}
    out = asyncio.create_task(mqtt_out(box, topic=f"{topic}/out", **settings))
    async with peer(mosquitto, f"{topic}/out") as other, mqtt(mosquitto) as link:

        async def chain() -> AsyncIterator[None]:
            async for value in mqtt_in(topic=f"{topic}/in", **settings):
                box.put(value * 2 + 1)
                yield

        async with hearing(chain()):
            await until(lambda: link.hearers._asked and not link._session._asked)
            for number in range(1000):
                await other.publish(f"{topic}/in", b"%d" % number)
            await other.hears(*(b"%d" % (2 * number + 1) for number in range(1000)))
    box.close()
    await out
    assert box.conflated == 0


@pytest.mark.parametrize("wrong", ["", "a/+", "a/#", "x" * 70_000])
async def test_a_wrong_topic_is_refused(wrong):
    with pytest.raises(ValueError, match="topic"):
        async with saying(mqtt_out, broker="127.0.0.1", topic=wrong):
            pass


plain = st.recursive(
    st.floats(allow_nan=False, allow_infinity=False) | st.text() | st.booleans() | st.none(),
    lambda inner: st.tuples(inner, inner) | st.dictionaries(st.text(), inner),
)


@given(plain)
def test_what_is_written_as_json_reads_back_equal(value):
    def lists(part: Any) -> Any:
        if isinstance(part, tuple):
            return [lists(item) for item in part]
        return {k: lists(v) for k, v in part.items()} if isinstance(part, dict) else part

    assert json.loads(encoder("json")(value)) == lists(value)
