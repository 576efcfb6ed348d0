"""Houses rebuilt from recordings, and batteries that answer as was learned."""

import json
import math
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from flowctl import Battery, FlowError
from flowctl.backtest.candidates import Candidate
from flowctl.backtest.learned import dynamics, read_state, stores
from flowctl.backtest.options import Given, asked
from flowctl.backtest.rebuild import rebuild
from flowctl.backtest.trial import Setting, fitting, try_out
from flowctl.live.storage import Storage
from flowctl.recordings.recording import Recorder
from tests.plants import HOME, QUICK, ZERO, flow, plant, world
from tests.test_backtest import run

BEGIN = datetime(2026, 6, 1, 12, tzinfo=ZoneInfo("Europe/Berlin")).timestamp()


def recorded(folder, seconds=300, *, late=0.0, roof=False, poll=2, price=False):
    """Record a house that draws 500 W and a wave of 400 W; its battery does something else."""
    file = folder / "day.jsonl.gz"

    def battery(t):
        return 600 * math.sin(t / 9) + min(800.0, 100 * abs(t % 60 - 30))

    with Recorder(file, flow="home", zone="Europe/Berlin") as recorder:
        for second in range(seconds):
            t = float(second)
            if second % poll == 0:
                record = Battery(power=battery(t), soc=70.0 - second / 100)
                recorder.write(BEGIN + t, "left", record)
            if roof:
                recorder.write(BEGIN + t, "pv", 1000.0)
            if price and second % 100 == 0:
                recorder.write(BEGIN + t, "price", 0.2 + second / 1000)
            load = 500 + 400 * math.sin(t / 40) - (1000 if roof else 0)
            recorder.write(BEGIN + t, "meter", load - battery(t - late))
    return file


def test_the_load_is_the_sum_of_all_powers(tmp_path):
    made = rebuild(recorded(tmp_path), ("meter", "left"))
    for second, watts in made.load:
        assert watts == pytest.approx(500 + 400 * math.sin(second / 40), abs=60)
    assert made.at == datetime(2026, 6, 1, 12, tzinfo=ZoneInfo("Europe/Berlin"))
    assert made.seconds == 298
    assert made.socs == {"left": 70}
    assert 0 < made.error < 60
    assert made.negative == 0


def test_a_meter_that_tells_late_is_noticed(tmp_path):
    made = rebuild(recorded(tmp_path, late=1.5, poll=1), ("meter", "left"))
    assert made.shifts == {"left": pytest.approx(1.5, abs=0.25)}
    wrong = [abs(watts - 500 - 400 * math.sin(second / 40)) for second, watts in made.load]
    assert sum(wrong) / len(wrong) < 30


def test_a_recorded_roof_is_no_load(tmp_path):
    made = rebuild(recorded(tmp_path, roof=True), ("meter", "left"))
    assert made.load[100][1] == pytest.approx(500 + 400 * math.sin(2.5), abs=120)
    assert made.sun[100] == (100, 1000)


def test_a_load_below_zero_is_told(tmp_path):
    file = tmp_path / "house.jsonl"
    rows = [{"t": t, "stream": name, "value": -100} for t in range(9) for name in ("left", "meter")]
    file.write_text("\n".join(map(json.dumps, rows)))
    assert rebuild(file, ("meter", "left")).negative == 100


def test_a_recording_without_a_battery_is_told_so(tmp_path):
    file = recorded(tmp_path)
    with pytest.raises(FlowError, match="tells no power of right; it holds left, meter"):
        rebuild(file, ("meter", "left", "right"))


def test_a_table_is_rebuilt_by_its_columns(tmp_path):
    file = tmp_path / "house.csv"
    file.write_text("time,grid,bat\n" + "".join(f"{t},100,200\n" for t in range(20)))
    made = rebuild(file, ("meter", "left"), {"meter": "grid", "left": "-bat"})
    assert {watts for _, watts in made.load} == {-100}


def test_the_flow_lives_in_the_rebuilt_house(tmp_path):
    file = recorded(tmp_path)
    told = asked(Given(plant=plant(tmp_path), recording=file), flow(tmp_path), {})
    assert told.rebuilt is not None
    made = try_out(Candidate("it", flow(tmp_path)), told.setting)
    assert made.seconds == 298
    assert 50 < made.figures["grid_w"] < 150  # a fifth of 500 W, smoothed
    assert told.setting.world.open().twin("left").soc == pytest.approx(70)
    code, out, said = run(flow(tmp_path), "--plant", plant(tmp_path), "--recording", file)
    assert code == 0
    assert "the house of a recording: 4.97 min from 2026-06-01 12:00" in out
    assert "balance error" in said


def test_what_the_recorded_day_came_to_is_told_beside(tmp_path):
    file = recorded(tmp_path)
    words = (
        flow(tmp_path), "--plant", plant(tmp_path), "--recording", file, "--no-bounds",
        "--tariff", "import=0.30,export=0.10", "--for", "4m", "--warm-up", "1m",
    )  # fmt: skip
    said, told = run(*words)[2], run(*words, "--json")[1]
    lived = json.loads(told)["rebuilt"]["as_recorded"]
    readings = [watts for second, watts in rebuild(file, ("meter", "left")).grid
                if 60 <= second < 240]  # fmt: skip
    assert lived["grid_w"] == pytest.approx(sum(map(abs, readings)) / 180)
    assert lived["import_kwh"] - lived["export_kwh"] == pytest.approx(sum(readings) / 3.6e6)
    assert lived["cost"] == pytest.approx(0.3 * lived["import_kwh"] - 0.1 * lived["export_kwh"])
    assert f"as recorded: mean |grid| {lived['grid_w']:.1f} W, imported" in said


def test_other_sources_speak_from_the_recording(tmp_path):
    text = ZERO.replace("  left:", "  price: [src]\n  left:").replace(
        "    - bat",
        "    - map: {others: {price: price}, to: value * 0 + price * 1000, unit: W}\n    - bat",
    )
    file = recorded(tmp_path, price=True)
    told = asked(Given(plant=plant(tmp_path), recording=file), flow(tmp_path, text), {})
    assert told.rebuilt is not None
    setting = replace(told.setting, pictured=True)
    series = try_out(Candidate("it", flow(tmp_path, text)), setting).series
    assert series is not None
    assert [series.batteries[0].setpoint[second] for second in (50, 150, 250)] == [200, 300, 400]
    with pytest.raises(FlowError, match="--silent price"):
        bare = Setting(world(tmp_path))
        fitting(Candidate("it", flow(tmp_path, text)), bare, bare.world.open())


def test_what_was_learned_becomes_the_plants_dynamics(tmp_path):
    with Storage(tmp_path / "state") as storage:
        kept = storage.store("zero:plan/predictor")
        kept["left"] = {"dead_time": 4.0, "lag": 2.0}
        kept["stranger"] = {"dead_time": 1.0, "lag": 1.0}
        storage.store("other:plan/predictor")["left"] = {"dead_time": 9.0, "lag": 9.0}
        storage.store("other:plan/predictor")["right"] = {"dead_time": 5.0, "lag": 3.0}
        storage.store("other:count")["left"] = 5
    kept = read_state(tmp_path / "state")
    found = dynamics(kept, "zero", world(tmp_path, HOME).open())
    assert found["left"]["dead_time"] == pytest.approx(4.0 - 0.7 - 0.5)
    assert (found["left"]["lag"], found["right"]["lag"]) == (2.0, 3.0)
    given = Given(plant=plant(tmp_path, HOME), learned=tmp_path / "state")
    told = asked(given, flow(tmp_path), {})
    assert told.setting.world.open().twin("left").timing == (pytest.approx(2.8), 2.0)
    code, _, said = run(
        flow(tmp_path), "--plant", plant(tmp_path, HOME), "--learned", tmp_path / "state",
        "--for", "1m", "--no-bounds",
    )  # fmt: skip
    assert code == 0
    assert "left answers as learned: after 2.8s, lag 2s" in said


def test_a_flow_begins_with_a_copy_of_what_it_knows(tmp_path):
    store = stores({"a": {"x": {"deep": [1]}}})
    store("a")["x"]["deep"].append(2)
    assert store("a")["x"] == {"deep": [1, 2]}
    assert stores({"a": {"x": {"deep": [1]}}})("a")["x"] == {"deep": [1]}
    assert dict(store("b")) == {}


def test_a_state_without_a_response_is_told_so(tmp_path):
    with Storage(tmp_path / "state") as storage:
        storage.store("zero:count")["total"] = 5
    with pytest.raises(FlowError, match="no response of left was learned there yet"):
        asked(Given(plant=plant(tmp_path, QUICK), learned=tmp_path / "state"), flow(tmp_path), {})


def test_a_broken_state_is_told_so(tmp_path):
    (tmp_path / "state.sqlite3").write_bytes(b"nonsense" * 200)
    with pytest.raises(FlowError, match="holds nothing learned"):
        read_state(tmp_path)
