"""What goes wrong at the edges of a running flow: said on `errors`, counted for `flowctl top`."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from flowctl import Log
from flowctl.commands.top import _table
from flowctl.engine.engine import Engine
from flowctl.live.control import rows
from flowctl.live.run import run
from flowctl.live.session import Options, Session
from flowctl.values import Trouble
from nodes._helpers.udp import udp
from tests.brokers import Mosquitto, free_port
from tests.nodes import homewizard
from tests.nodes.mqtt import Peer, peer
from tests.nodes.streams import until
from tests.nodes.test_dsmr import BROKEN, gateway
from tests.nodes.test_modbus_read import meter
from tests.nodes.web import saying, website


class Watched:
    """A flow at work: its engine, and what `errors` has said."""

    def __init__(self) -> None:
        self.engine: Engine | None = None
        self.troubles: list[Trouble] = []

    async def beside(self, sessions: Sequence[Session]) -> None:
        self.engine = sessions[0].engine
        self.engine.errors.listen(-1, self.troubles.append)
        await asyncio.Event().wait()

    def rows(self) -> list[dict[str, Any]]:
        return rows(self.engine) if self.engine else []

    def odd(self) -> dict[str, int]:
        return {row["step"]: row["odd"] for row in self.rows()}


@asynccontextmanager
async def running(folder: Path, streams: str) -> AsyncIterator[Watched]:
    flow = folder / "flow.yaml"
    flow.write_text(f"flow: it\nstreams:\n{streams}")
    watched = Watched()
    task = asyncio.create_task(run([flow], Options(watch=False), [watched.beside]))
    try:
        await until(lambda: watched.engine or task.done())
        if task.done():
            task.result()  # the flow is faulty
        yield watched
    finally:
        task.cancel()
        await asyncio.wait([task])


async def passed_on(other: Peer, topic: str) -> None:
    """Go on when all steps are on the broker: what one hears another one says."""
    said = len(other.said)
    while len(other.said) == said:
        await other.publish(topic, "5")
        await asyncio.sleep(0.02)


async def test_each_step_whose_broker_is_lost_says_so_once_a_loss(
    tmp_path: Path, own_mosquitto: Mosquitto, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nodes._helpers.mqtt.SHORTEST", 0.01)
    broker = f"broker: '{own_mosquitto.url}'"
    streams = f"""
  lamp: [ha_switch: {{{broker}, name: Lamp}}]
  meter: [mqtt_in: {{{broker}, topic: {topic}}}]
  report: [from: meter, mqtt_out: {{{broker}, topic: {topic}/report}}]
  told:
    - {{from: errors}}
    - map: "step + ': ' + error"
    - mqtt_out: {{{broker}, topic: {topic}/told, event: true, qos: 1}}
"""
    async with running(tmp_path, streams) as watched:
        for losses in (1, 2):
            async with peer(own_mosquitto.url, f"{topic}/report") as other:
                await passed_on(other, topic)

            own_mosquitto.stop()
            await until(lambda losses=losses: len(watched.troubles) == 4 * losses)
            await asyncio.sleep(0.1)  # s in which it is tried again a few times
            own_mosquitto.start()
        async with peer(own_mosquitto.url, f"{topic}/told") as other:
            await until(lambda: other.kept or other.said)
            ((_, payload), *_) = other.kept + other.said
        failures = {row["step"]: row["failures"] for row in watched.rows()}
    steps = ["lamp/ha_switch", "meter/mqtt_in", "report/mqtt_out", "told/mqtt_out"]
    assert sorted(trouble.step for trouble in watched.troubles) == sorted(steps * 2)
    lost = f"MQTT broker 127.0.0.1:{own_mosquitto.port} is away"
    assert {trouble.error for trouble in watched.troubles} == {lost}
    assert payload.decode() in [f"{step}: {lost}" for step in steps]
    assert {step: failures[step] for step in steps} == dict.fromkeys(steps, 2)


Poke = Callable[[], Awaitable[None] | None]
Rubbish = AbstractAsyncContextManager[tuple[str, Poke]]


def nothing() -> None:
    """It talks rubbish without being asked for it."""


@asynccontextmanager
async def by_mqtt(_: Path, broker: str, topic: str) -> AsyncIterator[tuple[str, Poke]]:
    async with peer(broker) as other:
        yield (
            f"mqtt_in: {{broker: '{broker}', topic: {topic}}}",
            lambda: other.publish(topic, b"\xff\x00"),
        )


@asynccontextmanager
async def by_udp(*_: Any) -> AsyncIterator[tuple[str, Poke]]:
    port = free_port()
    async with udp(0, "127.0.0.1") as sender:
        yield (
            f"udp_in: {{port: {port}, host: 127.0.0.1}}",
            lambda: sender.send(b"\xff\x00", ("127.0.0.1", port)),
        )


@asynccontextmanager
async def by_http(*_: Any) -> AsyncIterator[tuple[str, Poke]]:
    async with website(saying('{"power": [NaN')) as host:
        yield f"http_get: {{url: 'http://{host}', field: power, every: 100ms}}", nothing


@asynccontextmanager
async def by_a_meter_that_is_asked(*_: Any) -> AsyncIterator[tuple[str, Poke]]:
    async with website(saying('{"active_power_w": "much"}')) as host:
        yield f"homewizard_p1: {{host: '{host}', every: 500ms}}", nothing


@asynccontextmanager
async def by_websocket(folder: Path, *_: Any) -> AsyncIterator[tuple[str, Poke]]:
    device = homewizard.Device(measurement=homewizard.fixture("p1_measurement"))
    async with homewizard.serve(device, homewizard.papers(folder)) as host:
        token = homewizard.TOKEN.reveal()
        step = f"homewizard_v2: {{host: '{host}', token: {token}, push: true, ca: none}}"
        yield step, lambda: device.push("{")


@asynccontextmanager
async def by_modbus(*_: Any) -> AsyncIterator[tuple[str, Poke]]:
    async with meter([0x7FC0, 0]) as port:
        where = f"host: 127.0.0.1, port: {port}, register: 100, type: float32"
        yield f"modbus_read: {{{where}, unit: W, every: 20ms}}", nothing


@asynccontextmanager
async def by_a_p1_port(*_: Any) -> AsyncIterator[tuple[str, Poke]]:
    async with gateway(*BROKEN) as port:
        yield f"dsmr: {{host: 127.0.0.1, port: {port}}}", nothing


@asynccontextmanager
async def by_file(folder: Path, *_: Any) -> AsyncIterator[tuple[str, Poke]]:
    file = folder / "day.csv"
    file.write_text("time,power\n0,1\nnever,1\n3600,1\n")
    yield f"file_read: {{path: '{file}', column: power}}", nothing


SOURCES = [
    by_mqtt, by_udp, by_http, by_a_meter_that_is_asked,
    by_websocket, by_modbus, by_a_p1_port, by_file,
]  # fmt: skip


@pytest.mark.parametrize("rubbish", SOURCES)
async def test_what_makes_no_sense_is_counted_where_top_shows_it(
    tmp_path: Path, mosquitto: str, topic: str, rubbish: Callable[..., Rubbish]
) -> None:
    async with (
        rubbish(tmp_path, mosquitto, topic) as (step, poke),
        running(tmp_path, f"  meter: [{step}]\n  other: [tick: 1s]\n") as watched,
    ):
        name = f"meter/{step.partition(':')[0]}"
        while not watched.odd().get(name):
            if said := poke():
                await said
            await asyncio.sleep(0.02)
        assert watched.odd()["other/tick"] == 0
        assert watched.troubles == []


async def test_what_makes_no_sense_for_long_is_a_loss_and_one_trouble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nodes._helpers.nonsense.LASTING", 0.0)
    async with (
        by_modbus() as (step, _),
        running(tmp_path, f"  meter: [{step}]\n") as watched,
    ):
        await until(lambda: watched.odd().get("meter/modbus_read", 0) > 3)
        assert [trouble.step for trouble in watched.troubles] == ["meter/modbus_read"]
        assert "talks nonsense" in watched.troubles[0].error


async def test_what_cannot_be_sent_is_counted_at_its_sink(tmp_path: Path, mosquitto: str) -> None:
    out = f"ha_binary_sensor: {{broker: '{mosquitto}', name: Gate}}"
    streams = f"""  gate: [tick: 20ms, map: "'perhaps'", {out}]\n"""
    async with running(tmp_path, streams) as watched:
        await until(lambda: watched.odd().get("gate/ha_binary_sensor", 0) > 2)
        shown = _table({"steps": watched.rows()}, {"steps": watched.rows()}).splitlines()
    columns = shown[0].split()
    assert columns[:7] == ["step", "said", "per", "s", "dropped", "failed", "odd"]
    assert int(shown[-1].split()[5]) > 2


def test_the_log_of_a_step_is_as_wordy_as_that_of_its_stream(
    caplog: pytest.LogCaptureFixture,
) -> None:
    log, stream = Log("home.left"), logging.getLogger("home.left")
    with caplog.at_level(logging.WARNING, "home"):
        log.info("not this")
        log.warning("this")
    with caplog.at_level(logging.DEBUG, "home"):
        log.debug("and this")
    assert [(line.name, line.message) for line in caplog.records] == [
        ("home.left", "this"),
        ("home.left", "and this"),
    ]
    assert logging.getLogger("home.left") is stream
