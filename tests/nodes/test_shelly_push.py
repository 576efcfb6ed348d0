"""shelly: meters that tell by themselves, over a WebSocket and over MQTT."""

import asyncio
import json
from contextlib import asynccontextmanager, suppress
from hashlib import sha256
from pathlib import Path

import pytest
from aiohttp import WSMsgType, web
from hypothesis import given
from hypothesis import strategies as st

from flowctl import Log, Secret
from nodes._helpers.mqtt_hearers import Message
from nodes._helpers.shelly_frames import merged, told
from nodes._helpers.shelly_push import Meter, Phases, Topics
from nodes.shelly import shelly, somewhere
from tests.nodes.mqtt import peer
from tests.nodes.streams import hearing, until
from tests.nodes.web import website

LOG = Log("meter")
FIXTURES = Path(__file__).parent.parent / "fixtures" / "shelly"
PRO3EM = json.loads((FIXTURES / "pro3em_status.json").read_text())
EM50 = {"em1:0": {"id": 0, "act_power": -71.5}, "em1:1": {"id": 1, "act_power": 300.0}}
NONCE = {"auth_type": "digest", "nonce": 1625038762, "nc": 1, "realm": "shellypro3em-a"}


def news(parts, method="NotifyStatus"):
    return json.dumps(
        {"src": "shellypro3em-a", "dst": "flowctl", "method": method, "params": parts}
    )


def total(watts):
    return news({"ts": 1.0, "em:0": {"id": 0, "total_act_power": watts}})


class Device:
    """A meter with a WebSocket that tells who asked once."""

    def __init__(self, status, password=""):
        self.status, self.password = status, password
        self.sockets, self.asked = [], []
        self.silent = False

    async def answer(self, request):
        if request.path != "/rpc":
            return web.json_response({"gen": 2})
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for heard in socket:
            if heard.type is WSMsgType.TEXT and not self.silent:
                self.asked.append(json.loads(heard.data))
                await socket.send_json(self._reply(self.asked[-1]))
                self.sockets.append(socket)
        return socket

    async def push(self, *texts):
        await until(lambda: self.sockets)
        for text in texts:
            send = self.sockets[-1].send_bytes if isinstance(text, bytes) else None
            await (send or self.sockets[-1].send_str)(text)

    def _reply(self, asked):
        head = {"id": asked["id"], "src": "shellypro3em-a", "dst": asked["src"]}
        if self.password and not self._let_in(asked.get("auth")):
            return head | {"error": {"code": 401, "message": json.dumps(NONCE)}}
        return head | {"result": self.status}

    def _let_in(self, auth):
        if not auth:
            return False
        mine, what = (
            sha256(text.encode()).hexdigest()
            for text in (f"admin:shellypro3em-a:{self.password}", "dummy_method:dummy_uri")
        )
        wanted = f"{mine}:1625038762:1:{auth['cnonce']}:auth:{what}"
        return auth["response"] == sha256(wanted.encode()).hexdigest()


@asynccontextmanager
async def pushing(device, **settings):
    async with website(device.answer) as host:
        source = shelly(host=host, push=True, log=LOG, **settings)
        async with hearing(source) as heard:
            yield heard
        for socket in device.sockets:
            await socket.close()


async def test_each_value_comes_as_the_meter_tells_it_and_import_is_positive():
    device = Device(PRO3EM)
    async with pushing(device) as heard:
        await device.push(total(-300.5), news({"sys": {"uptime": 9}}), total(12))
        await heard.until(2413.825, -300.5, 12.0)
    [asked] = device.asked
    assert (asked["method"], bool(asked["src"])) == ("Shelly.GetStatus", True)


async def test_only_what_changed_is_told_and_the_rest_is_as_before():
    device = Device(EM50)
    async with pushing(device, clamp="all") as heard:
        await device.push(news({"em1:0": {"act_power": 100}}), news({"em1:1": {"voltage": 231}}))
        await heard.until(228.5, 400.0, 400.0)
    whole = news({"em1:0": {"act_power": 1}, "em1:1": {"act_power": 2}}, "NotifyFullStatus")
    device.sockets.clear()
    async with pushing(device, clamp="b") as heard:
        await device.push(news({"em1:0": {"act_power": 100}}), whole)
        await heard.until(300.0, 2.0)


async def test_when_nothing_changes_it_is_asked_and_a_meter_that_does_not_answer_is_away():
    device = Device(PRO3EM)
    async with pushing(device, patience=0.05) as heard:
        await until(lambda: len(heard.values) > 3)
        assert set(heard.values) == {2413.825}
        device.silent = True
        await until(heard.task.done)
        with pytest.raises(TimeoutError, match=r"said nothing for 0\.05s"):
            heard.task.result()


async def test_a_lost_connection_is_raised():
    device = Device(PRO3EM)
    async with pushing(device) as heard:
        await until(lambda: heard.values)
        await device.sockets[-1].close()
        await until(heard.task.done)
        with pytest.raises(OSError, match="hung up"):
            heard.task.result()


async def test_a_password_is_not_sent_but_proved():
    device = Device(PRO3EM, password="secret")
    async with pushing(device, password=Secret("secret"), patience=0.1) as heard:
        await until(lambda: len(heard.values) > 2)
    assert "secret" not in json.dumps(device.asked)
    for password in (None, Secret("wrong")):
        async with pushing(device, password=password) as heard:
            await until(heard.task.done)
            with pytest.raises(OSError, match="give it as password"):
                heard.task.result()


@pytest.mark.parametrize(
    ("status", "clamp", "said"),
    [
        (EM50, "auto", "two clamps"),
        (EM50, "c", "no clamp c"),
        ({"switch:0": {}}, "auto", "no energy meter"),
        ([], "auto", "a status that is not one"),
    ],
)
async def test_what_it_cannot_measure_is_told(status, clamp, said):
    async with pushing(Device(status), clamp=clamp) as heard:
        await until(heard.task.done)
        with pytest.raises(OSError, match=rf"127\.0\.0\.1:\d+.*{said}"):
            heard.task.result()


NONSENSE = [
    "",
    "<html>",
    "[]",
    "null",
    "[" * 100_000,
    b"\x00\x01",
    '{"id": 1, "error": {"code": -105, "message": "no"}}',
    '{"method": "NotifyStatus", "params": []}',
    *(total(odd) for odd in (None, "12", True, float("nan"), 10**400)),
    news({"em:0": []}),
    news({"em:0": {"errors": ["power_meter_failure"]}}),
]


@pytest.mark.parametrize("nonsense", NONSENSE)
async def test_nonsense_is_told_once_and_passed_over(nonsense, caplog):
    device = Device(PRO3EM)
    healed = news({"em:0": {"errors": [], "total_act_power": 5}})
    async with pushing(device) as heard:
        await device.push(nonsense, nonsense, healed)
        await heard.until(2413.825, 5.0)
    said = [record.message for record in caplog.records if record.name == "meter"]
    assert len(said) == 2
    assert "makes sense again, after 2 odd ones" in said[1]


async def test_a_message_without_end_is_a_lost_connection_and_not_memory():
    device = Device(PRO3EM)
    async with pushing(device) as heard:
        await device.push(total(1) + " " * 2_000_000)
        await until(heard.task.done)
        with pytest.raises(OSError, match="hung up"):
            heard.task.result()


NOT_GIVEN = {"host": "", "broker": None, "topic": "", "push": False, "gen": "auto"}


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"host": "a", "broker": Secret("mqtt://h"), "topic": "t"},
        {"broker": Secret("mqtt://h")},
        {"host": "a", "topic": "t"},
    ],
)
def test_where_it_is_must_be_said_once(settings):
    with pytest.raises(ValueError, match="at a host, or at a broker with its topic"):
        somewhere(**NOT_GIVEN | settings)


def test_the_first_generation_has_no_websocket():
    with pytest.raises(ValueError, match="except over a broker"):
        somewhere(**NOT_GIVEN | {"host": "a", "gen": "1", "push": True})


@asynccontextmanager
async def on_broker(broker, topic, **settings):
    """A later generation at a broker, and the source that hears it."""
    name = topic.replace("test/", "shellypro3em-")
    async with peer(broker, f"{name}/rpc") as device:
        source = shelly(broker=Secret(broker), topic=name, log=LOG, **settings)
        async with hearing(source) as heard:
            await until(lambda: device.said)
            yield name, device, heard


async def reply(device, status):
    asked = json.loads(device.said[-1][1])
    answer = {"id": asked["id"], "src": "x", "dst": asked["src"], "result": status}
    await device.publish(f"{asked['src']}/rpc", json.dumps(answer))


async def test_over_mqtt_it_is_asked_once_and_then_tells(mosquitto, topic):
    async with on_broker(mosquitto, topic) as (name, device, heard):
        await device.publish(f"{name}/events/rpc", total(1))  # a change of what is not known yet
        await reply(device, PRO3EM)
        await device.publish(f"{name}/events/rpc", total(-300.5))
        await device.publish(f"{name}/status/em:0", '{"id": 0, "total_act_power": 77}')
        await device.publish(f"{name}/status/switch:0", '{"apower": 5}')
        await device.publish(f"{name}/status/em:0", '{"id": 0, "total_act_power": 78}')
        await heard.until(2413.825, -300.5, 77.0, 78.0)


async def test_over_mqtt_status_topics_alone_are_enough(mosquitto, topic):
    async with on_broker(mosquitto, topic, clamp="b") as (name, device, heard):
        await device.publish(f"{name}/status/em1:0", json.dumps(EM50["em1:0"]))
        await device.publish(f"{name}/status/em1:1", json.dumps(EM50["em1:1"]))
        await heard.until(300.0)


async def test_over_mqtt_a_silent_one_is_asked_again_and_one_that_is_gone_is_forgotten(
    mosquitto, topic
):
    async with on_broker(mosquitto, topic, patience=0.1) as (name, device, heard):
        await until(lambda: len(device.said) > 1)
        await reply(device, PRO3EM)
        await until(lambda: heard.values)
        await device.publish(f"{name}/online", "false", retain=True)
        await device.publish(f"{name}/events/rpc", total(5))  # after it is back: too little
        await device.publish(f"{name}/online", "true", retain=True)
        await reply(device, EM50 | PRO3EM)
        await until(lambda: len(heard.values) == 2)
        await device.publish(f"{name}/online", None, retain=True)
    assert heard.values == [2413.825, 2413.825]


async def test_over_mqtt_what_the_broker_kept_is_old(mosquitto, topic):
    name = topic.replace("test/", "shellypro3em-")
    async with peer(mosquitto) as other:
        await other.publish(f"{name}/status/em:0", '{"total_act_power": 1}', retain=True)
        async with on_broker(mosquitto, topic) as (_, device, heard):
            await device.publish(f"{name}/status/em:0", '{"total_act_power": 2}')
            await heard.until(2.0)
        await other.publish(f"{name}/status/em:0", None, retain=True)


async def test_over_mqtt_the_first_generation_tells_clamp_by_clamp(mosquitto, topic):
    name = topic.replace("test/", "shellies/shellyem3-")
    async with peer(mosquitto) as device:
        source = shelly(broker=Secret(mosquitto), topic=name, log=LOG)
        async with hearing(source) as heard:
            while not heard.values:  # until it listens
                for clamp, watts in enumerate(["100.5", "-400", "20"]):
                    await device.publish(f"{name}/emeter/{clamp}/power", watts)
                await asyncio.sleep(0.01)
            await device.publish(f"{name}/emeter/0/pf", "0.9")
            await device.publish(f"{name}/emeter/0/power", "nan")
            await device.publish(f"{name}/emeter/1/power", "30")
            await until(lambda: heard.values[-1] == 100.5 + 30 + 20)
    assert set(heard.values) == {-279.5, 150.5}


async def test_a_broker_that_restarts_is_heard_again(own_mosquitto, topic):
    url = own_mosquitto.url
    async with on_broker(url, topic, patience=0.2) as (name, device, heard):
        await reply(device, PRO3EM)
        await heard.until(2413.825)
        own_mosquitto.stop()
        own_mosquitto.start()
        async with peer(url, f"{name}/rpc") as device:
            await until(lambda: device.said)
            await reply(device, EM50 | PRO3EM)
            await heard.until(2413.825, 2413.825)


@pytest.mark.parametrize("odd", [b"", b"{", b"[]", b"nan", b"\xff", b"5" + b" " * 2_000_000])
async def test_over_mqtt_nonsense_is_told_once_and_passed_over(mosquitto, topic, odd, caplog):
    async with on_broker(mosquitto, topic) as (name, device, heard):
        for _ in range(2):
            await device.publish(f"{name}/status/em:0", odd)
            await device.publish(f"{name}/events/rpc", odd)
        await device.publish(f"{name}/status/em:0", '{"total_act_power": 7}')
        await heard.until(7.0)
    said = [line.message for line in caplog.records if "nonsense" in line.message]
    assert len(said) == (1 if odd else 0)  # an empty one only deletes what a broker kept


@pytest.mark.parametrize(
    ("topic", "clamp", "count"),
    [
        ("shellies/shellyem3-A", "auto", 3),
        ("shellies/shellyem3-A", "c", 1),
        ("shellies/shellyem-A", "all", 2),
        ("shellies/grid", "all", 3),
    ],
)
def test_how_many_clamps_there_are_is_in_the_name(topic, clamp, count):
    meter = Phases(topic, clamp)
    said = [meter.hear(Message(f"{topic}/emeter/{n}/power", b"5", False)) for n in range(3)]
    assert 5.0 * count in said


def test_a_meter_of_two_clamps_must_be_told_which():
    with pytest.raises(ValueError, match="two clamps"):
        Phases("shellies/shellyem-A", "auto")


NAMES = ["em:0", "em1:0", "em1:1", "act_power", "total_act_power", "method", "params", "result"]
PART = st.recursive(
    st.none() | st.integers() | st.floats() | st.just("NotifyStatus") | st.text(max_size=5),
    lambda part: (
        st.lists(part, max_size=3) | st.dictionaries(st.sampled_from(NAMES), part, max_size=4)
    ),
)
WAYS = st.sampled_from(["status/em:0", "status/em1:0", "events/rpc", "online", "status/sys"])


@given(st.lists(st.tuples(WAYS, PART), max_size=6), st.sampled_from(["auto", "all", "a", "b", "c"]))
def test_whatever_comes_gives_a_finite_number_or_is_refused(frames, clamp):
    topics, meter = Topics("x", clamp), Meter(clamp)
    for way, said in frames:
        text = json.dumps(said).encode()
        for take_it in (
            lambda way=way, text=text: topics.hear(Message(f"x/{way}", text, False)),
            lambda text=text: meter.take(json.loads(text)),
        ):
            with suppress(ValueError):
                watts = take_it()
                assert watts is None or abs(watts) < float("inf")


@given(
    st.dictionaries(st.sampled_from(NAMES), st.dictionaries(st.sampled_from(NAMES), st.floats()))
)
def test_a_change_never_tells_of_what_is_not_known(news_):
    assert merged({}, news_, "changes") == {}
    assert set(merged({"em:0": {}}, news_, "changes")) == {"em:0"}
    assert told({"method": "NotifyEvent", "params": news_}) == ({}, "changes")
