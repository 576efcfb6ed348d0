"""Sources that hold a connection come back by themselves when it is lost, in a running flow."""

import asyncio
import logging
from contextlib import asynccontextmanager

import pytest

from flowctl.live.run import run
from flowctl.live.session import Options
from tests.nodes import homewizard
from tests.nodes.homewizard import TOKEN, fixture, serve
from tests.nodes.mqtt import peer
from tests.nodes.streams import until
from tests.nodes.test_dsmr import ISK, gateway
from tests.nodes.test_shelly_push import PRO3EM, total
from tests.nodes.test_shelly_push import Device as Shelly
from tests.nodes.web import website

SAID = "said/meter"


@pytest.fixture(autouse=True)
def in_haste(monkeypatch):
    monkeypatch.setattr("flowctl.live.tend.SHORTEST", 0.02)
    monkeypatch.setattr("flowctl.live.tend.LONGEST", 0.05)


@asynccontextmanager
async def running(folder, broker, step):
    out = f"{{broker: '{broker}', topic: {SAID}}}"
    flow = folder / "shown.yaml"
    flow.write_text(f"flow: shown\nstreams:\n  meter:\n    - {step}\n    - mqtt_out: {out}\n")
    async with peer(broker, SAID) as other:
        task = asyncio.create_task(run([flow], Options(watch=False)))
        try:
            yield lambda: [float(text) for _, text in other.said]
        finally:
            task.cancel()
            await asyncio.wait([task])


def told(caplog):
    lines = [line.getMessage() for line in caplog.records if line.name == "shown.meter"]
    return [line.partition(":")[0] for line in lines if "meter is" in line]


async def test_homewizard_by_websocket(tmp_path, own_mosquitto, monkeypatch, caplog):
    caplog.set_level(logging.INFO)
    papers = homewizard.papers(tmp_path)
    device = homewizard.Device(measurement=fixture("p1_measurement"))
    async with serve(device, papers) as host:
        step = f"homewizard_v2: {{host: '{host}', token: {TOKEN.reveal()}, push: true, ca: none}}"
        async with running(tmp_path, own_mosquitto.url, step) as said:
            await device.push({"power_w": 100})
            await until(lambda: said()[-1:] == [100.0])
            for watts in (200.0, 300.0):
                await device.hang_up()
                await device.push({"power_w": watts})
                await until(lambda watts=watts: said()[-1:] == [watts])
    assert set(said()) == {100.0, 200.0, 300.0}  # and not what the device kept
    assert told(caplog) == ["meter is away", "meter is back"] * 2


async def test_shelly_by_websocket(tmp_path, own_mosquitto, caplog):
    caplog.set_level(logging.INFO)
    device = Shelly(PRO3EM)
    async with website(device.answer) as host:
        step = f"shelly: {{host: '{host}', push: true}}"
        async with running(tmp_path, own_mosquitto.url, step) as said:
            await device.push(total(100))
            await until(lambda: said()[-1:] == [100.0])
            socket = device.sockets[-1]
            device.sockets.clear()
            await socket.close()
            await device.push(total(200))
            await until(lambda: said()[-1:] == [200.0])
        for socket in device.sockets:
            await socket.close()
    assert told(caplog) == ["meter is away", "meter is back"]


async def test_a_p1_port_whose_gateway_hangs_up(tmp_path, own_mosquitto, caplog):
    caplog.set_level(logging.INFO)
    async with gateway(ISK, stay=False) as port:
        step = f"dsmr: {{host: 127.0.0.1, port: {port}}}"
        async with running(tmp_path, own_mosquitto.url, step) as said:
            await until(lambda: len(said()) > 2)
    assert set(said()) == {-498.0}
    assert told(caplog)[:2] == ["meter is away", "meter is back"]
