"""Why a battery was told what it was told."""

import json
from datetime import datetime

import pytest

from flowctl.engine.binding import outside, swallowed
from flowctl.faults import FlowError
from flowctl.language.check import load
from flowctl.recordings.moments import moment, zone_of
from flowctl.telling.explain import explain
from flowctl.terms import Terms
from flowctl.testing import Bench
from flowctl.values import Battery
from tests.typed import typed

START = 1_767_200_400.0  # 2025-12-31 17:00 UTC, an hour later in Berlin
HEAD = {"flowctl": 1, "flow": "tried", "version": "0", "zone": "Europe/Berlin"}
FLOW = """
flow: tried
streams:
  meter: [{homewizard_p1: {host: 127.0.0.1}}]
  allowed: [{from: meter}, {map: {to: value * 0 + 50, unit: W}}]
  plan:
    - from: meter
    - filter: abs(value) < 20kW
    - zero_grid: {batteries: [left, right], aim: allowed}
    - split: {batteries: [left, right]}
    - clamp: {high: 800W}
  left: [{from: plan.left}, {marstek_modbus: {host: 127.0.0.2, max_discharge: 700W}}]
  right: [{from: plan.right}, {marstek_udp: {host: 127.0.0.3, write_every: 5s}}]
  words: [{from: plan}, reasons, print]
"""


@pytest.fixture
def graph(tmp_path):
    (tmp_path / "tried.yaml").write_text(FLOW)
    return load(tmp_path / "tried.yaml")


@pytest.fixture
def day(tmp_path):
    def write(*rows):
        path = tmp_path / "day.jsonl"
        lines = [HEAD, *({"t": START + t, "stream": name, "value": v} for t, name, v in rows)]
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        return path

    return write


BATTERIES = [(0, "left", {"power": 0.0, "soc": 60.0}), (0, "right", {"power": 0.0})]


def steps(told):
    return [said.step for said in told.chain]


def test_the_chain_goes_from_the_sample_to_the_setpoint(graph, day):
    told = explain(graph, day(*BATTERIES, (1, "meter", 1050.0)), "left", START + 1)
    assert steps(told) == [
        "meter/homewizard_p1", "plan/filter", "plan/zero_grid", "plan/split", "plan/clamp",
    ]  # fmt: skip
    assert [said.words for said in told.chain] == [
        "read 1.05kW",
        "passed on 1.05kW",
        "made 1kW of 1.05kW",
        "made left 500W (by equal), right 500W (by equal)",
        "passed on left 500W (by equal), right 500W (by equal)",
    ]
    assert (told.setpoint, told.wanted, told.written_at) == (500.0, 500.0, START + 1)


def test_what_a_step_looked_at_is_told_and_where_that_came_from(graph, day):
    told = explain(graph, day(*BATTERIES, (1, "meter", 1050.0)), "left", START + 1)
    assert told.chain[2].beside == ("left: power 0W, soc 60%", "right: power 0W", "allowed: 50W")
    assert [(said.step, said.words) for said in told.beside] == [
        ("allowed/map", "made 50W of 1.05kW")
    ]


WISHES = """
flow: wishes
streams:
  meter: [{homewizard_p1: {host: 127.0.0.1}}]
  car: [{homewizard_p1: {host: 127.0.0.9}}]
  plan:
    - from: meter
    - response_predictor: {batteries: [left]}
    - not_into: {loads: [car]}
    - rebalance
  left: [{from: plan.left}, {marstek_modbus: {host: 127.0.0.2}}]
  told: [{from: why}, print]
"""


def test_who_asks_for_another_total_is_named(tmp_path, day):
    (tmp_path / "wishes.yaml").write_text(WISHES)
    rows = [(0, "left", {"power": 0.0, "soc": 60.0}), (0, "car", 3000.0), (1, "meter", 4000.0)]
    found = typed("explain", tmp_path / "wishes.yaml", day(*rows), "left").stdout
    assert "Decided by plan/rebalance: shares by energy.\n" in found
    total = "plan/not_into has all batteries give 1kW, where they would give 4kW"
    assert f"\n{total}.\n" in found
    with Bench(WISHES) as bench:
        for t, name, value in rows:
            bench.advance(t)
            bench.say(name, Battery(**value) if isinstance(value, dict) else value)
        _, why = bench.heard("told")[-1]
    assert why.says.endswith(f"shares by energy; {total}")


def test_a_setpoint_that_is_written_again_is_as_old_as_its_number(tmp_path, day):
    rows = [(0, "right", {"power": 0.0}), *((t, "meter", 1000.0) for t in range(1, 12))]
    (tmp_path / "again.yaml").write_text(ALONE)
    told = explain(load(tmp_path / "again.yaml"), day(*rows), "right", START + 11)
    assert told.setpoint == 1000
    assert (told.since, told.written_at - told.since > 3) == (START + 1, True)


ALONE = """
flow: alone
streams:
  meter: [{homewizard_p1: {host: 127.0.0.1}}]
  right: [{from: meter}, {marstek_udp: {host: 127.0.0.3}}]
"""


def test_what_was_held_back_is_told_as_it_was_heard(tmp_path, day):
    """The meter has said more by then; what the throttle made is of an older sample."""
    (tmp_path / "held.yaml").write_text(
        FLOW.replace("    - split", "    - throttle: 5s\n    - sample: 1s\n    - split")
    )
    rows = [*BATTERIES, (0.5, "meter", 1050.0), (1, "meter", 450.0), (2, "meter", 250.0)]
    told = explain(load(tmp_path / "held.yaml"), day(*rows), "left", START + 2.5)
    assert [(said.step, said.words, said.at - START) for said in told.chain][2:6] == [
        ("plan/zero_grid", "made 1kW of 1.05kW", 0.5),
        ("plan/throttle", "passed on 1kW", 0.5),
        ("plan/sample", "passed on 1kW", 2.0),
        ("plan/split", "made left 500W (by equal), right 500W (by equal)", 2.0),
    ]


@pytest.mark.parametrize(
    ("device", "grid", "step", "reason"),
    [
        ("right", 1050.0, "plan/split", "by equal"),
        ("right", 2050.0, "plan/clamp", "clamp: high 800W"),
        ("left", 2050.0, "left/in", "limit of the device: 700W"),
        ("left", -6000.0, "plan/split", "its limit: 2500W"),
    ],
)
def test_the_binding_limiter_is_named(graph, day, device, grid, step, reason):
    told = explain(graph, day(*BATTERIES, (1, "meter", grid)), device, START + 1)
    assert (told.step, told.reason) == (step, reason)


def test_what_is_not_written_has_its_reason(graph, day):
    rows = [*BATTERIES, (1, "meter", 1050.0), (2, "meter", 1080.0), (3, "meter", 1650.0)]
    told = explain(graph, day(*rows), "left", START + 2)
    assert told.step == "plan/split"
    assert told.reason == "by equal; 15W more is within its dead band of 25W"
    assert (told.setpoint, told.wanted) == (500.0, 515.0)
    told = explain(graph, day(*rows), "right", START + 3)
    assert told.reason == "it waits for its next write, one each 5s"


def test_a_lease_that_ran_out_is_the_reason_of_a_release(graph, day):
    rows = [*BATTERIES, (1, "meter", 1050.0), (40, "left", {"power": 0.0})]
    told = explain(graph, day(*rows), "left", START + 40)
    assert told.setpoint is None
    assert told.written_at == START + 11
    assert told.reason == "its lease of 10s ran out: the last plan came 39s ago"


def test_a_plan_that_ran_out_is_told_with_the_age_of_its_sample(tmp_path, day):
    law = "response_predictor: {batteries: [left, right]}\n    - rebalance"
    text = FLOW.replace("zero_grid: {batteries: [left, right], aim: allowed}", law)
    (tmp_path / "old.yaml").write_text(
        text.replace("    - split: {batteries: [left, right]}\n", "")
    )
    rows = [*BATTERIES, *((t, "meter", 1050.0) for t in range(1, 9)), (20, "left", {"power": 0.0})]
    told = explain(load(tmp_path / "old.yaml"), day(*rows), "left", START + 20)
    said = "its plan ran out, and no new one came for it: the last plan came "
    assert told.setpoint is None
    assert told.reason.startswith(said)
    assert told.reason.endswith("of what meter/homewizard_p1 said 12s ago")


def test_a_battery_that_was_left_out_is_the_plans_doing(graph, day):
    rows = [*BATTERIES, (1, "meter", 1050.0), (2, "right", {"online": False}),
            *((t, "meter", 1050.0) for t in range(3, 30))]  # fmt: skip
    told = explain(graph, day(*rows), "right", START + 29)
    assert (told.setpoint, told.wanted) == (None, None)
    assert (told.step, told.reason) == ("plan/split", "the plan leaves right out")


def test_nothing_after_the_moment_counts(graph, day):
    rows = [*BATTERIES, (1, "meter", 1050.0), (5, "meter", 250.0)]
    assert explain(graph, day(*rows), "left", START + 4.9).setpoint == 500.0
    assert explain(graph, day(*rows), "left", START + 5.0).setpoint == 100.0


def test_beyond_the_end_of_a_recording_nothing_is_known(graph, day):
    rows = [*BATTERIES, (1, "meter", 1050.0), (5, "meter", 250.0)]
    assert explain(graph, day(*rows), "left", START + 5.9).setpoint == 100.0
    with pytest.raises(FlowError, match="from 2025-12-31 18:00:00 to 2025-12-31 18:00:05"):
        explain(graph, day(*rows), "left", START + 3600)


@pytest.mark.parametrize(
    ("rows", "device", "at", "said"),
    [
        ([(1, "meter", 5.0)], "lefd", 9, "did you mean 'left'"),
        ([(1, "meter", 5.0)], "meter", 9, "devices are left, right"),
        ([(1, "meter", 5.0)], "left", -5, "begins at 2025-12-31 18:00:01"),
        (
            [(1, "car", 5.0)],
            "left",
            1,
            "holds no value for an edge of this flow by then; it holds car",
        ),
        ([(1, "left", {"power": 5.0})], "left", 2, "was told nothing by then"),
    ],
)
def test_what_cannot_be_explained_says_why(graph, day, rows, device, at, said):
    with pytest.raises(FlowError, match=said):
        explain(graph, day(*rows), device, START + at)


def test_a_law_in_watts_without_a_plan_is_explained_too(tmp_path, day):
    (tmp_path / "one.yaml").write_text("""
flow: one
streams:
  meter: [{homewizard_p1: {host: 127.0.0.1}}]
  left: [{from: meter}, {scale: 0.5}, {clamp: 300W}, {marstek_modbus: {host: 127.0.0.2}}]
""")
    told = explain(load(tmp_path / "one.yaml"), day((1, "meter", 1000.0)), "left", START + 1)
    assert steps(told) == ["meter/homewizard_p1", "left/scale", "left/clamp"]
    assert (told.step, told.setpoint) == ("left/clamp", 300.0)


@pytest.mark.parametrize(
    ("wanted", "setpoint", "said"),
    [
        (None, None, ""),
        (500.0, 500.0, ""),
        (900.0, 800.0, "limit of the device: 800W"),
        (-900.0, -600.0, "limit of the device: 600W"),
        (510.0, 500.0, ""),
        (600.0, 500.0, "it waits for its next write, one each 1s"),
    ],
)
def test_the_terms_of_a_device_speak_for_themselves(wanted, setpoint, said):
    terms, rating = Terms(max_discharge=800.0), Battery(max_charge=600.0, max_discharge=2500.0)
    assert outside(terms, rating, wanted, setpoint) == said
    assert terms.within(9e9, rating) == 800.0


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (510.0, "10W more is within its dead band of 25W"),
        (490.0, "10W less is within its dead band of 25W"),
        (525.0, ""),
        (500.0, ""),
        (None, ""),
    ],
)
def test_what_is_too_little_to_be_written_is_told_beside_the_reason(wanted, said):
    assert swallowed(Terms(), wanted, 500.0) == said
    assert swallowed(Terms(), None if wanted is None else -wanted, -500.0) == said  # charging


@pytest.mark.parametrize(("setpoint", "wanted"), [(0.0, -8.0), (5.0, -8.0), (0.04, -8.0)])
def test_more_and_less_are_of_one_direction(setpoint, wanted):
    assert swallowed(Terms(), wanted, setpoint) == "to take 8W is within its dead band of 25W"


SILENT = """
flow: silent
streams:
  meter: [{homewizard_p1: {host: 127.0.0.1}}]
  plan:
    - from: meter
    - response_predictor: {batteries: [left, right]}
    - rebalance
  left: [{from: plan.left}, {marstek_modbus: {host: 127.0.0.2}}]
  right: [{from: plan.right}, {marstek_udp: {host: 127.0.0.3}}]
"""


def test_of_a_battery_that_fell_silent_it_is_said_why_a_plan_leaves_it_out(tmp_path, day):
    (tmp_path / "silent.yaml").write_text(SILENT)
    rows = [(t, name, {"power": 0.0, "soc": 60.0}) for t in range(10) for name in ("left", "right")]
    rows += [(t, "left", {"power": 0.0, "soc": 60.0}) for t in range(10, 100)]
    rows += [(t + 0.5, "meter", 300.0) for t in range(100)]
    rows.sort(key=lambda row: row[0])
    told = explain(load(tmp_path / "silent.yaml"), day(*rows), "right", START + 99)
    assert (told.setpoint, told.step) == (None, "plan/rebalance")
    assert told.reason == "the plan leaves right out (tells nothing any more)"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("+90s", 90.0),
        ("end", 5.0),
        ("18:00:10", 10.0),
        ("17:00", 23 * 3600.0),
        ("17:01+00:00", 60.0),
        ("02:01+09:00", 60.0),
        ("2025-12-31T18:01:00", 60.0),
        ("2025-12-31T17:01:00+00:00", 60.0),
        (f"{START + 3}", 3.0),
    ],
)
def test_a_moment_is_named_as_people_do(day, text, seconds):
    path = day((0, "meter", 1.0), (5, "meter", 1.0))
    assert moment(text, path, zone_of(path)) == START + seconds


@pytest.mark.parametrize(
    ("begin", "text", "found"),
    [
        ("2026-10-25T00:10:00+00:00", "02:20", "2026-10-25T00:20:00+00:00"),  # still summer
        ("2026-10-25T01:10:00+00:00", "02:20", "2026-10-25T01:20:00+00:00"),  # the second time
        ("2026-10-25T00:40:00+00:00", "02:20", "2026-10-25T01:20:00+00:00"),
        ("2026-03-29T00:10:00+00:00", "03:20", "2026-03-29T01:20:00+00:00"),
    ],
)
def test_a_time_is_the_next_one_that_the_clock_shows_when_it_changes(day, begin, text, found):
    start = datetime.fromisoformat(begin).timestamp()
    path = day((start - START, "meter", 1.0))
    assert moment(text, path, zone_of(path)) == datetime.fromisoformat(found).timestamp()


@pytest.mark.parametrize("text", ["noon", "25:00", "+later", "+5"])
def test_what_is_no_moment_is_refused(day, text):
    path = day((0, "meter", 1.0))
    with pytest.raises(FlowError, match="--at"):
        moment(text, path, zone_of(path))


@pytest.fixture
def run(graph, day):
    def call(*arguments):
        path = day(*BATTERIES, (1, "meter", 2050.0))
        return typed("explain", graph.file, path, *arguments)

    return call


def test_the_command_tells_it_in_lines(run):
    said = run("right", "--at", "18:00:01").stdout.splitlines()
    assert said[:2] == [
        "At 18:00:01.000 right is told to give 800W.",
        "Decided by plan/clamp: clamp: high 800W.",
    ]
    assert said[3].split() == ["18:00:01.000", "meter/homewizard_p1", "read", "2.05kW"]


def test_without_a_name_all_devices_are_explained(run):
    said = run().stdout
    assert "left is told to give 700W" in said
    assert "right is told to give 800W" in said


def test_a_device_that_was_told_nothing_does_not_hide_the_others(tmp_path, day):
    text = FLOW.replace("plan.right}", "late}").replace(
        "  plan:", "  late: [{from: allowed}, {filter: value > 1kW}]\n  plan:"
    )
    (tmp_path / "one.yaml").write_text(text)
    rows = day(*BATTERIES, (1, "meter", 1050.0))
    code, told, said = typed("explain", tmp_path / "one.yaml", rows)
    assert code == 0
    assert said.endswith("\n'right' was told nothing by then; is the recording long enough?\n")
    assert "left is told to give 500W" in told


def test_an_empty_recording_holds_nothing(run, tmp_path):
    (tmp_path / "empty.jsonl").write_text("")
    (tmp_path / "flow.yaml").write_text(FLOW)
    words = ("explain", tmp_path / "flow.yaml", tmp_path / "empty.jsonl", "left", "--at")
    for at in ("1774745134", "18:00", "end"):
        code, _, said = typed(*words, at)
        assert (code, "holds no value" in said) == (2, True)


def test_programs_get_json(run):
    [told] = json.loads(run("right", "--json").stdout)
    assert (told["device"], told["setpoint"], told["reason"]) == ("right", 800, "clamp: high 800W")
    assert told["chain"][3]["value"]["watts"] == {"left": 1000.0, "right": 1000.0}
    assert set(told["chain"][0]) == {"step", "node", "at", "value", "words", "beside"}


def test_times_inside_its_values_are_dates_too(tmp_path, day):
    (tmp_path / "valid.yaml").write_text(
        FLOW.replace("[left, right]}\n    - clamp", "[left, right], valid: 9s}\n    - clamp")
    )
    rows = day(*BATTERIES, (1, "meter", 50.0), (3, "meter", 2050.0))
    [told] = json.loads(typed("explain", tmp_path / "valid.yaml", rows, "left", "--json").stdout)
    split = told["chain"][3]
    assert split["value"]["valid_until"] == split["at"] + 9 == START + 12


ASKED = FLOW + "  told: [{from: why}, print]\n"


def live(text):
    """A flow that runs, with 2050 W at its meter after a second."""
    bench = Bench(text)
    for name in ("left", "right"):
        bench.say(name, Battery(power=0.0, soc=50.0))
    bench.advance(1.0)
    bench.say("meter", 2050.0)
    return bench


def test_the_same_is_a_stream_with_one_word_per_setpoint_that_is_written():
    with live(ASKED) as bench:
        told = {why.device: why for _, why in bench.heard("told")}
    left, right = told["left"], told["right"]
    assert (left.setpoint, left.wanted, left.step) == (700.0, 800.0, "left/in")
    assert left.says == "left is told to give 700W, decided by left/in: limit of the device: 700W"
    assert (right.step, right.reason) == ("plan/clamp", "clamp: high 800W")
    assert right.chain[0] == "meter/homewizard_p1 read 2.05kW"
    assert len(right.chain) == 5


def test_a_release_is_told_there_too():
    with live(ASKED) as bench:
        bench.advance(30.0)
        _, last = bench.heard("told")[-1]
    assert last.setpoint is None
    assert "ran out" in last.reason


def test_its_fields_can_be_read_and_a_flow_that_does_not_ask_pays_nothing():
    with live(FLOW + "  told: [{from: why.says}, print]\n") as bench:
        assert [says.split()[0] for _, says in bench.heard("told")] == ["left", "right"]
    with live(FLOW) as bench:
        assert "why" not in bench.engine.outputs


def test_no_stream_of_a_flow_may_take_its_name():
    with pytest.raises(FlowError, match="'why' is the engine's own stream"):
        Bench(FLOW + "  why: [{from: plan}, print]\n")


def accepted(**more):
    """A minute in which `right` accepts what another flow tells it, and tells more of itself."""
    yield 0.5, "right", {"setpoint": 500.0}
    for t in range(60):
        yield t, "meter", 500.0
        yield t + 0.1, "right", {"setpoint": 900.0, "power": 890.0, **more}


LEFT_TO = "it is left to somebody else, who had set it"


@pytest.mark.parametrize(
    ("more", "setpoint", "said"),
    [({}, 500.0, ""), ({"power": -900.0}, 500.0, ""), ({"self_regulating": True}, None, LEFT_TO)],
)
def test_what_the_flow_of_that_day_told_a_battery_is_no_hand_of_somebody_else(
    tmp_path, day, caplog, more, setpoint, said
):
    text = ALONE.replace("host: 127.0.0.3", "host: 127.0.0.3, on_override: yield")
    (tmp_path / "alone.yaml").write_text(text)
    rows = sorted(accepted(**more), key=lambda row: row[0])
    found = explain(load(tmp_path / "alone.yaml"), day(*rows), "right", START + 59)
    assert (found.played, found.reason) == (setpoint, said)
    assert ("somebody else" in caplog.text) == (setpoint is None)


def test_after_a_restart_only_what_came_since_counts(graph, day):
    rows = [*BATTERIES, (1, "meter", 1050.0), (4, "left", {"power": 90.0}), (5, "meter", 1050.0)]
    path = day(*rows)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*lines[:-2], lines[0], *lines[-2:]]))
    with pytest.raises(FlowError, match="'left' was told nothing by then"):
        explain(graph, path, "left", START + 4.9)
    assert explain(graph, path, "left", START + 3.9).since == START + 1
    assert explain(graph, path, "left", START + 5).since == START + 5
