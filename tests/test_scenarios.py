"""`benchmarks/control/scenarios.py`: its plants, loads and houses, and the table it makes."""

import json
import os
import subprocess
import sys
from argparse import Namespace
from itertools import pairwise
from pathlib import Path
from random import Random

import houses
import loads
import pytest
import scenarios
from fitted import fitted
from measured import mean_ratio

from flowctl.language.check import load

CONTROL = Path(__file__).parents[1] / "benchmarks" / "control"


@pytest.mark.parametrize("name", scenarios.SCENARIOS)
def test_each_scenario_stands_up_and_lasts_as_long_as_its_load(name: str) -> None:
    made = scenarios.world(name, 1)
    twins = made.open()
    assert twins.names[:3] == ("meter", "left", "right")
    assert twins.advance(30.0)
    if made.house:
        assert made.house[-1][0] <= scenarios.SCENARIOS[name].seconds <= twins.length


def test_a_seed_is_a_course_of_its_own_and_always_the_same() -> None:
    drawn = [scenarios.world("gain", seed).house for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_boxes_lie_over_one_another_on_their_base() -> None:
    boxes = [(2.0, 3.0, 1000.0), (2.5, 2.0, 400.0), (8.0, 60.0, 50.0)]
    made = dict(loads.laid(Random(1), 10.0, 300.0, 0.0, boxes))
    want = {0: 300, 2: 1300, 2.5: 1700, 4: 1700, 4.5: 1300, 5: 300, 7: 300, 8: 350, 10: 300}
    assert {time: made[time] for time in want} == want


def test_pulses_keep_their_rhythm_and_end_with_the_hob() -> None:
    made = list(loads.pulses(Random(1), 100.0, 30.0, 1600.0, 2.0, 3.0))
    assert made[0][0] == 100
    assert all(4.8 <= later[0] - begin[0] <= 5.2 for begin, later in pairwise(made))
    assert max(begin + lasts for begin, lasts, _ in made) <= 130


def test_each_house_that_is_drawn_is_sound(tmp_path: Path) -> None:
    counts = {len(scenarios.drawn(seed, tmp_path).open().names) - 1 for seed in range(1, 41)}
    assert counts == {1, 2, 3, 4, 5}
    assert houses.house(Random(7)) == houses.house(Random(7)) != houses.house(Random(8))


def test_for_a_left_and_a_right_battery_a_flow_is_run_as_it_is(tmp_path: Path) -> None:
    assert fitted(scenarios.HOME, ("left", "right"), tmp_path) == scenarios.HOME


@pytest.mark.parametrize("names", [("left",), ("left", "right", "third", "fourth")])
def test_for_others_only_lists_and_devices_are_written_anew(names, tmp_path: Path) -> None:
    flow = fitted(scenarios.HOME, names, tmp_path)
    assert flow
    hosts = {f"{name}.host": name for name in names}
    made, ours = load(flow, settings=hosts), load(scenarios.HOME)
    assert [item for item in made.streams if made.edge(item)] == ["meter", *names]
    for step, was in ours.steps.items():
        if was.stream in ("meter", "plan"):
            changed = {"batteries": list(names)} if "batteries" in was.settings else {}
            assert dict(made.steps[step].settings) == {**was.settings, **changed}


def test_a_meter_that_reads_too_often_to_be_polled_speaks_by_itself(tmp_path: Path) -> None:
    for file in (scenarios.HOME, *scenarios.BASELINES.values()):
        flow = fitted(file, ("left", "right"), tmp_path, meter=0.3)
        assert flow
        made = load(flow, settings={"left.host": "left", "right.host": "right"})
        assert made.steps["meter/shelly"].settings["push"] is True


def test_a_flow_that_speaks_of_its_two_batteries_is_for_no_others(tmp_path: Path) -> None:
    fits = {name for name, file in scenarios.BASELINES.items() if fitted(file, ("left",), tmp_path)}
    assert scenarios.BASELINES.keys() - fits == {"b2p", "hbc", "jasper", "omni", "plan_d"}


def test_the_mean_of_ratios_is_the_geometric_one() -> None:
    assert mean_ratio([1.0, 4.0]) == pytest.approx(2.0)


def run(folder: Path, *given: str) -> "subprocess.CompletedProcess[str]":
    root = str(CONTROL.parents[1])
    home = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache"), "PYTHONPATH": root}
    command = [sys.executable, str(CONTROL / "scenarios.py"), *given]
    return subprocess.run(command, capture_output=True, text=True, env=home, cwd=folder)


@pytest.mark.timeout(300)  # a matter of seconds, but in two processes of its own
def test_the_table_has_bounds_and_home_below_the_best_of_the_others(tmp_path: Path) -> None:
    some = ("--only", "cold", "--baselines", "openems,open_dtu")
    made = run(tmp_path, *some, "--json", "told.json")
    assert (made.returncode, made.stderr) == (0, "")
    head, *lines, foot = made.stdout.splitlines()
    assert head.split()[:2] == ["scenario", "clairvoyant"]
    assert [line[:27].strip() for line in lines] == [scenarios.SCENARIOS["cold"].title]
    told = json.loads((tmp_path / "told.json").read_text())
    for line, row in zip(lines, told["scenarios"].values(), strict=True):
        best = next(iter(row["baselines"]))
        assert f"{best} {row['baselines'][best]:.2f}" in line
        assert len(row["baselines"]) == 2
        assert 0 < row["clairvoyant_w"] < row["causal_w"] < row["home_w"]
        assert row["ratio"] < row["baselines"][best] == min(row["baselines"].values())
        assert row["failures"] == {}
    assert f"{told['geometric_mean']:.2f}" in foot
    assert list((tmp_path / "cache").rglob("*.json"))


def test_houses_are_told_by_their_ratios(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(scenarios, "LASTS", 340.0)
    told = scenarios.run_houses(Namespace(first=1, random=2), tmp_path)
    low, high = sorted(told["houses"].values())
    assert 0.5 < low < high < 5
    assert told["median"] == pytest.approx((low + high) / 2)
    assert low < told["p90"] < told["p95"] < told["max"] == high
    said, *worst = capsys.readouterr().out.splitlines()
    assert said.startswith(f"median {told['median']:.2f}, p90 ")
    assert [line.split(":")[0].strip() for line in worst] == [f"{high:.2f}", f"{low:.2f}"]


@pytest.mark.parametrize("option", ["--only", "--baselines"])
def test_a_name_that_is_not_there_is_told_with_those_that_are(option: str, tmp_path: Path) -> None:
    made = run(tmp_path, option, "stpe")
    assert made.returncode == 2
    assert "stpe is not known; there are " in made.stderr
