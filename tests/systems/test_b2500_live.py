"""The main story of flows/b2500.yaml with real parts: a broker, storages that poll, a live flow."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from flowctl.language.check import load
from flowctl.live.clock import LiveClock
from flowctl.live.session import Options, Session
from flowctl.ticks import ticks
from nodes._helpers.law.seeing import house as law
from nodes.sim import b2500_esp_client, b2500_mqtt_client, b2500_poller
from nodes.sim.guest import Guest, going, visiting
from nodes.sim.obis import reading
from tests.brokers import Mosquitto, free_port
from tests.nodes.driven import Cell
from tests.nodes.mqtt import peer
from tests.nodes.streams import until
from tests.systems.b2500_house import FLOW
from tests.systems.test_b2500 import instead

QUICK = "poll: 100ms, age: 100ms, patience: 1s, write_every: 0, deadband: 10W"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(law, "FRESH_GRACE", 1.0)


class Grid:
    """What passes the meter: the load less what the storages give."""

    def __init__(self, *cells: Cell) -> None:
        self.cells, self.load, self.speaks = cells, 300.0, True

    @property
    def watts(self) -> float:
        return self.load - sum(cell.power for cell in self.cells)

    async def tell(self, guest: Guest) -> None:
        async for _ in ticks(0.2):
            if self.speaks:
                await guest.say("sma", reading(self.watts))

    async def settles(self, within: float = 100.0) -> None:
        await until(lambda: abs(self.watts) <= within)
        await asyncio.sleep(0.3)
        await until(lambda: abs(self.watts) <= within)


@asynccontextmanager
async def running(path: Path, **sets: str) -> AsyncIterator[Session]:
    session = Session(path, load(path, sets=sets, env={}), LiveClock(), Options())
    session.start()
    try:
        yield session
    finally:
        await session.stop()


def quick(folder: Path, text: str, *, lease: str = "500ms") -> Path:
    """The flow with everything that waits made short."""
    for number in "12":
        line = f'topic: "${{storage{number}_output_topic}}"\n'
        more = "".join(f"        {part}\n" for part in QUICK.split(", "))
        text = text.replace(line, line + more.replace("        deadband: 10W\n", ""))
    text = text.replace("rating: 800W", "rating: 800W, dead_time: 500ms, lag: 300ms")
    path = folder / "b2500.yaml"
    path.write_text(text.replace("lease: 20s", f"lease: {lease}"))
    return path


@asynccontextmanager
async def world(url: str, grid: Grid) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        for number, cell in enumerate(grid.cells, 1):
            storage = b2500_esp_client.serve(cell, url, number, poll=0.1, every=0.2)
            await stack.enter_async_context(storage)
        guest = await stack.enter_async_context(visiting(url))
        await stack.enter_async_context(going(grid.tell(guest)))
        yield


async def test_G1_O2_F1_F2_F8_a_day_in_the_life_of_two_storages(
    own_mosquitto: Mosquitto, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    first, second = Cell(), Cell()
    grid, path = Grid(first, second), quick(tmp_path, FLOW.read_text())
    url = own_mosquitto.url
    async with world(url, grid):
        async with running(path, broker=url):
            await grid.settles()
            assert min(first.power, second.power) > 50, "both take part"

            grid.load = 650.0
            await grid.settles()
            grid.load = 200.0
            await grid.settles()

            second.online, second.power = False, 0.0
            await grid.settles()
            second.online = True
            await until(lambda: second.power > 30)
            await grid.settles()

            own_mosquitto.stop()
            await asyncio.sleep(0.2)
            own_mosquitto.start()
            grid.load = 500.0
            await grid.settles()

            grid.speaks = False
            await until(lambda: first.power == second.power == 0.0)
            grid.speaks = True
            await grid.settles()

        await until(lambda: first.power == second.power == 0.0)
        async with running(path, broker=url):
            await grid.settles()
    assert "storage2 is offline" in caplog.text
    assert "released" in caplog.text


async def test_O1_E6_net_power_is_there_for_any_client_retained(
    own_mosquitto: Mosquitto, tmp_path: Path
) -> None:
    grid, path = Grid(Cell()), quick(tmp_path, FLOW.read_text())
    url = own_mosquitto.url
    async with world(url, grid), running(path, broker=url), peer(url, "sma/net_power") as other:
        await until(lambda: other.said)
        int(other.said[0][1])
        async with peer(url, "sma/net_power") as late:
            await until(lambda: late.kept)


@pytest.mark.parametrize("way", ["shelly", "ct", "mqtt"])
async def test_G1_C4_each_way_without_b2500_meter_serves_the_house(
    own_mosquitto: Mosquitto, tmp_path: Path, way: str
) -> None:
    cell, url = Cell(), own_mosquitto.url
    grid, port = Grid(cell), free_port()
    quickly = "age: 100ms, patience: 1s, write_every: 0"
    here = ("127.0.0.1", port)
    lines = {
        "shelly": f"shelly_emulator: {{host: 127.0.0.1, port: {port}, {quickly}}}",
        "ct": f"ct_emulator: {{mac: {b2500_poller.MAC}, port: {port}, {quickly}}}",
        "mqtt": f"b2500_mqtt: {{broker: '{url}', mac: {b2500_mqtt_client.MAC}, poll: 200ms, "
        "write_every: 0, patience: 300ms}",
    }
    serve: dict[str, Callable] = {
        "shelly": lambda: b2500_poller.serve(cell, b2500_poller.shelly(), here, poll=0.1),
        "ct": lambda: b2500_poller.serve(cell, b2500_poller.ct(cell), here, poll=0.1),
        "mqtt": lambda: b2500_mqtt_client.serve(cell, url),
    }
    path = quick(tmp_path, instead("- " + lines[way]))
    async with (
        serve[way](),
        visiting(url) as guest,
        going(grid.tell(guest)),
        running(path, broker=url),
    ):
        await grid.settles()
        grid.load = 450.0
        await grid.settles()
        assert cell.power > 300


def test_the_simulated_reading_is_plain_json() -> None:
    assert json.loads(reading(12.0))["1-0:1.7.0"]["value"] == 12
