"""flows/solar-calibrate.yaml: the calibration run of system 2, row R5."""

import asyncio
import math
from pathlib import Path

from flowctl.language.check import load
from flowctl.testing import Bench
from nodes._helpers.curve import read_curve
from nodes.sim.solar_house import SolarHouse, phase_angle
from nodes.sim.solar_house_mqtt import serve
from tests.nodes.streams import until
from tests.systems.running import flowctl_runs

FLOW = Path(__file__).parents[2] / "flows" / "solar-calibrate.yaml"


def test_R5_B2_12_the_run_measures_a_curve_through_mqtt_and_ends_with_the_load_off():
    table = ""
    with Bench(FLOW, env={}, sets={"step": "5%", "warm_up": "60s"}) as bench:
        for _ in range(260):
            told = bench.heard("load")
            percent = -(told[-1][1] or 0.0) if told else 0.0
            bench.say("power", round(2300.0 * phase_angle(percent), 1))
            bench.advance(2.0)
        table, shown = bench.heard("table")[-1][1], [text for _, text in bench.heard("shown")]
        assert bench.heard("load")[-1][1] == 0
    lines = table.splitlines()
    assert len(lines) == 21
    assert lines[0] == "100.0;2300.00"
    assert lines[10] == "50.0;1150.00"
    assert "," not in table
    assert shown[-1] == f"[{'#' * 30}] 100 %  done"


def test_R5_by_default_it_warms_up_and_steps_as_the_old_program_did():
    settings = load(FLOW, env={}).steps["run/calibration_run"].settings
    assert settings == {"step": 0.5, "warm_up": 500.0, "settle": 6.0, "samples": 6}


async def test_R5_on_a_real_broker_it_writes_the_file_and_shows_a_bar(own_mosquitto, tmp_path):
    flow = tmp_path / "solar-calibrate.yaml"
    flow.write_text(FLOW.read_text())
    sets = ("step=25%", "warm_up=0.5s", "settle=0.3s", "samples=2")
    options = [part for item in sets for part in ("--set", item)]
    where = {"MQTT_BROKER": "127.0.0.1", "MQTT_PORT": str(own_mosquitto.port)}
    made = tmp_path / "power_calibration_ecs.csv"
    async with (
        serve(own_mosquitto.url, SolarHouse(), every=0.1) as live,
        flowctl_runs(flow, tmp_path, *options, **where),
    ):
        await until(lambda: made.exists() and len(made.read_text().splitlines()) == 5, 50.0)
        await until(lambda: live.heater.percent == 0.0, 50.0)
        await asyncio.sleep(0)
    curve = read_curve(made)
    assert math.isclose(curve.most, 2300.0, rel_tol=0.01)
    assert math.isclose(curve.percent_at(1150.0), 50.0, abs_tol=1.0)
