"""flows/mmbc.yaml in a house of real sockets: Modbus, HTTP, MQTT; names bear rows of systems.md."""

import asyncio
import json
import signal
from itertools import pairwise

import aiohttp
import pytest

from flowctl.live import tend
from nodes._helpers import homewizard
from nodes._helpers.law.seeing import house as law
from nodes._helpers.marstek import CHARGE_POWER, CONTROL, DISCHARGE_POWER, MODE, OFF, ON
from tests.nodes.streams import until
from tests.nodes.zeroconf import HOME, P1, announced, fresh_kind
from tests.systems.mmbc_live import house, listening

pytestmark = pytest.mark.timeout(120)
SENSORS = ("soc", "power", "charged_energy", "discharged_energy")


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(law, "FRESH_GRACE", 1.0)
    monkeypatch.setattr(tend, "SHORTEST", 0.3)


async def test_the_story_of_a_day(own_mosquitto, tmp_path):
    """Load up and down, a unit reboots, the broker restarts, the meter falls silent, a restart."""
    async with house(own_mosquitto.port, tmp_path / "state", 80.0, 40.0) as live:
        live.start()
        await live.settles(800.0, 0.0)  # A3
        live.load = 3400.0
        await live.settles(1700.0, 1700.0, near=300.0)  # A4
        live.load = -700.0
        await live.settles(0.0, -700.0)
        live.load = 600.0
        await live.settles(600.0, 0.0)

        live.venus[0].reboot(4.0)  # F1, B1.2: it forgets its orders
        await live.settles(0.0, 600.0)
        await until(lambda: live.venus[0].registers.control, 40)
        await live.balances()

        own_mosquitto.stop()
        await asyncio.sleep(0.3)
        own_mosquitto.start()
        async with listening(live, own_mosquitto.url):  # F2: what holds is said again ...
            await live.answers("mmbc/status/batterymode", "Normal")
            await asyncio.sleep(0.1)
            await live.say("mmbc/control/batterymode", "2")  # ... and commands are heard again
            await live.answers("mmbc/status/batterymode", "Hold")  # B1.10: by its label
            await live.settles(0.0, 0.0)
            await live.say("mmbc/control/batterymode", "NORMAL")
            await live.balances()

            live.meter = "away"  # F4: nobody goes on for ever
            await until(lambda: not any(one.registers.control for one in live.venus), 40)
            live.meter = "well"
            await live.balances()

            await live.say("mmbc/control/batterymode", "hold")
            await live.answers("mmbc/status/batterymode", "Hold")
            await live.stop()  # F4, F8
            assert not any(one.registers.control for one in live.venus)
            live.start()
            await until(lambda: all(one.registers.control for one in live.venus), 40)
            await asyncio.sleep(1.0)
            assert [round(cell.power, -1) for cell in live.cells] == [0, 0]  # still on Hold


async def test_E6_M1_S1_S2_S3_what_is_on_the_broker(mosquitto, tmp_path):
    port = int(mosquitto.rpartition(":")[2])
    async with house(port, tmp_path / "state", 80.0, 40.0) as live, listening(live, mosquitto):
        live.start()
        await live.settles(800.0, 0.0)
        other = live.other
        for key in ("soc", "power", "state", "charged_energy", "discharged_energy"):
            about = await described(
                live, f"homeassistant/sensor/MMBC_Combined_Battery_{key}/config"
            )
            assert about["state_topic"] == f"mmbc/virtual/{key}"
            assert about["unique_id"] == f"MMBC_Combined_Battery_{key}"
        for number in (1, 2):
            for key in SENSORS:
                topic = f"homeassistant/sensor/MMBC_Battery_{number}_{key}/config"
                about = await described(live, topic)
                assert about["state_topic"] == f"mmbc/virtual/battery{number}/{key}"
        select = await described(live, "homeassistant/select/mmbc_batterymode/config")
        assert select["options"] == ["Normal", "Hold", "Charge", "Selfcontrol"]
        assert select["command_topic"] == "mmbc/control/batterymode"
        switch = await described(live, "homeassistant/switch/mmbc_block_discharge/config")
        assert (switch["payload_on"], switch["unique_id"]) == (
            "true",
            "mmbc_block_discharge_switch",
        )
        await live.answers("mmbc/status/discharge_blocked", "false")
        await live.answers("mmbc/virtual/state", "discharging")
        await live.answers("mmbc/virtual/soc", "60")
        await live.answers("mmbc/status/charge_total_wh", "2000000")
        await live.answers("mmbc/virtual/charged_energy", "2000")
        await until(lambda: float(live.newest("mmbc/status/battery_power") or 0) < -700)
        await until(lambda: float(live.newest("mmbc/virtual/power") or 0) > 700)
        topics = {topic for topic, _ in other.said + other.kept}
        assert not any("attery_3" in topic or "battery3" in topic for topic in topics)
        assert (await kept(mosquitto)) >= {
            "mmbc/status/soc", "mmbc/status/battery_power", "mmbc/status/grid_power",
            "mmbc/status/pv_power", "mmbc/status/charge_total_wh",
            "mmbc/status/discharge_total_wh", "mmbc/status/batterymode",
            "mmbc/status/discharge_blocked",
        }  # fmt: skip
        assert not {topic for topic in await kept(mosquitto) if topic.endswith("virtual/power")}
        for topic in ("mmbc/status/soc", "mmbc/virtual/power", "mmbc/virtual/battery1/soc"):
            float(live.newest(topic))  # E6: plain, for any client
        await live.say("mmbc/control/block_discharge", "true")
        await live.answers("mmbc/status/discharge_blocked", "true")
        await live.settles(0.0, 0.0)
        await live.say("mmbc/control/block_discharge", "FALSE")
        await live.answers("mmbc/status/discharge_blocked", "false")
        await live.balances()


async def test_I2_O3_O11_U2_F3_B1_1_B1_8_registers_control_and_one_session(mosquitto, tmp_path):
    port = int(mosquitto.rpartition(":")[2])
    async with house(port, tmp_path / "state", 80.0, 40.0) as live:
        live.start()
        await live.settles(800.0, 0.0)
        live.load = -900.0
        await live.settles(0.0, -900.0)
        live.venus[1].registers.lose()  # and 42000 is written again, not only remembered
        await until(lambda: live.cells[1].power > -700.0)
        await until(lambda: live.venus[1].writes.count((CONTROL, ON)) >= 2, 40)
        await live.balances()
        await live.stop()
        first, second = live.venus
        assert first.writes[0] == second.writes[0] == (CONTROL, ON)
        assert first.writes[-1] == second.writes[-1] == (CONTROL, OFF)
        for one in live.venus:
            assert (one.sessions, one.turned_away) == (1, 0)
            assert {register for register, _ in one.writes} <= {
                CONTROL, MODE, CHARGE_POWER, DISCHARGE_POWER
            }  # fmt: skip
        powers = [value for register, value in second.writes if register == CHARGE_POWER]
        assert max(powers) >= 840
        before = [a for a, b in pairwise(second.writes) if b == (MODE, 1)]
        assert {register for register, _ in before} == {CHARGE_POWER}  # the power, then the mode


async def test_B1_12_F1_a_unit_that_stalls_does_not_hold_up_the_others(mosquitto, tmp_path):
    port = int(mosquitto.rpartition(":")[2])
    async with house(port, tmp_path / "state", 80.0, 40.0) as live:
        live.start()
        await live.settles(800.0, 0.0)
        live.venus[0].stall(30.0)
        live.load = 1500.0
        await live.settles(800.0, 700.0)
        live.venus[0].resume()
        await live.balances()


async def test_I5_F7_a_meter_that_talks_nonsense_releases_and_returns(mosquitto, tmp_path, caplog):
    port = int(mosquitto.rpartition(":")[2])
    async with house(port, tmp_path / "state", 80.0) as live:
        live.start()
        await live.settles(800.0)
        live.meter = "nonsense"
        await until(lambda: not live.venus[0].registers.control, 40)
        live.meter = "well"
        await live.settles(800.0)
    assert "talks nonsense" in caplog.text
    assert "active_power_w" in caplog.text


async def test_I7_the_meter_is_found_by_itself(mosquitto, tmp_path, monkeypatch):
    kind, port = fresh_kind(), int(mosquitto.rpartition(":")[2])
    monkeypatch.setattr(homewizard, "KIND", kind)
    monkeypatch.setattr(homewizard, "WAIT", 1.5)  # answers are not repeated within 1 s
    async with house(port, tmp_path / "state", 80.0) as live:
        meter = int(live.env["P1_HOST"].rpartition(":")[2])
        live.env["P1_HOST"] = "auto"
        async with announced((kind, meter, P1)):
            live.start(interface=HOME)
            await live.settles(800.0)


async def test_F2_a_broker_that_is_away_at_the_start_does_not_matter(own_mosquitto, tmp_path):
    own_mosquitto.stop()
    async with house(own_mosquitto.port, tmp_path / "state", 80.0) as live:
        live.start()
        await live.settles(800.0)
        own_mosquitto.start()
        async with listening(live, own_mosquitto.url):
            await live.answers("mmbc/status/batterymode", "Normal")


async def test_S9_metrics_for_prometheus_and_for_people(mosquitto, tmp_path):
    port = int(mosquitto.rpartition(":")[2])
    async with house(port, tmp_path / "state", 80.0) as live, aiohttp.ClientSession() as session:
        live.start()
        await live.settles(800.0)
        page = f"http://127.0.0.1:{live.env['METRICS_PORT']}"

        async def read(path):
            async with session.get(f"{page}{path}") as reply:
                return await reply.text()

        await asyncio.sleep(1.0)  # for all to be told
        text = await read("/metrics")
        assert 'mmbc_battery_soc_percent{battery="1"} 80' in text
        assert "mmbc_batteries_charged_watt_hours_total" in text
        assert "# TYPE mmbc_grid_power_watts gauge" in text
        assert "<table>" in await read("/")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_F8_R2_it_is_run_by_its_name_and_ends_gracefully(mosquitto, tmp_path, number):
    port = int(mosquitto.rpartition(":")[2])
    async with house(port, tmp_path / "state", 80.0) as live:
        process = await live.typed()
        await live.settles(800.0)
        process.send_signal(number)
        _, said = await process.communicate()
        assert process.returncode == 0, said.decode()
        assert live.venus[0].writes[-1] == (CONTROL, OFF)
        assert b"battery1 gives" in said  # K2
        assert b"mode Normal" in said


async def described(live, topic):
    await until(lambda: live.newest(topic) is not None, 40)
    return json.loads(live.newest(topic))


async def kept(url):
    """Topics that the broker keeps, as one sees who comes later."""
    from tests.nodes.mqtt import peer

    async with peer(url, "mmbc/#") as late:
        await asyncio.sleep(0.3)
        return {topic for topic, _ in late.kept}
