"""A flow without a plant file: its devices are what their twins say, and tell as often as asked."""

import inspect
import json
import re
import subprocess
import sys
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType

import pytest

from flowctl import Battery
from flowctl.backtest import makes
from flowctl.backtest.candidates import Candidate
from flowctl.backtest.given import Given
from flowctl.backtest.loop import ClosedLoop
from flowctl.backtest.makes import GROUP, asks
from flowctl.backtest.options import asked
from flowctl.backtest.trial import Setting, try_out
from flowctl.backtest.world import World
from flowctl.language.check import load
from flowctl.recordings.recording import Recorder
from nodes.sim.made import made_battery
from tests.plants import ZERO, plant
from tests.plants import flow as of_no_make
from tests.typed import typed

ROOT = Path(__file__).parents[1]
HOME = """
flow: own
streams:
  meter:
    - homewizard_p1: {host: 192.168.1.20}
  plan:
    - from: meter
    - response_predictor: {batteries: [left, right]}
    - rebalance
  left:
    - from: plan.left
    - marstek_modbus: {host: 192.168.1.21, family: a}
  right:
    - from: plan.right
    - marstek_udp: {host: 192.168.1.22, capacity: 2.56kWh}
"""
NOBODY = "'${NO_SUCH_HOST:-}'"
MADE = "left is taken for a battery of the kind wired: takes 1450W, gives 1450W, 2.12kWh, 60% full"


def flow(folder: Path, text: str = HOME, name: str = "own") -> Path:
    file = folder / f"{name}.yaml"
    file.write_text(text)
    return file


def trace(folder: Path) -> Path:
    file = folder / "trace.csv"
    rows = (f"{30 * k},{400 + 500 * (k % 3)}" for k in range(20))
    file.write_text("\n".join(("t_s,load_w", *rows)) + "\n")
    return file


def run(*words: object) -> tuple[int, str, str]:
    return typed("backtest", *words, "--no-bounds")


def setups(world: World):
    return world.open().plant.setup


def worlds(file: Path, **given) -> World:
    return asked(Given(**given), file, {}).setting.world


def test_a_flow_without_a_plant_is_tried_with_what_its_steps_say(tmp_path):
    file = flow(tmp_path)
    code, told, said = run(file, "--house", trace(tmp_path))
    assert code == 0, said
    assert told.startswith(f"the plant of {file}, the house of {tmp_path / 'trace.csv'}: 10 min")
    assert MADE in said
    assert "right is taken for a battery of the kind udp: takes 2500W" in said
    assert "2.56kWh" in said
    assert "nothing is known" not in said
    row = next(line for line in told.splitlines() if line.startswith("mean |grid|"))
    assert float(row.split()[3]) < 300  # of 900 on average: the batteries do their work
    made = json.loads(run(file, "--for", "1m", "--json")[1])
    assert (made["plant"], made["taken_for"]["left"]) == (None, MADE.partition(" for ")[2])


def metered(folder: Path, each: int, asked_each: int) -> Path:
    """Record a house whose meter has a reading each so many seconds."""
    file = folder / "day.jsonl"
    with Recorder(file, flow="own", zone="Etc/UTC") as recorder:
        for second in range(400):
            if second % asked_each == 0:
                recorder.write(1.78e9 + second, "meter", float(second - second % each))
            for name in ("left", "right"):
                recorder.write(1.78e9 + second, name, Battery(power=0.0, soc=50.0))
    return file


@pytest.mark.parametrize(("each", "asked_each", "period"), [(10, 1, 10), (1, 1, 1), (5, 5, 1)])
def test_a_meter_has_its_readings_as_often_as_a_recording_tells(tmp_path, each, asked_each, period):
    """Where it is asked more often than it has one, that is known; else a poll may miss some."""
    words = (flow(tmp_path), "--recording", metered(tmp_path, each, asked_each), "--no-bounds")
    told = f"a meter of the kind dsmr5: a reading each {period}s"
    assert f"meter is taken for {told}" in run(*words)[2]
    assert json.loads(run(*words, "--json")[1])["taken_for"]["meter"] == told


def test_a_meter_that_speaks_by_itself_has_its_readings_when_it_does(tmp_path):
    text = HOME.replace("homewizard_p1: {host: 192.168.1.20}", "dsmr: {host: 192.168.1.20}")
    words = (flow(tmp_path, text), "--recording", metered(tmp_path, 10, 10), "--no-bounds")
    assert "meter of the kind dsmr5: a reading each 10s" in run(*words)[2]


def test_batteries_that_are_alike_are_told_in_one_line(tmp_path):
    more = "".join(
        f"  {name}:\n    - from: plan.{name}\n    - marstek_modbus: {{host: {host}, family: a}}\n"
        for name, host in (("mid", "192.168.1.23"), ("low", "192.168.1.24"))
    )
    text = HOME.replace("[left, right]", "[left, right, mid, low]") + more
    said = run(flow(tmp_path, text), "--for", "1m")[2]
    assert MADE.replace("left is taken", "left, mid and low are each taken") in said
    assert "right is taken for a battery of the kind udp" in said


def test_bounds_are_worked_out_for_it_too_and_kept(tmp_path):
    words = (flow(tmp_path), "--house", trace(tmp_path), "--for", "1m", "--json")
    first, again = (typed("backtest", *words, "--cache", tmp_path / "kept") for _ in range(2))
    assert first == again
    assert json.loads(first[1])["bounds"]["causal_w"] > 0


def test_without_a_house_it_is_an_evening_that_is_made_up(tmp_path):
    code, told, _ = run(flow(tmp_path), "--for", "1m")
    assert (code, "own.yaml, a made-up evening: 1 min" in told) == (0, True)


def test_what_a_plant_file_states_goes_before_what_the_twin_says(tmp_path):
    file, of_plant = (
        flow(tmp_path),
        "meter: {}\nleft: {capacity: 3kWh, lag: 2s}\nright: {kind: cloud}",
    )
    made = setups(worlds(file, plant=plant(tmp_path, of_plant))).batteries
    left, right = made["left"], made["right"]
    assert (left.capacity, left.lag, left.max_charge) == (3000, 2, 1450)
    assert (right.kind, right.max_charge, right.capacity) == ("cloud", 1600, 4000)


def test_the_model_in_a_plant_file_goes_before_that_of_the_step(tmp_path):
    of_plant = "meter: {}\nleft: {family: c}\nright: {kind: udp, family: a, max_charge: 1kW}"
    made = setups(worlds(flow(tmp_path), plant=plant(tmp_path, of_plant))).batteries
    left, right = made["left"], made["right"]
    assert (left.capacity, left.max_charge) == (2560, 2500)
    assert (right.capacity, right.max_charge, right.max_discharge) == (2120, 1000, 1450)


def telemetry(world: World, file: Path, name: str) -> list[float]:
    """Seconds of the first minute at which a battery told its power."""
    twins = world.open(asks(load(file)))
    return [
        at for at, who, record in twins.advance(60.0) if who == name and record.power is not None
    ]


@pytest.mark.parametrize(
    ("of_plant", "poll", "count"),
    [
        ("{kind: wired}", "5s", 12),
        ("{kind: wired, telemetry: {every: 20s}}", "1s", 60),  # as on sockets: polls set it
        ("{kind: wired, telemetry: {every: 0s}}", "1s", 0),  # it tells nothing
        ("{}", "3s", 20),
    ],
)
def test_a_battery_tells_as_often_as_its_step_polls(tmp_path, of_plant, poll, count):
    file = flow(tmp_path, HOME.replace("family: a", f"poll: {poll}"))
    world = World(plant(tmp_path, f"meter: {{}}\nleft: {of_plant}\nright: {{}}"))
    assert len(telemetry(world, file, "left")) == count


@pytest.mark.parametrize(("step", "count"), [("", 60), (", every: 5s", 12), (", every: 9s", 6)])
def test_a_meter_that_is_polled_says_its_last_reading_again(tmp_path, step, count):
    """An old P1 port has a telegram each ten seconds; who asks about as often hears each once."""
    patient = "marstek_modbus: {lease: 20s, ", "marstek_udp: {lease: 20s, "
    text = HOME.replace("192.168.1.20", f"192.168.1.20{step}")
    for step in patient:
        text = text.replace(step.split("lease")[0], step)
    file = flow(tmp_path, text)
    world = World(plant(tmp_path, "meter: {kind: dsmr4}\nleft: {}\nright: {}"))
    heard = [who for _, who, _ in world.open(asks(load(file))).advance(60.0) if who == "meter"]
    assert len(heard) == pytest.approx(count, rel=0.2)  # until its first telegram it is mute


@pytest.mark.parametrize(
    ("step", "count"),
    [
        ("homewizard_p1: {host: 192.168.1.20, every: 1s}", 60),
        ("homewizard_p1: {host: 192.168.1.20, every: 10s}", 6),
        ("http_get: {url: 'http://192.168.1.20/w', every: 10s, unit: W}", 6),
        ("shelly: {host: 192.168.1.20, every: 3s}", 20),
        ("ha_state: {host: 192.168.1.20, token: b, entity: sensor.p1, unit: W}", 60),
    ],
)
@pytest.mark.parametrize("stated", ["meter: {}\nleft: {}\nright: {}", ""])
def test_a_meter_that_is_polled_more_rarely_than_it_reads_is_heard_as_rarely(
    tmp_path, stated, step, count
):
    """With a plant file and without one; Home Assistant tells each change at once."""
    file = flow(tmp_path, HOME)
    world = World(plant(tmp_path, stated)) if stated else worlds(file)
    patient = re.sub("(host: 192.168.1.2[12])", r"\1, lease: 60s", HOME)
    swept = flow(tmp_path, patient.replace("homewizard_p1: {host: 192.168.1.20}", step), "swept")
    heard = [who for _, who, _ in world.open(asks(load(swept))).advance(60.0) if who == "meter"]
    assert len(heard) == pytest.approx(count, abs=2)


def test_what_a_plant_file_does_not_tell_no_step_hears(tmp_path):
    """Beside what its step does not hear; and only of its own step."""
    told = "telemetry: {untold: [power], no_soc: true}"
    file = flow(tmp_path)
    hears_soc = "b2500_esp: {broker: mqtt://b, topic: b/m, power_topic: b/w, battery_topic: b/s}"
    other = flow(tmp_path, HOME.replace("marstek_modbus: {host: 192.168.1.21, family: a}",
                 hears_soc), "other")  # fmt: skip
    world = World(plant(tmp_path, f"meter: {{}}\nleft: {{{told}}}\nright: {{}}"))
    for path in (file, other):
        records = [record for _, who, record in world.open(asks(load(path))).advance(20.0)
                   if who == "left"]  # fmt: skip
        assert records
        assert {(record.power, record.soc, record.min_power) for record in records} == {
            (None, None, None)
        }


def test_what_a_step_does_not_hear_is_told_to_a_flow_that_is_held_against_it(tmp_path):
    file = flow(tmp_path, HOME.replace("marstek_modbus: {host: 192.168.1.21, family: a}",
                "ct_emulator: {mac: 0123456789ab}"))  # fmt: skip
    world = worlds(file)
    mine, others = (
        [record for _, who, record in world.open(asks(load(path))).advance(20.0) if who == "left"]
        for path in (file, flow(tmp_path, name="other"))
    )
    assert {record.soc for record in mine} == {None}
    assert {record.soc for record in others} == {60.0}
    assert all(record.charged is not None for record in others)


@pytest.mark.parametrize(("topic", "soc"), [("", None), (", battery_topic: b/s", 60)])
def test_a_battery_tells_its_charge_only_where_its_step_hears_it(tmp_path, topic, soc):
    step = f"b2500_esp: {{broker: mqtt://b, topic: b/m, power_topic: b/w{topic}}}"
    file = flow(tmp_path, HOME.replace("marstek_modbus: {host: 192.168.1.21, family: a}", step))
    stated = plant(tmp_path, "meter: {}\nleft: {kind: b2500}\nright: {}")
    for world in (World(stated), worlds(file)):
        told = world.open(asks(load(file))).advance(20.0)
        assert {record.soc for _, who, record in told if who == "left"} == {soc}


def test_a_flow_that_is_held_against_it_meets_the_same_batteries_and_asks_in_its_own_way(tmp_path):
    file = flow(tmp_path)
    other = flow(tmp_path, HOME.replace("marstek_modbus: {host: 192.168.1.21, family: a}",
                 "zendure: {host: 192.168.1.21, poll: 10s}"), "other")  # fmt: skip
    world = worlds(file)
    mine, others = (world.open(asks(load(path))).plant.setup.batteries for path in (file, other))
    assert (mine["left"].kind, mine["left"].max_charge) == ("wired", 1450)
    assert (others["left"].kind, others["left"].max_charge) == ("wired", 1450)
    assert (mine["left"].telemetry.every, others["left"].telemetry.every) == (1, 10)
    code, told, said = run(file, "--against", other, "--for", "1m")
    assert (code, said.count("left is taken for")) == (0, 1)
    assert "other" in told


def test_a_flow_that_is_held_against_it_has_no_battery_of_its_own(tmp_path):
    other = flow(tmp_path, HOME.replace("left", "third"), "other")
    code, _, said = run(flow(tmp_path), "--against", other, "--for", "1m")
    assert code == 2
    assert (
        f"the plant of {tmp_path}/own.yaml has no battery 'third'; it has left, right; call" in said
    )
    assert "name a plant that has it: --plant FILE" in said


def test_what_batteries_told_in_a_recording_goes_before_what_their_steps_say(tmp_path):
    file = tmp_path / "day.jsonl"
    with Recorder(file, flow="own") as recorder:
        for second in range(60):
            told = Battery(power=100.0, soc=40.0, max_charge=800.0 if second % 9 else 0.0)
            recorder.write(1e9 + second, "left", told)
            recorder.write(1e9 + second, "right", Battery(power=0.0, capacity=4000.0))
            recorder.write(1e9 + second, "meter", 300.0)
    left, right = setups(worlds(flow(tmp_path), recording=file)).batteries.values()
    assert (left.soc, left.max_charge, left.max_discharge, left.capacity) == (40, 800, 1450, 2120)
    assert (right.soc, right.capacity) == (60, 4000)
    stated = plant(tmp_path, "meter: {}\nleft: {max_charge: 2kW}\nright: {capacity: 3kWh}")
    left, right = setups(worlds(flow(tmp_path), recording=file, plant=stated)).batteries.values()
    assert (left.soc, left.max_charge, right.capacity) == (40, 2000, 3000)


def test_a_battery_without_an_address_is_not_there(tmp_path):
    file = flow(tmp_path, HOME.replace("192.168.1.22", NOBODY))
    setting = asked(Given(lasts="1m"), file, {}).setting
    assert list(setups(setting.world).batteries) == ["left"]
    world, graph = setting.world, load(file)
    loop = ClosedLoop(graph, world.open(asks(graph)), world.starts(world.open()))
    heard: list[bool | None] = []
    loop.engine.output(graph.streams["right"]).listen(
        -1, lambda record: heard.append(record.online)
    )
    loop.run(30.0)
    assert set(heard) == {False}
    assert try_out(Candidate("it", file), setting).failures == {}


def test_a_battery_without_an_address_need_not_be_in_a_plant_file(tmp_path):
    file = flow(tmp_path, HOME.replace("192.168.1.22", NOBODY))
    assert run(file, "--plant", plant(tmp_path, "meter: {}\nleft: {}\n"), "--for", "1m")[0] == 0


def test_a_node_of_no_make_is_the_usual_one_and_that_is_said(tmp_path):
    code, _, said = run(of_no_make(tmp_path), "--for", "1m")
    assert code == 0
    assert "left is taken for a battery of the kind wired: takes 2500W" in said
    assert "nothing is known of bat: left may differ; a --plant FILE says how" in said
    assert "nothing is known of src: meter may differ; a --plant FILE says how" in said
    _, _, said = run(of_no_make(tmp_path), "--plant", plant(tmp_path), "--for", "1m")
    assert "nothing is known" not in said


def slow(*, host: str, terms: object) -> dict[str, object]:
    """The twin of `bat`, as its author brings it."""
    assert (host, terms.lease) == ("x", 10.0)
    return {"kind": "cloud", "capacity": 1000.0}


def wrong(**_: object) -> dict[str, object]:
    raise ValueError("no battery is so small; give its host")


def nothing_of_use(**_: object) -> object:
    return 5


def bring(monkeypatch: pytest.MonkeyPatch, *twins: str, name: str = "bat") -> None:
    ours = list(entry_points(group=GROUP))
    more = [EntryPoint(name, f"{__name__}:{twin}", GROUP) for twin in twins]
    monkeypatch.setattr(makes, "entry_points", lambda group: [*ours, *more] * (group == GROUP))


def test_whoever_brings_a_node_may_bring_its_twin(tmp_path, monkeypatch):
    bring(monkeypatch, "slow")
    code, _, said = run(of_no_make(tmp_path), "--for", "1m")
    assert code == 0
    assert "left is taken for a battery of the kind cloud: takes 1600W, gives 1600W, 1kWh" in said
    assert "nothing is known of bat" not in said


def test_the_twin_in_the_manual_says_what_a_plant_has(monkeypatch):
    page = (ROOT / "docs" / "backtest.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    module = ModuleType("my_nodes.my_battery")
    monkeypatch.setitem(sys.modules, "my_nodes", ModuleType("my_nodes"))
    monkeypatch.setitem(sys.modules, "my_nodes.my_battery", module)
    module.my_battery = slow
    exec(code, made := {})
    assert inspect.signature(made["twin"]) == inspect.signature(slow)
    battery = made_battery("left", made["twin"](poll=3.0, size="s"))
    assert (battery.capacity, battery.telemetry.every, battery.telemetry.age) == (2000, 3, 1)


@pytest.mark.parametrize(
    ("twins", "said"),
    [
        (["wrong"], "left/bat: its twin {here}:wrong fails: no battery is so small; give its host"),
        (["gone"], "left/bat: its twin {here}:gone fails: module"),
        (["nothing_of_use"], "it says 5; a twin returns settings of a plant file"),
        (["slow", "wrong"], "'bat' has two twins, {here}:slow and {here}:wrong; uninstall one"),
    ],
)
def test_a_twin_that_fails_is_told_at_its_step(tmp_path, monkeypatch, twins, said):
    bring(monkeypatch, *twins)
    for words in ((), ("--plant", plant(tmp_path))):
        code, _, told = run(of_no_make(tmp_path), *words, "--for", "1m")
        assert (code, "Traceback" in told) == (2, False)
        assert said.format(here=__name__) in told


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("  meter: [src]", "  grid: [src]\n  roof: [src]\n  meter:\n    - from: grid",
         "which of grid, roof is its meter is not clear; call the stream of its meter 'meter'"),
        ("  meter: [src]", "  meter:\n    - tick: 1s\n    - scale: 100",
         "'meter' is no source of its own; begin it with the step of your meter, e.g. homewizard"),

    ],
)  # fmt: skip
def test_which_source_is_the_meter_has_to_be_clear(tmp_path, before, after, said):
    code, _, told = run(of_no_make(tmp_path, ZERO.replace(before, after)), "--for", "1m")
    assert (code, said in told) == (2, True), told


def test_the_only_source_of_watts_is_the_meter(tmp_path):
    text = ZERO.replace("  meter: [src]", "  p1: [src]").replace("from: meter", "from: p1")
    assert worlds(of_no_make(tmp_path, text)).open().names == ("p1", "left")


def test_a_flow_whose_batteries_have_no_address_is_told_so(tmp_path):
    text = HOME.replace("192.168.1.21", NOBODY).replace("192.168.1.22", NOBODY)
    code, _, told = run(flow(tmp_path, text), "--for", "1m")
    assert code == 2
    assert "it has no battery with an address; give its devices a host, or name a plant" in told


def test_a_load_keeps_nothing_and_is_no_part_of_the_spread_of_charge(tmp_path):
    text = HOME.replace("marstek_udp: {host: 192.168.1.22, capacity: 2.56kWh}",
                        "switched_load: {broker: mqtt://b, topic: t, power: 600W}")  # fmt: skip
    text = text.replace("from: plan.right", "from: meter\n    - map: -600W")
    file = flow(tmp_path, text.replace("[left, right]", "[left]"))
    made = try_out(Candidate("it", file), asked(Given(lasts="5m"), file, {}).setting)
    assert made.figures["losses_w"] > 500
    assert made.figures["soc_spread"] == 0
    assert made.failures == {}


def test_checking_a_flow_reads_nothing_of_the_simulation():
    code = "import sys; from flowctl.language.check import load; load(sys.argv[1]); "
    code += "print(*(name for name in sys.modules if name.startswith('nodes.sim.')))"
    command = [sys.executable, "-c", code, str(ROOT / "flows" / "home.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_a_comparison_counts_each_flow_by_what_it_asks(tmp_path):
    """Polls are part of a flow: what is told more often is known better."""
    world = World(
        plant(tmp_path, "meter: {}\nleft: {kind: wired}\nright: {kind: udp}"), seconds=300.0
    )
    often, seldom = (
        flow(tmp_path, HOME.replace("family: a", f"poll: {poll}"), name)
        for poll, name in (("1s", "often"), ("20s", "seldom"))
    )
    told = [try_out(Candidate("it", file), Setting(world)).figures for file in (often, seldom)]
    assert told[0] != told[1]
