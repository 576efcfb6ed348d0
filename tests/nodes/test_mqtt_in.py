"""mqtt_in: hear values on topics, through everything a broker and its guests may do."""

import asyncio
import gc
import shutil
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowctl import Secret
from nodes._helpers import mqtt as mqtt_link
from nodes._helpers.inbox import Inbox
from nodes._helpers.mqtt import mqtt
from nodes._helpers.mqtt_address import Broker, read_address
from nodes._helpers.mqtt_packets import publish_packet, read_publish
from nodes._helpers.mqtt_topics import covers, matches, widest
from nodes._helpers.payload import decoder
from nodes.mqtt_in import mqtt_in
from nodes.sim.broker import serve
from tests.brokers import Mosquitto, free_port
from tests.nodes.mqtt import certificates, peer
from tests.nodes.streams import LOG, Heard, hearing, until

HOME = "127.0.0.1"


@asynccontextmanager
async def ready(broker: str, topic: str, **settings: Any) -> AsyncIterator[Heard]:
    """Run the source, and go on when the broker knows what it asked for."""
    async with (
        mqtt(broker, ca=settings.get("ca", "")) as link,
        hearing(mqtt_in(broker=broker, topic=topic, log=LOG, **settings)) as heard,
    ):
        await until(lambda: (not link._session._asked and link.hearers._asked) or heard.task.done())
        yield heard


FORMATS = [
    (b"312.5", {}, 312.5),
    (b" -40 \n", {}, -40.0),
    (b"1e3", {}, 1000.0),
    (b'{"ENERGY": {"Power": 12}}', {"field": "ENERGY.Power"}, 12.0),
    (b'{"phases": [{"w": "7.5"}]}', {"field": "phases[0].w"}, 7.5),
    (b"idle", {"format": "text"}, "idle"),
    ("läuft".encode(), {"format": "text"}, "läuft"),
    (b'{"mode": "Auto"}', {"format": "text", "field": "mode"}, "Auto"),
    (b'{"mode": 3}', {"format": "text", "field": "mode"}, "3"),
    (b"ON", {"format": "bool"}, True),
    (b"0", {"format": "bool"}, False),
    (b'{"on": true}', {"format": "bool", "field": "on"}, True),
    (b'{"w": [1, {"x": 2.5}]}', {"format": "json"}, MappingProxyType({"w": (1, {"x": 2.5})})),
    (b'{"a": {"b": 1}}', {"format": "json", "field": "a"}, MappingProxyType({"b": 1})),
    (b"12", {"format": "json"}, 12),
]


@pytest.mark.parametrize(("payload", "settings", "value"), FORMATS)
async def test_a_payload_is_read_as_its_format_says(mosquitto, topic, payload, settings, value):
    async with ready(mosquitto, topic, **settings) as heard, peer(mosquitto) as other:
        await other.publish(topic, payload)
        await heard.until(value)


NONSENSE = [
    b"watt",
    b"nan",
    b"1_000",
    b"inf",
    b"-1e999",
    b'{"power": ',
    b"\xff\xfe\x00",
    b"9" * 100_000,
    b"[" * 100_000,
    b"0" * ((1 << 20) + 1),
    b"null",
    b"true",
]


async def test_nonsense_is_passed_over_and_told_once(mosquitto, topic, caplog):
    async with ready(mosquitto, topic) as heard, peer(mosquitto) as other:
        for payload in NONSENSE:
            await other.publish(topic, payload, qos=1)
        await other.publish(topic, b"1.5", qos=1)
        await heard.until(1.5)
    told = [record.message for record in caplog.records if "nonsense" in record.message]
    assert len(told) == 1
    assert len(told[0]) < 300
    assert f"after {len(NONSENSE)} odd ones" in caplog.text


async def test_nonsense_in_json_is_passed_over(mosquitto, topic):
    nonsense = [
        b"[" * 100_000 + b"]" * 100_000,
        b"[" * 33 + b"]" * 33,
        b'{"w": NaN}',
        b"{",
        b"\xff",
        b'{"w": 1e999}',
        b"x" * 2**21,
    ]
    async with ready(mosquitto, topic, format="json") as heard, peer(mosquitto) as other:
        for payload in [*nonsense, b"1"]:
            await other.publish(topic, payload, qos=1)
        await heard.until(1)


async def test_an_empty_payload_says_nothing(mosquitto, topic, caplog):
    async with ready(mosquitto, topic, format="text") as heard, peer(mosquitto) as other:
        await other.publish(topic, b"", qos=1)
        await other.publish(topic, b"on", qos=1)
        await heard.until("on")
    assert "nonsense" not in caplog.text


async def test_what_the_broker_kept_comes_first_unless_ignored(mosquitto, topic):
    async with peer(mosquitto) as other:
        await other.publish(topic, b"1", qos=1, retain=True)
        async with (
            ready(mosquitto, topic) as all_of_it,
            hearing(mqtt_in(broker=mosquitto, topic=topic, ignore_retained=True, log=LOG)) as fresh,
        ):
            await all_of_it.until(1.0)
            await asyncio.sleep(0.05)
            await other.publish(topic, b"2", qos=1, retain=True)
            await all_of_it.until(1.0, 2.0)
            await fresh.until(2.0)
        await other.publish(topic, None, qos=1, retain=True)


async def test_a_filter_hears_all_its_topics_and_no_other(mosquitto, topic):
    async with ready(mosquitto, f"{topic}/+/power") as heard, peer(mosquitto) as other:
        for name, value in [("a/power", 1), ("a/soc", 50), ("b/power", 2), ("a/b/power", 9)]:
            await other.publish(f"{topic}/{name}", str(value), qos=1)
        await other.publish(f"{topic}/c/power", "3", qos=1)
        await heard.until(1.0, 2.0, 3.0)


async def test_steps_with_overlapping_filters_hear_each_message_once(mosquitto, topic):
    async with peer(mosquitto) as other:
        await other.publish(f"{topic}/a", "1", qos=1, retain=True)
        async with (
            ready(mosquitto, f"{topic}/#") as wide,
            ready(mosquitto, f"{topic}/a") as narrow,
            ready(mosquitto, f"{topic}/a") as same,
        ):
            for step in (wide, narrow, same):
                await step.until(1.0)
            await other.publish(f"{topic}/a", "2", qos=1)
            await other.publish(f"{topic}/a", "3", qos=1)
            for step in (wide, narrow, same):
                await step.until(1.0, 2.0, 3.0)
            await wide.stop()
            await other.publish(f"{topic}/a", "4", qos=1)
            await narrow.until(1.0, 2.0, 3.0, 4.0)
        await other.publish(f"{topic}/a", None, qos=1, retain=True)


async def test_all_steps_of_one_address_share_a_connection(mosquitto, topic):
    async with (
        mqtt(mosquitto) as one,
        mqtt(mosquitto) as other,
        mqtt(f"{mosquitto}?version=5") as v5,
    ):
        assert one is other
        assert one is not v5


async def test_each_version_speaks_at_every_quality(mosquitto, topic):
    for broker in (mosquitto, f"{mosquitto}?version=5"):
        async with ready(broker, topic) as heard, peer(mosquitto) as other:
            for qos in (0, 1, 2):
                await other.publish(topic, str(qos), qos=qos)
            await heard.until(0.0, 1.0, 2.0)


async def test_after_a_restart_of_the_broker_topics_are_asked_for_again(
    own_mosquitto, topic, caplog, monkeypatch
):
    monkeypatch.setattr(mqtt_link, "SHORTEST", 0.01)
    url = own_mosquitto.url
    async with ready(url, topic) as heard, mqtt(url) as link:
        async with peer(url) as other:
            await other.publish(topic, "1")
            await heard.until(1.0)
        own_mosquitto.stop()
        await until(lambda: not link.online)
        own_mosquitto.start()
        await until(lambda: link.online and not link._session._asked)
        async with peer(url) as other:
            await other.publish(topic, "2")
            await heard.until(1.0, 2.0)
    told = [record.message for record in caplog.records if record.name == "flowctl.mqtt"]
    assert told == [f"MQTT broker {link.address} is away", f"MQTT broker {link.address} is back"]


async def test_the_status_topic_says_online_while_we_are_there(own_mosquitto):
    url = own_mosquitto.url
    async with mqtt(f"{url}?status=house/status"), peer(url, "house/status") as other:
        await until(lambda: other.kept == [("house/status", b"online")])
    async with peer(url, "house/status") as other:
        await until(lambda: other.kept == [("house/status", b"offline")])


@pytest.mark.parametrize("dies", [False, True])
async def test_one_that_leaves_does_not_take_another_offline(own_mosquitto, monkeypatch, dies):
    """Two on one broker share the topic, as a run and a look at it with `--shadow` do."""
    url = own_mosquitto.url
    offline, online = (("flowctl/status", word) for word in (b"offline", b"online"))
    monkeypatch.setattr(mqtt_link, "SHORTEST", 60.0)
    async with peer(url, "flowctl/status") as other, mqtt(url):
        async with mqtt(f"{url}?version=5") as second:
            if dies:
                second._session._paho._sock_close()
                await until(lambda: offline in other.said)
        await until(lambda: other.said[-2:] == [offline, online])


async def test_the_will_speaks_when_we_die(own_mosquitto, monkeypatch):
    url = own_mosquitto.url
    monkeypatch.setattr(mqtt_link, "SHORTEST", 60.0)
    async with peer(url, "flowctl/status") as other, mqtt(url) as link:
        link._session._paho._sock_close()
        await until(lambda: other.said[-1:] == [("flowctl/status", b"offline")])


async def refused(broker: str, **settings: Any) -> str:
    with pytest.raises(OSError) as error:  # noqa: PT011 - the text is what the tests look at
        async with hearing(mqtt_in(broker=broker, topic="a", log=LOG, **settings)) as heard:
            await heard.task
    return str(error.value)


async def test_nobody_there_says_what_to_look_at():
    port = free_port()
    said = await refused(f"mqtt://joe:sesame@127.0.0.1:{port}")
    assert said.startswith(f"nothing listens on 127.0.0.1:{port}; is the MQTT broker running")


async def test_an_unknown_host_says_so():
    said = await refused("mqtt://joe:sesame@no-such-host.invalid")
    assert said.startswith("no host is called no-such-host.invalid; check the address")


@pytest.mark.parametrize("version", ["3.1.1", "5"])
async def test_a_refused_login_says_so_and_never_the_password(tmp_path, version):
    broker = Mosquitto(tmp_path, "allow_anonymous false")
    broker.start()
    try:
        said = await refused(
            f"{broker.url}?version={version}", user="joe", password=Secret("sesame")
        )
        assert "refused the login; check user and password" in said
        assert "sesame" not in said
    finally:
        broker.stop()


async def test_a_topic_that_may_not_be_read_is_a_fault(tmp_path):
    (tmp_path / "acl").write_text("topic read house/#\n")
    broker = Mosquitto(tmp_path, f"acl_file {tmp_path / 'acl'}")
    broker.start()
    try:
        async with mqtt(broker.url) as link:
            hearer = link.hear("secret/#")
            told = asyncio.ensure_future(anext(hearer))
            await until(lambda: link.hearers._all)
            link.refused("secret/#")  # mosquitto grants what it will not deliver; others refuse
            with pytest.raises(OSError, match="refuses topic secret/#"):
                await told
    finally:
        broker.stop()


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl makes the certificates")
async def test_tls_wants_the_right_authority(tmp_path, topic):
    await asyncio.to_thread(certificates, tmp_path)
    keys = [f"certfile {tmp_path}/server.crt", f"keyfile {tmp_path}/server.key"]
    broker = Mosquitto(tmp_path, *keys)
    broker.start()
    try:
        url = f"mqtts://127.0.0.1:{broker.port}"
        assert "certificate" in (await refused(url)).lower()
        assert "no authority can be read from" in await refused(url, ca=str(tmp_path / "none"))
        ca = str(tmp_path / "ca.crt")
        async with ready(url, topic, ca=ca) as heard, mqtt(url, ca=ca) as link:
            assert isinstance(link._session._paho.socket(), ssl.SSLSocket)
            for value in range(300):
                link.say(topic, b"%d" % value)
            await heard.until(*map(float, range(300)))
    finally:
        broker.stop()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_the_broker_of_the_demo_will_do(topic):
    port = free_port()
    async with serve(HOME, port):
        url = f"mqtt://{HOME}:{port}"
        async with ready(url, topic) as heard, mqtt(url) as link:
            for value in (b"1", b"2"):
                link.say(topic, value, qos=1)
            await heard.until(1.0, 2.0)
    gc.collect()  # amqtt leaves its sockets open; let it be seen here, not in another test


class Fake(asyncio.Protocol):
    """A broker that lets everybody in and then says what it should not."""

    logins = 0
    guests: ClassVar[list[Any]] = []
    left = 0

    def __init__(self, says: bytes, *, welcomes: bool = True) -> None:
        self.says, self.welcomes = says, welcomes

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        Fake.guests.append(transport)

    def connection_lost(self, error: Exception | None) -> None:
        Fake.left += 1

    def data_received(self, data: bytes) -> None:
        if data[0] == 0x10 and self.welcomes:
            Fake.logins += 1
            of_5 = data[8] == 5
            self.transport.write(b"\x20\x03\x00\x00\x00" if of_5 else b"\x20\x02\x00\x00")
        elif data[0] >> 4 == 8:
            self.transport.write(self.says)
            self.transport.close()


@asynccontextmanager
async def fake(says: bytes, **how: Any) -> AsyncIterator[str]:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Fake(says, **how), "127.0.0.1", 0)
    async with server:
        try:
            yield f"mqtt://127.0.0.1:{server.sockets[0].getsockname()[1]}?status="
        finally:
            await asyncio.sleep(0.01)  # those who are at the door come in first
            while Fake.guests:
                Fake.guests.pop().abort()
            await asyncio.sleep(0)


EVIL = [b"\x30\x02\xff\xff", b"\x90\x03\x00\x01", b"\xff" * 9, b"\x30", b"\x90\x00", b"\x32\x00"]


@pytest.mark.parametrize("version", ["3.1.1", "5"])
@pytest.mark.parametrize("says", EVIL)
async def test_a_broker_that_talks_nonsense_is_left(says, version, monkeypatch):
    monkeypatch.setattr(mqtt_link, "SHORTEST", 0.001)
    monkeypatch.setattr(Fake, "logins", 0)
    async with (
        fake(says) as url,
        hearing(mqtt_in(broker=f"{url}&version={version}", topic="a", log=LOG)),
    ):
        await until(lambda: Fake.logins >= 3)


async def test_a_broker_that_never_answers_can_be_left(monkeypatch):
    monkeypatch.setattr("nodes._helpers.mqtt_session.PATIENCE", 0.05)
    monkeypatch.setattr(Fake, "left", 0)
    async with fake(b"", welcomes=False) as url:
        assert "does not answer" in await refused(url)
        await until(lambda: Fake.left)


async def test_who_leaves_while_connecting_leaves_nothing_behind(monkeypatch):
    """A thread of paho's cannot be stopped, so leaving waits for it, and then closes."""
    monkeypatch.setattr("nodes._helpers.mqtt_session.TO_CONNECT", 0.2)
    with socket.create_server((HOME, 0), backlog=0) as full:
        where = full.getsockname()
        crowd = [socket.socket() for _ in range(4)]
        for guest in crowd:
            guest.setblocking(False)
            guest.connect_ex(where)
        async with hearing(mqtt_in(broker=f"{HOME}:{where[1]}", topic="a", log=LOG)) as heard:
            await asyncio.sleep(0.05)
        assert heard.task.cancelled()
        for guest in crowd:
            guest.close()


async def test_who_leaves_while_logging_in_leaves_nothing_behind(monkeypatch):
    monkeypatch.setattr("nodes._helpers.mqtt_session.TO_CONNECT", 0.02)
    async with fake(b"", welcomes=False) as url:
        joining = asyncio.ensure_future(mqtt(url).__aenter__())
        await until(lambda: Fake.guests)
        joining.cancel()
        await asyncio.wait({joining})
        assert joining.cancelled()
        await until(lambda: Fake.guests[0].is_closing())


ADDRESSES = [
    ("mqtt://10.0.0.1", ("10.0.0.1", 1883, False, "", None)),
    ("10.0.0.1", ("10.0.0.1", 1883, False, "", None)),
    ("mqtts://joe:se%40me@b.lan:8884", ("b.lan", 8884, True, "joe", Secret("se@me"))),
    ("mqtts://b.lan", ("b.lan", 8883, True, "", None)),
]


@pytest.mark.parametrize(("text", "expected"), ADDRESSES)
def test_an_address_is_read(text, expected):
    read = read_address(text)
    assert (read.host, read.port, read.tls, read.user, read.password) == expected


def test_a_login_given_apart_goes_first():
    read = read_address("mqtt://joe:old@b.lan", user="ann", password=Secret("new"))
    assert (read.user, read.password) == ("ann", Secret("new"))


FAULTS = [
    ("http://b.lan", "cannot be read; write e.g. mqtt://"),
    ("mqtt://", "cannot be read"),
    ("mqtt://joe:sesame@b.lan:port", "cannot be read"),
    ("mqtt://[b.lan", "cannot be read"),
    ("mqtt://b.lan?version=4", "no MQTT version 4 here; write 3.1.1 or 5"),
    ("mqtt://b.lan?qos=1", "no option qos"),
]


@pytest.mark.parametrize(("text", "message"), FAULTS)
def test_a_wrong_address_is_refused_when_the_flow_is_read(text, message):
    with pytest.raises(ValueError, match=message) as error:
        Broker.read(text)
    assert "sesame" not in str(error.value)


def test_an_address_prints_without_its_login():
    assert repr(Broker.read("mqtts://joe:sesame@b.lan")) == "mqtts://b.lan:8883"


@pytest.mark.parametrize("pattern", ["", "a/#/b", "a+", "a/b#", "a\0"])
async def test_a_wrong_filter_is_refused(pattern):
    with pytest.raises(ValueError, match="is not a topic filter"):
        async with hearing(mqtt_in(broker="127.0.0.1", topic=pattern, log=LOG)) as heard:
            await heard.task


MATCHES = [
    ("a/b", "a/b", True),
    ("a/+", "a/b", True),
    ("a/+", "a", False),
    ("a/+", "a/b/c", False),
    ("a/#", "a", True),
    ("a/#", "a/b/c", True),
    ("#", "a/b", True),
    ("#", "$SYS/uptime", False),
    ("+/uptime", "$SYS/uptime", False),
    ("$SYS/#", "$SYS/uptime", True),
    ("+/+", "/b", True),
]


@pytest.mark.parametrize(("pattern", "topic_", "expected"), MATCHES)
def test_a_filter_matches_as_the_standard_says(pattern, topic_, expected):
    assert matches(pattern, topic_) is expected


levels = st.lists(st.sampled_from(["a", "b", "", "+"]), min_size=1, max_size=3)
patterns = st.builds(lambda parts, rest: "/".join(parts + ["#"] * rest), levels, st.booleans())
topics = st.lists(st.sampled_from(["a", "b", ""]), min_size=1, max_size=4).map("/".join)


@given(patterns, patterns, topics)
def test_a_covering_filter_matches_all_that_the_other_does(wide, narrow, name):
    if covers(wide, narrow) and matches(narrow, name):
        assert matches(wide, name)


@given(st.sets(patterns, max_size=6), topics)
def test_the_widest_filters_leave_nothing_out(asked, name):
    left = widest(asked)
    assert left <= asked
    assert any(matches(one, name) for one in asked) == any(matches(one, name) for one in left)


@given(st.text(max_size=300), st.binary(max_size=300), st.booleans(), st.booleans(), st.binary())
def test_a_plain_message_is_read_as_it_was_written(topic_, payload, retain, properties, after):
    packet = publish_packet(topic_, payload, retain=retain, properties=properties)
    read = read_publish(b"x" + packet + after, 1, properties=properties)
    assert read == (topic_, payload, retain, 1 + len(packet))
    for cut in range(len(packet)):
        assert read_publish(bytes(packet[:cut]), 0, properties=properties) is None


@given(st.binary(max_size=40), st.booleans())
def test_no_block_of_bytes_is_too_odd_to_look_at(block, properties):
    read = read_publish(b"\x30" + block, 0, properties=properties)
    assert read is None or read.end <= 1 + len(block)


@given(
    st.binary(max_size=60) | st.text().map(str.encode),
    st.sampled_from(["number", "text", "json", "bool"]),
    st.sampled_from(["", "a", "a.b[0]"]),
)
def test_a_payload_is_a_value_or_a_value_error(payload, format, field):
    try:
        value = decoder(format, field)(payload)
    except ValueError:
        return
    assert not isinstance(value, float) or abs(value) < float("inf")


async def test_an_inbox_keeps_order_until_it_is_full_then_the_newest_of_each_key():
    inbox: Inbox[int] = Inbox(bound=6)
    for value in range(6):
        inbox.put("ab"[value % 2], value)
    assert [await anext(inbox) for _ in range(2)] == [0, 1]
    for value in range(6, 10):
        inbox.put("ab"[value % 2], value)
    assert [await anext(inbox) for _ in range(4)] == [6, 7, 8, 9]
    assert inbox.conflated == 4


async def test_an_inbox_is_bounded_whatever_the_keys():
    inbox: Inbox[int] = Inbox(bound=6)
    for value in range(100):
        inbox.put(str(value), value)
    assert len(inbox._held) <= 6
    held = [await anext(inbox) for _ in range(len(inbox._held))]
    assert held == list(range(100 - len(held), 100))
    assert inbox.conflated == 100 - len(held)
