"""Stand-ins for devices, driven as a backtest drives them."""

import gzip
from pathlib import Path

import pytest

from flowctl import Battery
from nodes.sim.twins import open_twins

PLANT = """
house: {profile: quiet, base: 100W, noise: 0W, scale: 2}
pv: {peak: 1kW}
meter: {latency: 0s, noise: 0W}
left: {dead_time: 0s, lag: 10ms, wake: 0s, telemetry: {age: 0s, noise: 0W}}
"""


@pytest.fixture
def plant(tmp_path: Path) -> Path:
    file = tmp_path / "plant.yaml"
    file.write_text(PLANT)
    return file


def test_the_loop_closes_through_twins(plant: Path) -> None:
    twins = open_twins(plant, house=[(0.0, 700.0), (60.0, 700.0)], pv=[(0.0, 0.0), (60.0, 0.0)])
    readings = []
    while (due := twins.next_due()) < 20:
        for _, name, value in twins.advance(due):
            if name == "meter":
                readings.append(value)
                twins.twin("left").command(700.0)
    assert readings[0] == 700
    assert set(readings[3:]) == {0.0}
    twins.twin("left").command(None)
    twins.advance(30.0)
    assert twins.plant.grid(30.0) == 700


def test_a_recorded_house_replaces_that_of_the_plant(plant: Path, tmp_path: Path) -> None:
    house = tmp_path / "house.csv.gz"
    house.write_bytes(gzip.compress(b"t_s,load_w,other_w\n0,500,1\n10,600,2\n"))
    sun = tmp_path / "sun.csv"
    sun.write_text("t_s,a,b\n0,50,1\n10,100,2\n")
    twins = open_twins(plant, house=str(house), pv=f"{sun}#a")
    twins.advance(15.0)
    assert twins.length == 20
    assert (twins.plant.load(0), twins.plant.load(15)) == (1000, 1200)  # scale: 2 holds on
    assert (twins.plant.pv(0), twins.plant.pv(15)) == (500, 1000)  # so does peak: 1kW
    with pytest.raises(ValueError, match="no column pv_w; it has t_s, a, b"):
        open_twins(plant, pv=sun)


def test_the_only_column_of_a_trace_needs_no_name(plant: Path, tmp_path: Path) -> None:
    house = tmp_path / "house.csv"
    house.write_text("time,power\n0,500\n10,600\n")
    assert open_twins(plant, house=house).plant.load(0) == 1000


def test_a_twin_that_is_away_accepts_nothing(plant: Path) -> None:
    away = "left: {faults: [{lasts: 10s, offline: true}]}"
    plant.write_text("meter: {}\n" + away)
    twins = open_twins(plant)
    twins.twin("left").command(500.0)
    assert not [item for item in twins.advance(9.0) if item[1] == "left"]
    twins.advance(10.5)
    twins.twin("left").command(500.0)
    assert twins.twin("left").told()[-1] == (10.5, Battery(setpoint=500.0, self_regulating=False))
