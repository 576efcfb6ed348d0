"""The streams that docs/sources.md shows, run as flows: a real broker, a real web server."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from flowctl.live.run import run
from flowctl.live.session import Options
from tests.brokers import Mosquitto
from tests.nodes.mqtt import Peer, peer
from tests.nodes.streams import until
from tests.nodes.web import saying, website
from tests.test_sources_page import PAGE, PAIRS

FIXTURES = Path(__file__).parent / "fixtures" / "tasmota"
SAID = "said/"
Say = Callable[[Peer], Awaitable[None]]


def lines(name: str) -> list[Any]:
    return [json.loads(line) for line in (FIXTURES / name).read_text().splitlines() if line]


@asynccontextmanager
async def running(folder: Path, streams: str, broker: str, web: str = ""):
    """Run streams as a flow whose values are said on the broker."""
    shown = re.sub(r"mqtt://192\.168\.1\.\d+", broker, streams)
    shown = re.sub(r"http://192\.168\.1\.\d+(:\d+)?", f"http://{web}", shown)
    shown = re.sub(r"every: \d+s", "every: 100ms", shown)
    for name in yaml.safe_load(streams)["streams"]:
        out = f"{{broker: '{broker}', topic: {SAID}{name}}}"
        shown += f"  shown_{name}:\n    - from: {name}\n    - mqtt_out: {out}\n"
    flow = folder / "shown.yaml"
    flow.write_text(f"flow: shown\n{shown}")
    task = asyncio.create_task(run([flow], Options(watch=False)))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def heard(other: Peer, say: Say, name: str, *values: float) -> None:
    """Say something until the stream has heard it, and wait for just these values."""

    def found() -> list[float]:
        return [float(text) for topic, text in other.said if topic == f"{SAID}{name}"]

    while not other.said:
        await say(other)
        await asyncio.sleep(0.02)
    await until(lambda: found() and found()[-1] == values[-1])
    assert set(found()) == set(values)


def topic_of(streams: str) -> str:
    found = re.search(r"topic: ([^,}]+)", streams)
    return found[1] if found else ""


BY_MQTT = [(said, streams) for said, streams in PAIRS if "mqtt_in" in streams]
BY_HTTP = [(said, streams) for said, streams in PAIRS if "http_get" in streams]
VALUES = {"SML": -210.0, "-312.4": -312.4, "612.3": 612.3, "StatusSNS": -412.0, "tuples": -98.7}


def value_of(said: str) -> float:
    return next(value for part, value in VALUES.items() if part in said)


@pytest.mark.parametrize(("said", "streams"), BY_MQTT)
async def test_what_is_shown_for_mqtt_works_on_a_broker(
    tmp_path: Path, own_mosquitto: Mosquitto, said: str, streams: str
) -> None:
    [name] = yaml.safe_load(streams)["streams"]
    broker, topic = own_mosquitto.url, topic_of(streams)

    async def say(other: Peer) -> None:
        for odd in ("", "nan", "{", "x" * 100_000):
            await other.publish(topic, odd)
        await other.publish(topic, said)

    async with peer(broker, f"{SAID}#") as other, running(tmp_path, streams, broker):
        await heard(other, say, name, value_of(said))
        own_mosquitto.stop()
        own_mosquitto.start()
        async with peer(broker, f"{SAID}#") as again:
            await heard(again, say, name, value_of(said))


@pytest.mark.parametrize(("said", "streams"), BY_HTTP)
async def test_what_is_shown_for_http_works_on_a_server(
    tmp_path: Path, mosquitto: str, said: str, streams: str
) -> None:
    [name] = yaml.safe_load(streams)["streams"]
    asked: list[Any] = []
    async with (
        website(saying("<html>", "", said, asked=asked)) as web,
        peer(mosquitto, f"{SAID}{name}") as other,
        running(tmp_path, streams, mosquitto, web),
    ):
        await until(lambda: other.said)
    assert float(other.said[0][1]) == value_of(said)
    assert str(asked[0].rel_url) in streams.replace("%20", " ").replace(" ", "%20")


async def test_several_values_are_taken_of_one_message(tmp_path: Path, mosquitto: str) -> None:
    [streams] = [
        text for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL) if "dsmr/" in text
    ]
    said = {"power_delivered": 0.1, "power_returned": 1.35, "phase_voltage_l1": 231}

    async def say(other: Peer) -> None:
        await other.publish("dsmr/json", json.dumps(said))

    both = (f"{SAID}meter", f"{SAID}voltage")
    async with peer(mosquitto, *both) as other, running(tmp_path, streams, mosquitto):
        await heard(other, say, "meter", -1250.0)
        await heard(other, say, "voltage", 231.0)


async def test_a_tasmota_plug_of_the_wild_is_read_and_its_state_is_not_its_power(
    tmp_path: Path, mosquitto: str, topic: str
) -> None:
    sensor, state = (line["payload"] for line in lines("energy_lines.jsonl"))
    streams = (
        f"streams:\n  plug:\n    - mqtt_in: {{broker: '{mosquitto}', topic: {topic}/+, "
        "field: ENERGY.Power, unit: W}\n"
    )

    async def say(other: Peer) -> None:
        await other.publish(f"{topic}/STATE", state)
        await other.publish(f"{topic}/SENSOR", sensor.replace('"Power":0', '"Power":412'))

    async with peer(mosquitto, f"{SAID}plug") as other, running(tmp_path, streams, mosquitto):
        await heard(other, say, "plug", 412.0)


async def test_a_meter_of_the_wild_behind_a_reading_head_is_read(
    tmp_path: Path, mosquitto: str
) -> None:
    told = [json.dumps(line) for line in lines("sml_statussns_sample.jsonl")]
    streams = (
        "streams:\n  wild:\n    - http_get: {url: 'http://192.168.1.31/cm?cmnd=Status%2010', "
        "every: 1s, field: StatusSNS.SML.Watt_Summe, unit: W}\n"
    )
    async with (
        website(saying(*told)) as web,
        peer(mosquitto, f"{SAID}wild") as other,
        running(tmp_path, streams, mosquitto, web),
    ):
        await until(lambda: len(other.said) >= len(told))
    watts = [json.loads(line)["StatusSNS"]["SML"]["Watt_Summe"] for line in told]
    assert [float(text) for _, text in other.said][: len(told)] == watts
