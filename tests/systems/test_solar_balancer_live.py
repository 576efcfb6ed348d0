"""flows/solar-balancer.yaml as a process, beside a broker, PZEM meters, a variator and a relay."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from pathlib import Path

import pytest

from nodes.sim.solar_house import SolarHouse
from nodes.sim.solar_house_mqtt import SolarHouseMqtt, serve
from tests.brokers import Mosquitto
from tests.nodes.mqtt import peer
from tests.nodes.skies import wttr
from tests.nodes.streams import until
from tests.nodes.web import saying, website
from tests.systems.running import flowctl_runs
from tests.systems.solar_home import FLOW

QUICK = (
    "period=500ms", "timeout=1.5s", "lease=3s", "least_on=0s", "least_off=0s",
    "dead_time=500ms", "lag=200ms",
)  # fmt: skip
PATIENCE = 40.0  # s, for a busy machine


@asynccontextmanager
async def running(
    broker: Mosquitto, folder: Path, forecast: str = "127.0.0.1:9", flow: Path = FLOW
) -> AsyncIterator[object]:
    sets = (*QUICK, f"forecast_url=http://{forecast}/Chambery?format=j1")
    options = [part for item in sets for part in ("--set", item)]
    async with flowctl_runs(
        flow, folder, *options, MQTT_BROKER="127.0.0.1", MQTT_PORT=str(broker.port)
    ) as process:
        yield process


@asynccontextmanager
async def living(broker: Mosquitto, sun: float = 1500.0) -> AsyncIterator[SolarHouseMqtt]:
    async with serve(broker.url, SolarHouse(sun=lambda _: sun), every=0.5) as house:
        yield house


def shines(live: SolarHouseMqtt, watts: float) -> None:
    live.house.sun = lambda _: watts


async def draws(live: SolarHouseMqtt, ecs: float, resille: float) -> None:
    """Wait until heater and radiator draw so much."""

    def right() -> bool:
        return abs(live.heater.draws() - ecs) <= 30 and live.radiator.draws() == resille

    try:
        await until(right, PATIENCE)
    except TimeoutError:
        raise AssertionError(
            (live.heater.draws(), live.radiator.draws()), live.heard[-10:]
        ) from None


async def test_F2_F8_O4_O5_the_story_of_a_day(own_mosquitto, tmp_path):
    async with living(own_mosquitto) as live, running(own_mosquitto, tmp_path) as process:
        await draws(live, 1180, 0)
        shines(live, 3600)  # load up
        await draws(live, 2300, 596)
        shines(live, 800)  # load down
        await draws(live, 480, 0)

        live.meters["CONSOMMATION"].silent = live.meters["PRODUCTION"].silent = True
        await draws(live, 0, 0)
        live.meters["CONSOMMATION"].silent = live.meters["PRODUCTION"].silent = False
        await draws(live, 480, 0)

        own_mosquitto.stop()  # the broker goes, and the sun while it is away
        shines(live, 0)
        await asyncio.sleep(0.5)
        own_mosquitto.start()
        await draws(live, 0, 0)
        shines(live, 1500)
        await draws(live, 1180, 0)

        process.send_signal(signal.SIGTERM)  # the old program left the heater on
        await draws(live, 0, 0)
        assert await asyncio.to_thread(process.wait, 30) == 0


async def hangs(_: object) -> object:
    """A forecast that takes the question and never answers."""
    await asyncio.Event().wait()


async def test_B2_7_M7_a_forecast_that_hangs_holds_nothing_up(own_mosquitto, tmp_path):
    async with (
        website(hangs) as forecast,
        living(own_mosquitto) as live,
        running(own_mosquitto, tmp_path, forecast),
    ):
        await draws(live, 1180, 0)
        shines(live, 800)
        await draws(live, 480, 0)


async def test_M3_B2_1_F5_a_load_is_forced_over_mqtt_and_stays_so_over_a_restart(
    own_mosquitto, tmp_path
):
    force = {"command": "force", "name": "ecs", "power": 1500, "duration": 3600}
    async with living(own_mosquitto, sun=0.0) as live, peer(own_mosquitto.url, "regul/#") as other:
        async with running(own_mosquitto, tmp_path):
            await until(lambda: "regul/status" in dict(other.said), PATIENCE)
            await other.publish("regul/mode", json.dumps(force))
            await draws(live, 1500, 0)
        await draws(live, 0, 0)
        async with running(own_mosquitto, tmp_path):
            await draws(live, 1500, 0)
            await other.publish("regul/mode", '{"command": "unforce", "name": "ecs"}')
            await draws(live, 0, 0)


async def test_F4_killed_without_a_goodbye_the_loads_are_off_all_the_same(own_mosquitto, tmp_path):
    async with living(own_mosquitto, 3600.0) as live, running(own_mosquitto, tmp_path) as process:
        await draws(live, 2300, 596)
        process.kill()
        await draws(live, 0, 0)


async def test_U6_a_variator_that_dies_gives_way_to_the_next_load_and_comes_back(
    own_mosquitto, tmp_path
):
    text = FLOW.read_text().replace(
        "boot: regul/vload", "boot: regul/vload\n        patience: 0.5s"
    )
    text = text.replace("power_calibration_ecs.csv", str(FLOW.parent / "power_calibration_ecs.csv"))
    flow = tmp_path / "solar-balancer.yaml"
    flow.write_text(text)
    async with living(own_mosquitto) as live, running(own_mosquitto, tmp_path, flow=flow):
        await draws(live, 1180, 0)
        live.heater.powered = False
        shines(live, 1600)
        await draws(live, 0, 596)
        live.heater.powered, live.heater.percent = True, 0.0
        await draws(live, 1280, 0)


async def test_S4_S8_I3_O10_M7_the_house_is_told_how_things_stand(own_mosquitto, tmp_path):
    near = [(date.today() + timedelta(days=n)).isoformat() for n in (-1, 0, 1, 2)]  # noqa: DTZ011
    answer = wttr(*((day, {9: 30, 12: 60, 15: 90}) for day in near))
    async with (
        website(saying(json.dumps(answer))) as forecast,
        living(own_mosquitto, sun=3600.0) as live,
        peer(own_mosquitto.url, "regul/status", "domoticz/in") as other,
        running(own_mosquitto, tmp_path, forecast),
    ):
        live.meters["ECS"].broken = True  # errors of a meter change nothing
        await draws(live, 2300, 596)

        def status() -> dict[str, object]:
            told = [payload for topic, payload in other.said if topic == "regul/status"]
            return json.loads(told[-1]) if told else {}

        await until(lambda: status().get("CLOUD_forecast") == 60, PATIENCE)
        await until(lambda: status()["power_equipments"] == pytest.approx(2896, abs=5), PATIENCE)
        assert status()["power_production"] == 3600
        sent = [json.loads(payload) for topic, payload in other.said if topic == "domoticz/in"]
        assert {message["idx"] for message in sent} >= {648, 651, 359}
