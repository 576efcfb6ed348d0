"""A changed file changes what it says, and nothing else."""

from pathlib import Path

import pytest

from flowctl import FlowError
from flowctl.language.check import load
from flowctl.live.reload import replace
from flowctl.testing import Bench
from tests.house import build

FLOW = """
flow: reloaded
streams:
  meter: [src]
  total:
    - from: meter
    - running_sum
    - late: 5s
    - refuses: {low: 0, high: 1}
  left:
    - from: total
    - bat
  other:
    - from: meter
    - running_sum: {start: 1000}
    - out
"""


def _reload(bench: Bench, folder: Path, before: str, after: str) -> object:
    assert before in FLOW
    return replace(bench.engine, load(build(folder, FLOW.replace(before, after))))


def test_a_changed_parameter_rebuilds_one_step_and_keeps_timers_and_state(tmp_path: Path) -> None:
    bench = Bench(build(tmp_path, FLOW))
    bench.say("meter", 100.0)
    changes = _reload(bench, tmp_path, "high: 1", "high: 2")
    assert (changes.rebuilt, changes.rewired) == (["total/refuses"], [])
    bench.advance(5.0)
    bench.say("meter", 200.0)
    bench.advance(5.0)
    assert bench.heard("left") == [(5.0, 100.0), (10.0, 300.0)]
    assert [value for _, value in bench.heard("other")] == [1100.0, 1300.0]


def test_a_step_taken_out_keeps_the_state_of_its_followers(tmp_path: Path) -> None:
    bench = Bench(build(tmp_path, FLOW))
    bench.say("meter", 100.0)
    bench.advance(5.0)
    changes = _reload(bench, tmp_path, "    - late: 5s\n", "")
    assert changes.removed == ["total/late"]
    assert changes.rewired == ["total/refuses"]
    bench.say("meter", 200.0)
    bench.advance(1.0)
    assert bench.heard("left")[-1] == (6.0, 300.0)


def test_a_step_put_in_keeps_the_state_of_its_followers(tmp_path: Path) -> None:
    bench = Bench(build(tmp_path, FLOW))
    bench.say("meter", 100.0)
    changes = _reload(
        bench, tmp_path, "    - running_sum\n", "    - map: value * 10\n    - running_sum\n"
    )
    assert changes.added == ["total/map"]
    bench.say("meter", 200.0)
    assert bench.stream("total/running_sum")[-1] == (0.0, 2100.0)


def test_a_reload_that_does_not_concern_it_releases_no_battery(tmp_path: Path) -> None:
    bench = Bench(build(tmp_path, FLOW))
    bench.say("meter", 100.0)
    bench.advance(5.0)
    _reload(bench, tmp_path, "start: 1000", "start: 2000")
    assert bench.heard("left") == [(5.0, 100.0)]


def test_a_removed_device_is_released(tmp_path: Path) -> None:
    bench = Bench(build(tmp_path, FLOW))
    bench.say("meter", 100.0)
    bench.advance(5.0)
    _reload(bench, tmp_path, "  left:\n    - from: total\n    - bat\n", "")
    assert bench._ends.heard["left/bat"] == [(5.0, 100.0), (5.0, None)]


def test_a_changed_device_is_released_and_taken_anew(tmp_path: Path) -> None:
    bench = Bench(build(tmp_path, FLOW))
    bench.say("meter", 100.0)
    bench.advance(5.0)
    _reload(bench, tmp_path, "    - bat\n", "    - bat: {lease: 20s}\n")
    assert bench._ends.heard["left/bat"] == []  # a new end was made, after the release
    bench.say("meter", 200.0)
    bench.advance(5.0)
    assert bench.heard("left") == [(10.0, 300.0)]


def test_a_faulty_file_changes_nothing(tmp_path: Path) -> None:
    bench = Bench(build(tmp_path, FLOW))
    bench.say("meter", 100.0)
    for broken in ("high: -1", "hihg: 1"):
        with pytest.raises(FlowError):
            _reload(bench, tmp_path, "high: 1", broken)
    bench.advance(5.0)
    assert bench.heard("left") == [(5.0, 100.0)]


def test_comments_and_order_of_keys_are_no_change(tmp_path: Path) -> None:
    bench = Bench(build(tmp_path, FLOW))
    changes = _reload(bench, tmp_path, "low: 0, high: 1", "high: 1, low: 0")
    assert not changes
    assert len(changes.kept) == len(bench.graph.steps)


def test_why_speaks_of_the_new_steps_after_a_reload(tmp_path: Path) -> None:
    asked = FLOW + "  told:\n    - from: why\n    - out\n"
    bench = Bench(build(tmp_path, asked))
    bench.say("meter", 100.0)
    bench.advance(5.0)
    slower = asked.replace("    - late: 5s\n", "    - late: 5s\n    - map: value * 2\n")
    replace(bench.engine, load(build(tmp_path, slower)))
    bench.say("meter", 200.0)
    bench.advance(5.0)
    chains = [[words.split()[0] for words in why.chain] for _, why in bench.heard("told")]
    assert "total/map" not in chains[0]
    assert "total/map" in chains[-1]
    assert len(chains) == len(bench.heard("left"))
