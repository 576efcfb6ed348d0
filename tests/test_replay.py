"""What `flowctl replay` shows and compares."""

import json
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowctl.language.check import load
from flowctl.virtual.replay import Player
from tests.typed import typed

FLOW = """
flow: played
streams:
  meter: [homewizard_p1: {host: 127.0.0.1}]
  plan: [from: meter, scale: 0.1]
  left: [from: plan, marstek_modbus: {host: 127.0.0.2}]
"""


@pytest.fixture
def played(tmp_path):
    flow, day = tmp_path / "played.yaml", tmp_path / "day.jsonl"
    flow.write_text(FLOW)
    rows = [(1_767_200_400.0 + n, 3.0 * n) for n in range(4)]
    lines = [json.dumps({"t": t, "stream": "meter", "value": value}) for t, value in rows]
    day.write_text("\n".join(lines) + "\n")

    def play(*words):
        return typed("replay", flow, day, *words)

    return play


def test_numbers_are_rounded_for_people(played):
    told = [json.loads(line)["value"] for line in played("--stream", "plan").stdout.splitlines()]
    assert told == [0.0, 0.3, 0.6, 0.9]  # and not 0.30000000000000004


def test_a_stream_that_is_not_there_is_told_with_the_nearest(played):
    answer = played("--stream", "pln")
    assert (answer.code, answer.stdout) == (2, "")
    assert "no stream is called 'pln'; did you mean 'plan'?" in answer.stderr
    assert played("--stream", "left/in").code == 0


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda line: line | {"value": line["value"] + 1e-9}, 0),
        (lambda line: line | {"value": line["value"] + 1e-3}, 1),
        (lambda line: line | {"t": line["t"] + 1e-3}, 1),
        (lambda line: line | {"stream": "other"}, 1),
        (lambda line: line | {"value": True}, 1),
        (lambda line: line | {"value": "0.3"}, 1),
        (lambda line: {"t": line["t"]}, 1),
    ],
)
def test_a_golden_file_is_compared_but_for_the_last_digits(played, tmp_path, change, code):
    golden = tmp_path / "golden.jsonl"
    lines = [json.loads(line) for line in played("--stream", "plan").stdout.splitlines()]
    golden.write_text("".join(json.dumps(line) + "\n" for line in [*lines[:-1], change(lines[-1])]))
    assert played("--stream", "plan", "--expect", golden).code == code


def test_a_golden_file_that_is_shorter_or_no_json_differs(played, tmp_path):
    golden = tmp_path / "golden.jsonl"
    golden.write_text("nonsense\n")
    assert played("--expect", golden).code == 1


def continued(path, *runs):
    """Write a recording that was continued once for each run after the first."""
    head = {"flowctl": 1, "flow": "played", "version": "0", "zone": "UTC"}
    lines = []
    for rows in runs:
        lines += [head, *({"t": 1.7672e9 + t, "stream": name, "value": v} for t, name, v in rows)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


KEEPS = """
flow: played
streams:
  meter: [homewizard_p1: {host: 127.0.0.1}]
  so_far: [from: meter, summed: {}]
  left: [from: meter, marstek_modbus: {host: 127.0.0.2}]
"""
SUMMED = '''
from flowctl import Observable, Store, Watts

def summed(power: Observable[Watts], *, store: Store) -> Observable[Watts]:
    """Add up what was said in this run, and 1000 times the runs before."""
    runs = store.get("runs", 0)
    store["runs"] = runs + 1
    return power.scan(lambda so_far, watts: so_far + watts, 1000.0 * runs)
'''


def test_where_a_recording_was_continued_the_flow_begins_anew_with_what_it_keeps(tmp_path):
    (tmp_path / "nodes").mkdir()
    (tmp_path / "nodes" / "summed.py").write_text(SUMMED)
    (tmp_path / "played.yaml").write_text(KEEPS)
    day = continued(
        tmp_path / "day.jsonl",
        [(0, "meter", 360.0), (8, "meter", 390.0)],
        [(14, "meter", 720.0), (22, "meter", 720.0)],
    )
    told = [
        json.loads(line)
        for line in typed("replay", tmp_path / "played.yaml", day).stdout.splitlines()
    ]
    said = {name: [(one["t"] - 1.7672e9, one["value"]) for one in told if one["stream"] == name]
            for name in ("so_far", "left/in")}  # fmt: skip
    assert said["so_far"] == [(0, 360), (8, 750), (14, 1720), (22, 2440)]
    assert said["left/in"][:4] == [(0, 360), (8, 390), (8, None), (14, 720)]


@given(st.integers(10**15, 2 * 10**15), st.lists(st.integers(0, 10**11), max_size=20))
def test_a_reading_is_told_at_its_date_to_the_microsecond(first, gaps):
    dates = [micros / 1e6 for micros in accumulate(gaps, initial=first)]
    player = Player(load("flow: f\nstreams: {meter: [homewizard_p1: {host: 127.0.0.1}]}"), dates[0])
    lines = player.play((date, "meter", 1.0) for date in dates)
    assert [line["t"] for line in lines] == dates
