"""Flows in a closed loop: the engine with all its steps, against a plant, in virtual time."""

import json
import os
import time
from pathlib import Path

import pytest

from flowctl import FlowError
from flowctl.backtest.candidates import Candidate, named, swept
from flowctl.backtest.comparison import compare
from flowctl.backtest.jobs import Job, run_all
from flowctl.backtest.table import table
from flowctl.backtest.trial import Setting, try_out
from tests.house import build
from tests.plants import HOME, QUICK, ZERO, flow, plant, world
from tests.typed import typed

QUIET = """
flow: still
streams:
  meter: [src]
  left:
    - from: meter
    - filter: value > 1MW
    - bat
"""


EACH = '''
from collections.abc import Mapping

from flowctl import Observable, Percent, Watts

def each(power: Observable[Watts], *, least: Percent | Mapping[str, Percent]) -> Observable[Watts]:
    """Pass what comes."""
    return power
'''


def tried(folder: Path, text: str = ZERO, **given: object):
    setting = Setting(world(folder, QUICK, seconds=120.0, **given))
    return try_out(Candidate("it", flow(folder, text)), setting)


def run(*words: object) -> tuple[int, str, str]:
    return typed("backtest", *words)


def test_a_flow_steers_the_battery_of_a_plant(tmp_path):
    made = tried(tmp_path, warm_up=30.0)
    assert made.figures["grid_w"] == pytest.approx(60, abs=15)  # it leaves a fifth to the grid
    assert made.figures["losses_w"] > 10
    assert made.figures["stored_kwh"] < 0
    assert made.failures == {}


def test_a_flow_that_says_nothing_leaves_the_house_to_the_grid(tmp_path):
    made = tried(tmp_path, QUIET)
    assert made.figures["grid_w"] == pytest.approx(300)
    assert made.figures["commands_per_h"] == 0


def test_the_same_run_gives_the_same_figures(tmp_path):
    setting = Setting(world(tmp_path, HOME, seconds=300.0))
    candidate = Candidate("it", flow(tmp_path))
    first, second = (try_out(candidate, setting).figures for _ in range(2))
    assert first == second
    other = try_out(candidate, Setting(world(tmp_path, HOME, seconds=300.0, seed=2))).figures
    assert other != first


def test_a_setpoint_reaches_the_plant_in_the_instant_of_the_reading(tmp_path):
    setting = Setting(world(tmp_path, seconds=10.0), pictured=True)
    text = ZERO.replace("    - smooth: 2s\n", "").replace("gain: 0.8", "gain: 1.0")
    series = try_out(Candidate("it", flow(tmp_path, text)), setting).series
    assert series is not None
    assert max(map(abs, series.grid[3:])) <= 1
    assert set(series.batteries[0].setpoint[3:]) == {series.batteries[0].power[5]}


def test_a_battery_is_released_when_the_flow_falls_silent(tmp_path):
    silent = QUICK.replace(
        "resolution: 0W}\n",
        "resolution: 0W,\n  faults: [{after: 20s, lasts: 90s, silent: true}]}\n",
        1,
    )
    setting = Setting(world(tmp_path, silent, seconds=60.0), pictured=True)
    series = try_out(Candidate("it", flow(tmp_path)), setting).series
    assert series is not None
    assert series.batteries[0].setpoint[15] > 200
    assert series.batteries[0].setpoint[40] == -32768
    assert series.grid[45] == 300


def test_a_step_that_fails_is_told_and_does_not_end_the_run(tmp_path):
    text = ZERO.replace("    - smooth: 2s\n", "    - map: value - 300\n    - inverse\n")
    made = tried(tmp_path, text)
    assert list(made.failures) == ["left/inverse"]
    assert "division" in made.failures["left/inverse"]


def test_the_roof_speaks_as_a_source_of_its_own(tmp_path):
    text = QUIET.replace("  left:", "  pv: [src]\n  seen:\n    - from: pv\n    - out\n  left:")
    sunny = (
        QUICK.replace("time_of_day: 0s", "time_of_day: 43200s") + "pv: {peak: 1kW, clouds: 0%}\n"
    )
    setting = Setting(world(tmp_path, sunny, seconds=30.0), pictured=True)
    made = try_out(Candidate("it", flow(tmp_path, text)), setting)
    assert made.series is not None
    assert made.series.grid[20] == pytest.approx(-680, abs=30)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("  left:", "  lift:", "has no battery 'lift'; it has left; did you mean 'left'?"),
        ("  meter:", "  power:", "speaks for the source 'power'; its meter is 'meter'"),
    ],
)
def test_a_stream_that_the_plant_lacks_is_a_fault_at_its_place(tmp_path, before, after, said):
    text = ZERO.replace(before, after).replace("left.", "lift." if "lift" in after else "left.")
    text = text.replace("from: meter", "from: power") if "power" in after else text
    path = flow(tmp_path, text)
    with pytest.raises(FlowError) as error:
        compare([Candidate("it", path)], Setting(world(tmp_path)), None)
    (fault,) = error.value.faults
    assert said in str(fault)
    assert fault.mark.line > 1


def test_a_flow_without_the_meter_of_the_plant_is_told_so(tmp_path):
    path = flow(tmp_path)
    with pytest.raises(FlowError, match=r"no source called 'p1', as the meter of .* is"):
        setting = Setting(
            world(tmp_path, QUICK.replace("meter: {", "p1: {kind: dsmr5, ")),
            silent=frozenset({"meter"}),
        )
        compare([Candidate("it", path)], setting, None)


def test_faults_of_all_flows_are_told_at_once(tmp_path):
    one, other = tmp_path / "a", tmp_path / "b"
    for folder in (one, other):
        folder.mkdir()
    flows = [flow(one, ZERO.replace("smooth", "smoth")), flow(other, ZERO.replace("scale", "scle"))]
    with pytest.raises(FlowError) as error:
        compare(named(flows, {}), Setting(world(tmp_path)), None)
    assert len(error.value.faults) == 2


def test_flows_of_one_name_are_told_apart_by_their_folders():
    for paths, labels in (
        (["a/x.yaml", "b/x.yaml", "y.yaml"], ["a/x", "b/x", "y"]),
        (["a/c/x.yaml", "b/c/x.yaml"], ["a/c/x", "b/c/x"]),
        (["a/x.yaml", "b/y.yaml", "./a/x.yaml"], ["x", "y"]),
        (["x.yaml", "x.yml"], ["x.yaml", "x.yml"]),
    ):
        assert [item.label for item in named(list(map(Path, paths)), {})] == labels


def test_a_sweep_varies_vars_and_settings(tmp_path):
    base = Candidate("it", flow(tmp_path))
    made = swept(base, ["gain=0.5,1", "left/smooth.over=1s, 4s"])
    assert [item.label for item in made][:2] == [
        "gain=0.5 left/smooth.over=1s",
        "gain=0.5 left/smooth.over=4s",
    ]
    graph = made[-1].graph()
    assert graph.steps["left/scale"].settings["by"] == 1
    assert graph.steps["left/smooth"].settings["over"] == 4


HOUSES = Path(__file__).parent.parent / "flows"


def test_what_is_one_number_for_all_stays_that_of_the_others_when_one_is_varied():
    base = Candidate("it", HOUSES / "home.yaml", sets={"reserve": "30%"})
    varied = swept(base, ["plan/rebalance.reserve.left=40%,10%"])
    reserves = [item.graph().steps["plan/rebalance"].settings["reserve"] for item in varied]
    assert reserves == [{"left": 40, "right": 30}, {"left": 10, "right": 30}]
    both = ["plan/rebalance.reserve.left=40%", "plan/rebalance.reserve.right=20%"]
    (made,) = swept(base, both)
    assert made.graph().steps["plan/rebalance"].settings["reserve"] == {"left": 40, "right": 20}


def test_one_number_for_all_whose_names_nobody_tells_is_not_taken_apart(tmp_path):
    """The others would silently be given the default."""
    text = ZERO.replace("    - scale", "    - each: {least: 30%}\n    - scale")
    file = build(tmp_path, text, each=EACH)
    (made,) = swept(Candidate("it", file), ["left/each.least.a=10%"])
    with pytest.raises(
        FlowError, match=r"is 30% for all, .* give it whole: 'least=\{a: 10%, ...\}'"
    ):
        made.graph()


def test_values_of_a_sweep_may_be_lists_and_are_tried_once_each(tmp_path):
    base = Candidate("it", flow(tmp_path))
    values = ["[a, b]", "{c: max(1, 2), d: [3]}", "e"]
    made = swept(base, [f"x/y.z={','.join(values)}", "gain=1,2,1", "gain=3,2"])
    assert [item.settings["x/y.z"] for item in made[::3]] == values
    assert [item.sets["gain"] for item in made[:3]] == ["1", "2", "3"]


def test_a_ranking_fits_the_terminal_and_keeps_what_it_is_ordered_by(tmp_path, monkeypatch):
    words = (flow(tmp_path), "--plant", plant(tmp_path), "--for", "1m", "--no-bounds",
             "--sweep", "gain=0.5,1", "--by", "settle_p95_s")  # fmt: skip
    for width, told in ((200, "commands /h"), (70, "mean |grid| W"), (20, "")):
        monkeypatch.setenv("COLUMNS", str(width))
        lines = run(*words)[1].splitlines()
        heads = lines[2]
        assert "settling, 95 % of the steps s" in heads
        assert told in heads
        assert len(heads) <= max(width, 41)


@pytest.mark.parametrize(
    ("sweep", "said"),
    [
        ("gain", "write it as KEY=a,b,c"),
        ("gain=", "write it as KEY=a,b,c"),
        ("gian=1", "no var 'gian'; did you mean 'gain'?"),
        ("left/smoth.over=1s", "no step is called 'left/smoth'; did you mean 'left/smooth'?"),
        (
            "left/foo.x=1s",
            "no step is called 'left/foo'; it has left/smooth, left/scale, left/bat",
        ),
        ("left/smooth.ovr=1s", "no setting 'ovr'; did you mean 'over'?"),
        ("left/smooth.over=1", "has no unit; did you mean '1s'?"),
        ("gain=" + ",".join(map(str, range(2000))), "2000 combinations are too many"),
    ],
)
def test_a_wrong_sweep_is_told_with_its_cure(tmp_path, sweep, said):
    with pytest.raises(FlowError, match="^.*" + said.replace("?", r"\?")):
        for item in swept(Candidate("it", flow(tmp_path)), [sweep]):
            item.graph()


def test_the_command_compares_flows_in_a_table(tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")  # all flows beside each other
    other = tmp_path / "other"
    other.mkdir()
    still = flow(other, QUIET)
    code, told, _ = run(
        flow(tmp_path), "--plant", plant(tmp_path), "--for", "5m", "--against", still,
        "--cache", tmp_path / "cache", "--tariff", "import=0.30,export=0.10",
    )  # fmt: skip
    assert code == 0
    assert "5 min from 2026-01-01 00:00" in told
    row = next(line for line in told.splitlines() if line.startswith("mean |grid|"))
    assert row.split()[3:][1:2] == ["300.0"]
    assert len(row.split()) == 7
    assert "cost" in told


def test_a_table_fits_the_terminal_with_the_bounds_beside_the_first_flow(tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    first, rest = flow(tmp_path), [tmp_path / f"other{k}.yaml" for k in range(5)]
    for other in rest:
        other.write_text(first.read_text())
    _, told, _ = run(first, "--plant", plant(tmp_path), "--for", "1m", "--against", *rest,
                     "--cache", tmp_path / "cache")  # fmt: skip
    heads = [line.split() for line in told.splitlines() if line.startswith(" " * 30)]
    assert heads[0] == [first.stem, "clairvoyant", "causal"]
    assert [len(head) for head in heads[1:]] == [4, 1]
    assert max(map(len, told.split("best of the others")[0].splitlines()[1:])) <= 80


def test_the_best_of_all_flows_is_bold_also_where_they_stand_below_each_other(tmp_path):
    made = [Candidate(gain, flow(tmp_path), {"gain": gain}) for gain in ("0.5", "0.9", "0.2")]
    told = table(compare(made, Setting(world(tmp_path, seconds=60.0)), None), 60, bold=True)
    rows = [line for line in told.splitlines() if line.startswith("mean |grid|")]
    assert [row.count("\x1b[1m") for row in rows] == [1, 0]


def test_the_command_gives_figures_to_programs_the_same_each_time(tmp_path):
    words = (
        flow(tmp_path), "--plant", plant(tmp_path, HOME), "--for", "2m", "--json",
        "--cache", tmp_path / "cache",
    )  # fmt: skip
    (code, told, _), again = run(*words), run(*words)
    assert (code, told) == again[:2]
    made = json.loads(told)
    assert made["seconds"] == 120
    (one,) = made["flows"]
    assert one["figures"]["ratio"] == pytest.approx(
        one["figures"]["grid_w"] / made["bounds"]["causal_w"]
    )
    assert made["bounds"]["clairvoyant_w"] <= made["bounds"]["causal_w"]


def test_the_best_of_those_it_is_held_against_is_named(tmp_path):
    rivals = []
    for gain in (0.5, 0.9):
        (tmp_path / f"gain{gain}.yaml").write_text(ZERO.replace("gain: 0.8", f"gain: {gain}"))
        rivals.append(tmp_path / f"gain{gain}.yaml")
    words = (flow(tmp_path), "--plant", plant(tmp_path), "--for", "2m", "--against", *rivals)
    page = tmp_path / "page.html"
    code, told, _ = run(*words, "--no-bounds", "--report", page)
    assert code == 0
    assert "best of the others at the meter: gain0.9 " in told
    assert "best of the others at the meter: gain0.9 " in page.read_text()
    _, told, _ = run(*words, "--no-bounds", "--json")
    assert json.loads(told)["best_other"] == "gain0.9"


def test_a_sweep_names_the_best_and_the_worst(tmp_path):
    words = (
        flow(tmp_path), "--plant", plant(tmp_path), "--for", "2m", "--sweep", "gain=0.2,0.9,0.5",
        "--no-bounds",
    )  # fmt: skip
    code, told, _ = run(*words)
    assert code == 0
    assert "best: gain=0.9" in told
    assert "worst: gain=0.2" in told
    other = tmp_path / "other.yaml"
    other.write_text(ZERO.replace("gain: 0.8", "gain: 0"))
    told = run(*words, "--against", other)[1]
    assert "worst: gain=0.2" in told
    assert "best of the others at the meter: other" in told


def test_a_sweep_of_one_value_has_no_best_and_no_worst(tmp_path):
    words = (flow(tmp_path), "--plant", plant(tmp_path), "--for", "1m", "--sweep", "gain=0.2")
    code, told, _ = run(*words, "--no-bounds")
    assert (code, "gain=0.2" in told) == (0, True)
    assert not {"best:", "worst:"}.intersection(told.split())


def test_a_sweep_of_what_has_no_effect_names_no_best_and_says_why(tmp_path):
    law = "split: {batteries: [left], weights: {left: 1}}"
    text = ZERO.replace("    - smooth: 2s\n", "").replace('    - scale: "${gain}"\n', "")
    text = text.replace("  left:\n    - from: house", f"  plan: [from: house, {law}]\n"
                        "  left:\n    - from: plan.left")  # fmt: skip
    words = (flow(tmp_path, text), "--plant", plant(tmp_path), "--for", "1m", "--no-bounds")
    code, out, told = run(*words, "--sweep", "plan/split.weights.left=2,3")
    assert (code, "no difference: plan/split.weights.left=2 (mean" in out) == (0, True)
    for by in ("grid_w", "settle_p50_s"):  # nothing settles in a house at rest
        more = ("--sweep", "plan/split.weights.left=2,3", "--by", by, "--json")
        made = json.loads(run(*words, *more)[1])
        assert (made["best"], made["worst"]) == (None, None)
    assert told.count("plan/split: weights: has no effect with 'by: equal'; write") == 1
    code, out, told = run(*words, "--sweep", "plan/split.by=soc,weighted")
    assert (code, "has no effect" in told) == (0, False)


def test_steps_that_do_not_go_together_are_told(tmp_path):
    law = "response_predictor: {batteries: [left]}, tolerance: 20W, rebalance: {target: 50W}"
    text = ZERO[: ZERO.index("  left:")] + f"  plan: [from: house, {law}]\n"
    text += "  left: [from: plan.left, marstek_modbus: 127.0.0.2]\n"
    words = (flow(tmp_path, text), "--plant", plant(tmp_path), "--for", "1m", "--no-bounds")
    said = "plan/tolerance: target: differs from that of plan/rebalance"
    assert said in run(*words)[2]
    assert said not in run(*words, "--sweep", "plan/tolerance.target=0W,50W")[2]


def test_what_it_costs_is_told_in_the_currency_of_the_tariff(tmp_path):
    (tmp_path / "prices.yaml").write_text("{currency: EUR, import: 0.30, export: 0.10}\n")
    words = (flow(tmp_path), "--plant", plant(tmp_path), "--for", "2m", "--no-bounds",
             "--tariff", tmp_path / "prices.yaml")  # fmt: skip
    _, told, _ = run(*words, "--report", tmp_path / "page.html")
    assert next(line for line in told.splitlines() if line.startswith("cost")).split()[1] == "EUR"
    assert "cost <small>EUR</small>" in (tmp_path / "page.html").read_text()
    _, told, _ = run(*words, "--sweep", "gain=0.2,0.9", "--by", "cost")
    assert "best: gain=0.9 (cost 0.00" in told
    assert "cost EUR" in told.splitlines()[2]
    assert json.loads(run(*words, "--json")[1])["currency"] == "EUR"


def test_what_a_flow_has_used_up_is_told_beside_what_it_costs(tmp_path):
    lazy = tmp_path / "lazy.yaml"
    lazy.write_text(ZERO.replace("gain: 0.8", "gain: 0"))
    heavy = QUICK.replace("base: 300W", "base: 2kW")
    words = (flow(tmp_path), "--plant", plant(tmp_path, heavy), "--for", "15m", "--no-bounds",
             "--against", lazy)  # fmt: skip
    told = run(*words, "--tariff", "import=0.3,export=0.1")[2]
    said = "the cost leaves aside what is stored: lazy ends with 0.4 kWh more in its batteries than"
    assert f"{said} flow" in told
    assert "leaves aside" not in run(*words)[2]


def test_the_best_of_a_sweep_stands_beside_the_best_of_the_others(tmp_path):
    (tmp_path / "still.yaml").write_text(QUIET)
    words = ("--sweep", "gain=0.2,0.9", "--against", tmp_path / "still.yaml", "--no-bounds")
    _, told, _ = run(flow(tmp_path), "--plant", plant(tmp_path), "--for", "2m", *words)
    assert "best of the others at the meter: still 300.0 W; gain=0.9 " in told


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--for", "5"), "--for 5: 5 has no unit; did you mean '5s'?"),
        (("--for", "0s"), "must be at least 1s"),
        (("--at", "0001-01-01T00:00"), "is no date of our time"),
        (("--tariff", ""), "write --tariff import=0.32,export=0.08"),
        (("--for", "1ms"), "--for 1ms: must be at least 1s"),
        (("--for", "1m", "--warm-up", "2m"), "must be shorter than the run of 60s"),
        (("--by", "gird_w"), "did you mean 'grid_w'?"),
        (("--by", "cost"), "give a --tariff"),
        (("--at", "noon"), "write it as 2026-06-01T00:00"),
        (("--house", "none.csv"), "none.csv"),
        (("--recording", "x.jsonl", "--house", "x.csv"), "brings its own house"),
        (("--column", "a=b"), "names columns of --recording"),
        (("--learned", "nowhere"), "holds nothing learned"),
        (("--tariff", "0.3"), "--tariff 0.3: there is no such file; write --tariff import=0.32"),
        (("--silent", "metre"), "no flow has a stream of that name; did you mean 'meter'?"),
        (
            ("--silent", "meter"),
            "--silent meter: the plant speaks for it; in a plant file it falls",
        ),
        (("--silent", "left"), "says that a --recording lacks that battery; none is given"),
        (("--begin", "1d"), "is a place in a --house, a --pv or a --recording, and none is given"),
        (("--sweep", "gian=1,2"), "--sweep: the flow has no var 'gian'; did you mean 'gain'?"),
        (("--report", "nowhere/day.html"), "there is no folder nowhere; make it first"),
        (("--report", "."), "is a folder; name a file in it"),
    ],
)
def test_what_is_asked_wrongly_is_told_with_its_cure(tmp_path, words, said):
    code, _, told = run(flow(tmp_path), "--plant", plant(tmp_path), "--no-bounds", *words)
    assert code != 0
    assert said in told


def test_a_plant_in_place_of_a_flow_is_told_so_in_a_sentence_and_the_other_way_round(tmp_path):
    one, other = flow(tmp_path), plant(tmp_path)
    code, _, told = run(one, "--plant", one)
    assert (code, told.count("is a flow, not a plant")) == (2, 1)
    code, _, told = run(one, "--plant", other, "--against", other)
    assert (code, told.count("is not a flow; a flow is")) == (2, 1)
    assert "unknown key" not in told


def trace(folder, column="load_w"):
    """A load of five minutes, in steps."""
    file = folder / "trace.csv"
    rows = (f"{10 * k},{300 + 200 * (k % 3)}" for k in range(30))
    file.write_text("\n".join((f"t_s,{column}", *rows)) + "\n")
    return file


def traced(folder, *words, column="load_w"):
    file = trace(folder, column)
    return run(flow(folder), "--plant", plant(folder), "--no-bounds", "--house", file, *words)


def test_the_power_of_a_roof_is_no_load_by_mistake(tmp_path):
    assert "no column load_w; it has t_s, pv_w" in traced(tmp_path, column="pv_w")[2]
    assert traced(tmp_path, column="watts")[0] == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "plant.yaml:1:1: is empty; a plant is a mapping: meter, house, pv"),
        ("- a\n", "a plant is a mapping"),
        ("left: {}\n", "the plant has no meter; add 'meter: {kind: dsmr5}'"),
        ("meter: {}\nleft: {kind: wird}\n", "2:14: left/kind: kind: 'wird' is not one of wired"),
        ("meter: {}\nleft: {faults: [{after: 3}]}\n", "2:25: left/faults/after: after: 3 has no"),
        ("meter: {}\nleft: {}\nleft: {}\n", "'left' is given twice"),
    ],
)
def test_a_faulty_plant_is_told_with_place_and_cure(tmp_path, text, said):
    code, _, told = run(flow(tmp_path), "--plant", plant(tmp_path, text), "--no-bounds")
    assert code == 2
    assert said in told
    assert "Traceback" not in told


def test_a_roof_that_makes_nothing_cannot_be_scaled(tmp_path):
    (tmp_path / "night.csv").write_text("t_s,pv_w\n0,-3\n60,-2\n120,0\n")
    code, _, said = run(flow(tmp_path), "--plant", plant(tmp_path), "--no-bounds",
                        "--pv", tmp_path / "night.csv", "--peak", "4kW")  # fmt: skip
    assert (code, "makes nothing, so it cannot be scaled" in said) == (2, True)


def test_a_trace_that_ends_sooner_is_told_to_begin_anew(tmp_path):
    code, _, told = traced(tmp_path, "--for", "6m", "--begin", "1m")
    assert (code, told.count("the load ends after 4 min and begins anew")) == (0, 1)
    code, said, told = traced(tmp_path, "--begin", "2m")
    assert (code, "3 min from" in said, "begins anew" in told) == (0, True, False)
    assert "--begin 5m: the load ends after 5 min" in traced(tmp_path, "--begin", "5m")[2]


@pytest.mark.parametrize(
    ("watts", "counts"),
    [
        ([1234 + k / 3000 for k in range(900)], True),
        ([0.001 * ((k + 600) % 900) for k in range(900)], True),  # of the day: at midnight anew
        ([400.0] * 900, False),
        ([400.0 + 100 * (k // 60) for k in range(900)], False),  # a few steps up are no wonder
        ([400.0 + k - 2 * (k == 450) for k in range(900)], False),
        ([500.0 * (k % 2) for k in range(900)], False),
    ],
)
def test_what_looks_like_an_energy_is_told(tmp_path, watts, counts):
    rows = "".join(f"{k},{value}\n" for k, value in enumerate(watts))
    (tmp_path / "it.csv").write_text(f"t,energy_total\n{rows}")
    words = (
        "--plant",
        plant(tmp_path),
        "--no-bounds",
        "--house",
        tmp_path / "it.csv",
        "--for",
        "9s",
    )
    said = "the trace of the house never falls: it looks like a counter of energy, kWh, which tells"
    assert (said in run(flow(tmp_path), *words)[2]) == counts
    assert json.loads(run(flow(tmp_path), *words, "--json")[1])["counters"] == ["house"] * counts


def test_a_morning_of_sun_is_no_counter(tmp_path):
    def counts(hours):
        rows = "".join(f"{600 * k},{k}\n" for k in range(6 * hours))
        (tmp_path / "sun.csv").write_text(f"t,pv\n{rows}")
        words = ("--plant", plant(tmp_path), "--no-bounds", "--pv", tmp_path / "sun.csv")
        return json.loads(run(flow(tmp_path), *words, "--for", "9s", "--json")[1])["counters"]

    assert (counts(8), counts(20)) == ([], ["pv"])


def test_what_a_trace_leaves_out_is_told_to_people_and_to_programs(tmp_path, monkeypatch):
    monkeypatch.setenv("TZ", "Europe/Berlin")
    gone = {*range(60, 460), *range(500, 840)}
    rows = "".join(f"{1772386200 + k},400\n" for k in range(1200) if k not in gone)
    (tmp_path / "gone.csv").write_text(f"time,load_w\n{rows}")
    words = ("--plant", plant(tmp_path), "--no-bounds", "--house", tmp_path / "gone.csv")
    page = tmp_path / "page.html"
    _, _, told = run(flow(tmp_path), *words, "--report", page)
    said = "the trace of the house told nothing for 12.4 min, 6.68 min of it from 2026-03-01 "
    said += "18:30:59 on: its power is taken to have stood"
    assert said in told
    assert said in page.read_text()
    for more, silent in [
        ((), {"house": [[59.0, 401.0], [499.0, 341.0]]}),
        (("--begin", "8m"), {"house": [[19.0, 341.0]]}),
        (("--for", "1m"), {}),
    ]:
        assert json.loads(run(flow(tmp_path), *words, *more, "--json")[1])["silences"] == silent


@pytest.mark.parametrize(
    ("first", "since"),
    [
        ("2026-03-01T18:30:00", "2026-03-01 18:31"),
        ("2026-03-01T17:30:00Z", "2026-03-01 18:31"),
        ("1772386200", "2026-03-01 18:31"),
        ("1772386200000", "2026-03-01 18:31"),
        ("0", "2026-01-01 00:01"),
    ],
)
def test_a_trace_with_dates_begins_when_it_says(tmp_path, monkeypatch, first, since):
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    file, later = tmp_path / "dated.csv", first.replace("30", "40", 1).replace("6200", "6800")
    file.write_text(f"time;load_w\n{first};300,5\n{later if later != first else 600};500\n")
    words = ("--no-bounds", "--house", file, "--begin", "1m", "--for", "1m")
    said = run(flow(tmp_path), "--plant", plant(tmp_path), *words)[1]
    assert f"from {since}" in said
    at = run(flow(tmp_path), "--plant", plant(tmp_path), *words, "--at", "2025-06-01T12:00")[1]
    assert "from 2025-06-01 12:00" in at


@pytest.mark.parametrize(("soc", "wrong"), [("99.2%", 660), ("99.6%", 0)])
def test_export_is_no_fault_of_a_flow_whose_batteries_are_as_good_as_full(tmp_path, soc, wrong):
    sunny = QUICK.replace("base: 300W", "base: 0W, loads: [{power: -1kW, lasts: 1h}]")
    setting = Setting(
        world(tmp_path, sunny.replace("left: {", f"left: {{soc: {soc}, "), seconds=60.0)
    )
    made = try_out(Candidate("it", flow(tmp_path, QUIET)), setting)
    assert made.figures["wrong_w"] == pytest.approx(wrong, abs=1)


def test_a_flow_that_tells_no_battery_anything_is_noticed(tmp_path):
    words = ("--plant", plant(tmp_path), "--for", "1m", "--no-bounds")
    said = "no battery was told anything; the plant says 'meter' as a number of watts"
    assert said in run(flow(tmp_path, QUIET), *words)[2]
    assert said not in run(flow(tmp_path), *words)[2]


def test_a_flow_that_hears_messages_hears_them_as_the_meter_of_the_plant_speaks():
    file = Path(__file__).parent.parent / "flows" / "b2500.yaml"
    words = (
        file,
        "--plant",
        file.parent / "plants" / file.name,
        "--for",
        "3m",
        "--no-bounds",
        "--json",
    )
    code, out, told = run(*words)
    (made,) = json.loads(out)["flows"]
    assert (code, "no battery was told anything" in told) == (0, False)
    assert made["figures"]["commands_per_h"] > 20
    assert made["figures"]["stored_kwh"] < -0.01


def test_what_no_flow_could_have_prevented_is_told(tmp_path):
    empty = QUICK.replace("left: {", "left: {soc: 5%, ")
    code, _, told = run(flow(tmp_path), "--plant", plant(tmp_path, empty), "--for", "2m",
                        "--no-bounds")  # fmt: skip
    assert code == 0
    assert "of the 300 W of flow, 300 W passed while no battery could help" in told
    *_, told = run(flow(tmp_path), "--plant", plant(tmp_path), "--for", "2m", "--no-bounds")
    assert "could help" not in told


def test_a_plant_without_batteries_has_a_report_that_says_so(tmp_path):
    text = "flow: bare\nstreams:\n  meter: [src]\n  told: [from: meter, out]\n"
    page = tmp_path / "bare.html"
    code, told, said = run(
        flow(tmp_path, text), "--plant", plant(tmp_path, "meter: {}"), "--for", "2m",
        "--cache", tmp_path / "kept", "--report", page,
    )  # fmt: skip
    assert (code, said) == (0, "there is no battery\n")
    assert "mean |grid|" in told
    assert "there is no battery" in page.read_text()


def test_batteries_of_the_plant_that_a_flow_does_not_steer_are_named(tmp_path):
    more = QUICK + "mid: {}\nright: {}\n"
    said = run(flow(tmp_path), "--plant", plant(tmp_path, more), "--for", "1m", "--no-bounds")[2]
    assert "flow: has no step for mid and right: left to their own logic" in said


def test_a_flow_brings_its_own_plant(tmp_path):
    text = ZERO.replace(
        "streams:\n", "streams:\n  own:\n    - simulated_house: {plant: plant.yaml}\n"
    )
    path = flow(tmp_path, text)
    code, _, said = run(path, "--for", "1m", "--no-bounds")
    assert code != 0
    assert "plant.yaml" in said
    plant(tmp_path)
    code, told, _ = run(path, "--for", "1m", "--no-bounds")
    assert (code, told.startswith(f"{tmp_path / 'plant.yaml'}: 1 min")) == (0, True)


def test_a_plant_of_the_name_of_the_flow_is_pointed_at(tmp_path):
    path = flow(tmp_path)
    assert "lies a plant" not in run(path, "--for", "1m", "--no-bounds")[2]
    own = tmp_path / "plants" / path.name
    own.parent.mkdir()
    own.write_text(QUICK)
    assert f"lies a plant: --plant {own}" in run(path, "--for", "1m", "--no-bounds")[2]


def test_a_bound_of_nothing_is_no_measure(tmp_path):
    setting = Setting(world(tmp_path, seconds=60.0, warm_up=10.0))
    made = compare([Candidate("it", flow(tmp_path))], setting, tmp_path / "cache")
    assert made.bounds is not None
    assert made.bounds.causal < 1
    assert made.outcomes[0].figures["ratio"] is None


def test_bounds_are_kept_where_the_system_keeps_such_things(tmp_path, monkeypatch):
    monkeypatch.setitem(os.environ, "XDG_CACHE_HOME", str(tmp_path / "kept"))
    run(flow(tmp_path), "--plant", plant(tmp_path), "--for", "1m")
    assert len(list((tmp_path / "kept" / "flowctl" / "bounds").iterdir())) == 1


def dies(_progress):
    os._exit(9)


def test_a_run_that_the_system_killed_is_told_without_a_traceback():
    with pytest.raises(OSError, match="a run was killed by the system"):
        run_all([Job(dies, (), 86400.0), Job(dies, (), 86400.0)])
