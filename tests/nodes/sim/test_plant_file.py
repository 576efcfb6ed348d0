from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowctl import FlowError
from nodes.sim.kinds import BATTERIES, METERS
from nodes.sim.plant import Plant
from nodes.sim.plant_file import read_plant, read_plant_text
from nodes.sim.setup import BatterySetup, MeterSetup

FLOWS = Path(__file__).parents[3] / "flows"


def faults(text: str, folder: Path = Path()) -> list[str]:
    with pytest.raises(FlowError) as caught:
        read_plant_text(text, folder)
    return [str(fault).splitlines()[0] for fault in caught.value.faults]


def test_quantities_carry_their_units() -> None:
    plant = read_plant_text(
        """
        house: {profile: quiet, base: 0.3kW, seed: 7}
        pv: {peak: 4.2kW, sunrise: 7h}
        grid: {kind: dsmr4, latency: 900ms}
        left:
          speaks: marstek_modbus
          capacity: 5.12kWh
          max-charge: 2.5kW
          dead_time: 1.2s
          slew: 700W/s
          telemetry: {every: 1s, zeros: 3%}
          faults:
            - {after: 2m, lasts: 60s, every: 10m, cap: 300W}
            - {after: 5m, offline: true}
        """
    )
    left = plant.batteries["left"]
    assert (plant.house.base, plant.house.seed) == (300, 7)
    assert plant.pv is not None
    assert (plant.pv.peak, plant.pv.sunrise) == (4200, 7 * 3600)
    assert (plant.meter_name, plant.meter.every, plant.meter.latency) == ("grid", 10, 0.9)
    assert (left.capacity, left.max_charge, left.dead_time, left.slew) == (5120, 2500, 1.2, 700)
    assert (left.telemetry.every, left.telemetry.age, left.telemetry.zeros) == (1, 0.4, 3)
    assert [fault.cap for fault in left.faults] == [300, None]
    assert left.faults[1].offline


@pytest.mark.parametrize("kind", BATTERIES)
def test_a_kind_sets_what_is_not_said(kind: str) -> None:
    plant = read_plant_text(f"meter: {{}}\nleft: {{kind: {kind}, lag: 9s}}\n")
    left = plant.batteries["left"]
    wanted = BATTERIES[kind].get("dead_time", BatterySetup().dead_time)
    assert (left.kind, left.dead_time, left.lag) == (kind, wanted, 9)


@pytest.mark.parametrize("kind", METERS)
def test_a_meter_is_known_by_its_name_or_its_kind(kind: str) -> None:
    plant = read_plant_text(f"mains: {{kind: {kind}}}\n")
    assert (plant.meter_name, plant.meter.kind) == ("mains", kind)
    assert plant.meter.every == METERS[kind].get("every", MeterSetup().every)


def test_all_faults_are_told_at_once_with_place_and_cure() -> None:
    text = """house: {profile: party}
left:
  capacity: 5
  ded_time: 1s
  faults: {after: 1m}
  lag: 0s
right: 5
"""
    assert faults(text) == [
        "plant:1:1: the plant has no meter; add 'meter: {kind: dsmr5}'",
        *faults(text)[1:],
    ]
    found = "\n".join(faults(text))
    assert "plant:1:18: house/profile: " in found
    assert "plant:3:13: left/capacity: " in found
    assert "5 has no unit; did you mean '5Wh'?" in found
    assert "plant:4:3: left: no setting is named 'ded_time'; did you mean 'dead_time'?" in found
    assert "plant:5:11: left/faults: is a mapping; a list is wanted" in found
    assert "plant:6:8: left/lag: " in found
    assert "plant:7:8: right: is a number; settings are wanted here" in found
    assert len(faults(text)) == 7


def test_a_second_meter_is_a_fault() -> None:
    assert "is a second meter; keep one" in faults("meter: {}\ngrid: {kind: fast}\n")[0]


@pytest.mark.parametrize("text", ["", "[1]", "5", "a: [", "a: 1\na: 2", "\t"])
def test_what_is_no_plant_is_a_fault(text: str) -> None:
    assert faults(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("pv: {}", "pv: makes nothing; add 'peak: 4kW' or a trace, or leave it out"),
        ("pv:", "pv: makes nothing; add 'peak: 4kW'"),
        ("pv: {peak: 4kW, sunrise: 20h, sunset: 6h}", "pv: its sun sets before it rises; exchange"),
        ("left: {panels: {clouds: 5%}}", "left/panels: makes nothing"),
        ("left: {faults: [{}]}", "left/faults: nothing goes wrong; add a cap, a gain, 'offline"),
        ("left: {faults: [{after: 5m}]}", "left/faults: nothing goes wrong"),
    ],
)
def test_what_would_have_no_effect_is_a_fault(text: str, said: str) -> None:
    (fault,) = faults(f"meter: {{}}\n{text}\n")
    assert said in fault


def test_a_fault_of_the_meter_says_which() -> None:
    (fault,) = faults("meter: {faults: [{after: 1m}]}\n")
    assert "meter/faults: nothing goes wrong; add 'silent: true' or 'frozen: true'" in fault


def test_a_trace_that_cannot_be_used_is_told_at_its_place(tmp_path: Path) -> None:
    (tmp_path / "back.csv").write_text("t_s,load_w\n0,1\n5,2\n4,3\n")
    (tmp_path / "short.csv").write_text("t_s,load_w\n0,1\n")
    for name, said in {
        "nowhere.csv": "cannot be read: No such file",
        "back.csv": "time runs back at 4 s",
        "short.csv": "holds no trace",
    }.items():
        found = faults(f"meter: {{}}\nhouse:\n  trace: {name}\n", tmp_path)
        assert found[0].startswith("plant:3:10: house: ")
        assert said in found[0]
    columns = faults("meter: {}\nhouse: {trace: back.csv, column: x}\n", tmp_path)
    assert "no column x; it has t_s, load_w" in columns[0]


def test_traces_are_found_beside_the_plant_file(tmp_path: Path) -> None:
    (tmp_path / "load.csv").write_text("t_s,load_w\n0,100\n10,300\n")
    file = tmp_path / "plant.yaml"
    file.write_text("meter: {}\nhouse: {trace: load.csv, scale: 2, start: 5s}\n")
    plant = Plant(read_plant(file))
    assert [plant.load(time) for time in (0, 4.9, 5, 14.9, 15)] == [200, 200, 600, 600, 200]


@pytest.mark.parametrize("file", sorted((FLOWS / "plants").glob("*.yaml")), ids=lambda f: f.name)
def test_each_plant_of_ours_is_sound_and_runs(file: Path) -> None:
    plant = Plant(read_plant(file))
    plant.advance(60.0)
    assert plant.meter()
    assert {name for _, name, _ in plant.told()} == set(plant.batteries)


@given(st.text(max_size=200))
def test_no_text_leads_to_more_than_faults(text: str) -> None:
    try:
        read_plant_text(text)
    except FlowError as error:
        assert error.faults  # noqa: PT017 - either way is fine
