"""A changed file changes what it says, and nothing else."""

from pathlib import Path

import pytest

from flowctl import Battery, FlowError
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


def test_other_limits_are_kept_at_once_and_release_no_battery(tmp_path: Path) -> None:
    bench = Bench(build(tmp_path, FLOW))
    bench.say("meter", 100.0)
    bench.advance(5.0)
    changes = _reload(bench, tmp_path, "    - bat\n", "    - bat: {max_discharge: 90W}\n")
    assert (changes.adjusted, changes.rebuilt) == (["left/bat"], [])
    assert str(changes).startswith("~ left/bat, ")
    bench.advance(1.0)
    again = _reload(
        bench, tmp_path, "    - from: total\n    - bat\n", "    - from: meter\n    - bat\n"
    )
    assert again.adjusted == ["left/bat"]
    bench.advance(1.0)
    bench.say("meter", 200.0)
    assert bench.heard("left") == [(5.0, 100.0), (6.0, 90.0), (7.0, 200.0)]


PLAIN = '''
from collections.abc import AsyncIterator
from flowctl import Battery, Latest, Release, Watts

async def plain_bat(setpoint: Latest[Watts | Release]) -> AsyncIterator[Battery]:
    """A battery that asks for no terms."""
    async for watts in setpoint:
        yield Battery(setpoint=watts if isinstance(watts, float) else 0.0)
'''


def test_a_device_that_asks_for_no_terms_is_released_for_none(tmp_path: Path) -> None:
    flow = FLOW.replace("- bat\n", "- plain_bat\n")
    bench = Bench(build(tmp_path, flow, plain_bat=PLAIN))
    bench.say("meter", 100.0)
    bench.advance(5.0)
    slower = flow.replace("- plain_bat\n", "- plain_bat: {lease: 20s, write_every: 3s}\n")
    assert replace(bench.engine, load(build(tmp_path, slower))).adjusted == ["left/plain_bat"]
    for _ in range(2):
        bench.say("meter", 100.0)
        bench.advance(1.0)
    bench.advance(30.0)
    assert bench.heard("left") == [(5.0, 100.0), (10.0, 200.0), (13.0, 300.0), (31.0, None)]


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


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ("  left:\n    - from: total\n    - bat\n", "", "its step is removed"),
        ("  left:", "  garage:", "its step is removed"),
        ("    - bat\n", "    - bat: {lease: 20s}\n", "its step changed"),
    ],
)
def test_why_says_what_a_reload_has_given_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, before: str, after: str, reason: str
) -> None:
    more = "  told: [from: why, out]\n  wrong: [from: errors, out]\n"
    caplog.set_level("INFO")
    bench = Bench(build(tmp_path, FLOW + more))
    bench.say("meter", 100.0)
    bench.advance(5.0)
    bench.say("left", Battery(power=100.0))
    replace(bench.engine, load(build(tmp_path, FLOW.replace(before, after) + more)))
    _, why = bench.heard("told")[-1]
    assert (why.device, why.setpoint, why.reason) == ("left", None, reason)
    assert bench.heard("wrong") == []
    assert caplog.messages == [f"released: {reason}"]


LAW = """
flow: law
streams:
  meter: [src]
  plan:
    - from: meter
    - response_predictor: {batteries: [left, right]}
    - rebalance: {strategy: equal, share: 0}
  left: [from: plan.left, bat]
  right: [from: plan.right, bat]
  charge:
    - from: meter
    - map: {to: soc, others: {soc: left.soc}, unit: "%"}
    - out
"""


def _steady(folder: Path) -> Bench:
    """Two batteries that have given 600 W each for a minute."""
    bench = Bench(build(folder, LAW))
    for name in ("left", "right"):
        bench.say(name, Battery(power=600.0, soc=50.0, max_charge=2500.0, max_discharge=2500.0))
        bench.say(name, Battery(setpoint=600.0))
    for _ in range(60):
        bench.say("meter", 0.0)
        bench.advance(1.0)
        for name in ("left", "right"):
            bench.say(name, Battery(power=600.0))
    return bench


def _changed(bench: Bench, folder: Path, before: str, after: str) -> None:
    assert before in LAW
    replace(bench.engine, load(build(folder, LAW.replace(before, after))))


def test_a_predictor_begun_anew_knows_what_the_batteries_do(tmp_path: Path) -> None:
    bench = _steady(tmp_path)
    _changed(bench, tmp_path, "[left, right]}", "[left, right], dead_time: 3s}")
    bench.say("meter", 0.0)
    bench.advance(1.5)
    told = [watts for at, watts in [*bench.heard("left"), *bench.heard("right")] if at >= 59.0]
    assert all(watts == pytest.approx(600.0, abs=25.0) for watts in told)
    outlook = bench.stream("plan/response_predictor")[-1][1]
    assert outlook.load == pytest.approx(1200.0, abs=25.0)
    assert {says.soc for says in outlook.batteries.values()} == {50.0}


def test_a_predictor_begun_anew_counts_what_is_in_flight(tmp_path: Path) -> None:
    told = []
    for dead_time in (3.5, 3.0):  # one that stays, and one that is begun anew
        bench = _steady(tmp_path)
        bench.say("meter", 800.0)
        bench.advance(1.0)
        _changed(bench, tmp_path, "[left, right]}", f"[left, right], dead_time: {dead_time}s}}")
        bench.say("meter", 800.0)  # nothing of it shows yet
        bench.advance(2.0)
        bench.say("meter", 800.0)
        bench.advance(1.0)
        told.append([bench.heard(name)[-1][1] for name in ("left", "right")])
    stayed, begun = told
    assert sum(stayed) == pytest.approx(2000.0, abs=50.0)
    assert begun == pytest.approx(stayed, abs=25.0)


def test_a_field_of_a_battery_is_known_to_a_step_begun_anew(tmp_path: Path) -> None:
    bench = _steady(tmp_path)
    _changed(bench, tmp_path, "to: soc,", "to: soc + 1%,")
    bench.say("meter", 0.0)
    assert bench.heard("charge")[-1] == (60.0, 51.0)


def test_what_a_battery_was_told_before_it_was_given_back_is_not_in_flight(tmp_path: Path) -> None:
    bench = _steady(tmp_path)
    bench.advance(20.0)  # its plan ended, and it was given back
    _changed(bench, tmp_path, "[left, right]}", "[left, right], dead_time: 3s}")
    told = bench.engine.shells["left/bat"].recalled()
    assert told is not None
    assert told.setpoint is None
    assert (told.power, told.power_at, told.soc) == (600.0, 60.0, 50.0)
