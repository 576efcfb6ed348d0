"""Turns, fences, taps and ends, on the bench."""

import math
from pathlib import Path

import pytest

from flowctl import Battery, FlowError, Plan
from flowctl.testing import Bench
from tests.house import build

PIPE = """
flow: pipe
streams:
  meter:
    - src
  plan:
    - from: meter
    - running_sum
  left:
    - from: plan
    - bat
"""


def test_a_reading_goes_through_the_pipe_in_its_own_instant(tmp_path: Path) -> None:
    bench = Bench(build(tmp_path, PIPE))
    bench.advance(1.0)
    bench.say("meter", 100.0)
    assert bench.heard("left") == [(1.0, 100.0)]
    assert bench.stream("plan") == [(1.0, 100.0)]
    assert bench.stream("plan/running_sum") == [(1.0, 100.0)]
    assert bench.stream("left/in") == [(1.0, 100.0)]


def test_a_detached_device_accepts_at_once_and_tells_so(tmp_path: Path) -> None:
    bench = Bench(build(tmp_path, PIPE))
    bench.say("meter", 100.0)
    assert bench.stream("left") == [(0.0, Battery(setpoint=100.0, setpoint_at=0.0))]
    quiet = Bench(build(tmp_path, PIPE), accept=False)
    quiet.say("meter", 100.0)
    assert quiet.stream("left") == []


def test_a_silent_flow_releases_its_battery_after_the_lease(tmp_path: Path) -> None:
    bench = Bench(build(tmp_path, PIPE))
    bench.say("meter", 100.0)
    bench.advance(60.0)
    assert bench.heard("left") == [(0.0, 100.0), (10.0, None)]


def test_a_source_that_ends_releases_its_battery(tmp_path: Path) -> None:
    bench = Bench(build(tmp_path, PIPE))
    bench.say("meter", 100.0)
    bench.end("meter")
    assert bench.heard("left") == [(0.0, 100.0), (0.0, None)]


def test_closing_the_bench_releases_the_battery(tmp_path: Path) -> None:
    with Bench(build(tmp_path, PIPE)) as bench:
        bench.say("meter", 100.0)
    assert bench.heard("left")[-1] == (0.0, None)


def test_without_record_only_what_reached_devices_is_kept(tmp_path: Path) -> None:
    bench = Bench(build(tmp_path, PIPE), record=False)
    bench.say("meter", 100.0)
    assert bench.heard("left") == [(0.0, 100.0)]
    assert bench.records == {}
    with pytest.raises(ValueError, match="record=False"):
        bench.stream("plan")


def test_unknown_names_are_answered_with_the_nearest(tmp_path: Path) -> None:
    bench = Bench(build(tmp_path, PIPE))
    for ask in (bench.heard, bench.stream, lambda name: bench.say(name, 1.0)):
        with pytest.raises(ValueError, match=r"left|meter"):
            ask("lefft" if ask != bench.say else "metre")


DIAMOND = """
flow: diamond
streams:
  meter: [src]
  a:
    - from: meter
    - running_sum
  last:
    - from: meter
    - plus: {others: [a, b]}
    - out
  b:
    - from: a
    - running_sum
"""


def test_a_diamond_gives_one_result_of_one_age(tmp_path: Path) -> None:
    bench = Bench(build(tmp_path, DIAMOND))
    for value in (1.0, 10.0):
        bench.say("meter", value)
    assert bench.heard("last") == [(0.0, (1.0, 1.0, 1.0)), (0.0, (10.0, 11.0, 12.0))]


def test_a_further_input_that_said_nothing_is_none(tmp_path: Path) -> None:
    flow = """
flow: two
streams:
  meter: [src]
  other: [src]
  last:
    - from: meter
    - plus: {others: [other]}
    - out
"""
    bench = Bench(build(tmp_path, flow))
    bench.say("meter", 1.0)
    bench.say("other", 5.0)
    bench.say("meter", 2.0)
    assert bench.heard("last") == [(0.0, (1.0, None)), (0.0, (2.0, 5.0))]


FAILING = """
flow: failing
streams:
  meter: [src]
  broken:
    - from: meter
    - running_sum
    - inverse
    - out
  healthy:
    - from: meter
    - running_sum
    - out
  troubles:
    - from: errors
    - out
"""


def test_a_step_that_raises_is_fenced_and_starts_anew(tmp_path: Path) -> None:
    bench = Bench(build(tmp_path, FAILING))
    for value in (2.0, -2.0, 4.0):
        bench.say("meter", value)
    assert bench.heard("broken") == [(0.0, 0.5), (0.0, 0.25)]
    assert [value for _, value in bench.heard("healthy")] == [2.0, 0.0, 4.0]
    (_, trouble), *more = bench.heard("troubles")
    assert not more
    assert (trouble.step, trouble.value) == ("broken/inverse", "0.0")
    assert "division" in trouble.error


def test_a_step_that_goes_on_failing_rests_longer_and_longer(tmp_path: Path) -> None:
    flow = FAILING.replace("    - running_sum\n    - inverse", "    - inverse")
    bench = Bench(build(tmp_path, flow))
    for _ in range(100):
        bench.say("meter", 0.0)
        bench.advance(1.0)
    assert 4 < len(bench.heard("troubles")) < 12
    bench.advance(60.0)
    bench.say("meter", 2.0)
    assert [value for _, value in bench.heard("broken")] == [0.5]


def test_a_step_that_would_end_the_program_is_fenced_too(tmp_path: Path) -> None:
    leaves = (
        "import sys\nfrom flowctl import Observable\n\n"
        "def leaves(values: Observable[float]) -> Observable[float]:\n"
        '    """Would end the program at the first value above 1."""\n'
        "    return values.map(lambda value: sys.exit(1) if value > 1 else value)\n"
    )
    flow = FAILING.replace("    - running_sum\n    - inverse", "    - leaves")
    bench = Bench(build(tmp_path, flow, leaves=leaves))
    for value in (1.0, 2.0, 0.5):
        bench.say("meter", value)
    assert [value for _, value in bench.heard("broken")] == [1.0, 0.5]
    assert [trouble.error for _, trouble in bench.heard("troubles")] == ["sys.exit(1)"]


def test_what_a_timer_raises_stays_behind_the_fence(tmp_path: Path) -> None:
    flow = "flow: t\nstreams:\n  meter: [src]\n  x:\n    - from: meter\n    - late: 1s\n    - out\n"
    bench = Bench(build(tmp_path, flow))
    for value in (-1.0, 5.0):
        bench.say("meter", value)
        bench.advance(2.0)
    assert bench.heard("x") == [(3.0, 5.0)]
    assert [trouble.error for _, trouble in bench.stream("errors")] == ["negative"]


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, Battery(power=math.nan), Battery(setpoint=math.nan)]
)
def test_what_is_not_finite_never_leaves_a_step(tmp_path: Path, value: object) -> None:
    bench = Bench(build(tmp_path, PIPE), accept=False)
    bench.say("meter", 100.0)
    bench.say("left" if isinstance(value, Battery) else "meter", value)
    assert bench.heard("left") == [(0.0, 100.0)]
    assert bench.stream("left") == []
    assert bench.stream("meter") == [(0.0, 100.0)]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"soc": 500.0}, "left out soc 500.0"),
        ({"soc": -20.0, "capacity": math.nan}, "left out soc -20.0, capacity nan"),
        ({"max_discharge": math.inf}, "left out max_discharge inf"),
        ({"write_every": -1.0}, "left out write_every -1.0"),
    ],
)
def test_what_a_battery_tells_in_vain_is_left_out_and_counted(
    tmp_path: Path, fields: dict[str, float], said: str, caplog: pytest.LogCaptureFixture
) -> None:
    bench = Bench(build(tmp_path, PIPE))
    for _ in range(3):
        bench.say("left", Battery(power=300.0, temperature=20.0, **fields))
    assert bench.stream("left") == [(0.0, Battery(power=300.0, temperature=20.0))] * 3
    assert bench.engine.output(bench.engine.resolve("left") or "").dropped == 3
    assert len([line for line in caplog.messages if said in line]) == 1


def test_a_gauge_that_rounds_is_believed(tmp_path: Path) -> None:
    bench = Bench(build(tmp_path, PIPE))
    bench.say("left", Battery(soc=100.4))
    assert bench.stream("left") == [(0.0, Battery(soc=100.4))]


def test_a_node_that_refuses_its_settings_is_a_located_fault(tmp_path: Path) -> None:
    flow = PIPE.replace("- running_sum", "- refuses: {low: 5, high: 3}")
    with pytest.raises(FlowError) as end:
        Bench(build(tmp_path, flow))
    place, line, caret = str(end.value).splitlines()
    assert place.endswith("flow.yaml:8:7: plan/refuses: low 5 is above high 3; exchange them")
    assert line.endswith("- refuses: {low: 5, high: 3}")
    assert caret.index("^") == line.index("refuses")


PLANNED = """
flow: planned
streams:
  maker: [src]
  plan:
    - from: maker
    - map: value
  left:
    - from: plan.left
    - bat: {lease: 10s}
"""


def test_a_share_holds_no_longer_than_the_plan_it_was_taken_from(tmp_path: Path) -> None:
    maker = "from collections.abc import AsyncIterator\nfrom flowctl import Plan\n\n"
    maker += (
        "async def maker() -> AsyncIterator[Plan]:\n    '''P.'''\n    if False:\n        yield\n"
    )
    flow = PLANNED.replace("maker: [src]", "plan: [maker]").replace(
        "  plan:\n    - from: maker\n    - map: value\n", ""
    )
    bench = Bench(build(tmp_path, flow, maker=maker))
    bench.say("plan", Plan(watts={"left": 300.0}, valid_until=4.0))
    bench.advance(1.0)
    bench.say("plan", Plan(watts={}, valid_until=50.0))
    bench.advance(10.0)
    assert bench.heard("left") == [(0.0, 300.0), (4.0, None)]


@pytest.mark.parametrize("end", ["left", "kept"])
def test_who_looks_on_cannot_keep_a_command_from_its_device(tmp_path: Path, end: str) -> None:
    flow = """
streams:
  meter: [src]
  left: [from: meter, bat]
  kept: [from: meter, out]
"""
    bench = Bench(build(tmp_path, flow))

    def look(value: object) -> None:
        raise LookupError("nobody told me")

    bench.engine.output(f"{end}/in").listen(0, look)
    bench.say("meter", 100.0)
    bench.advance(30.0)
    wanted = [(0.0, 100.0), (10.0, None)] if end == "left" else [(0.0, 100.0)]
    assert bench.heard(end) == wanted


def test_who_looks_on_and_fails_keeps_no_value_from_those_behind_him(tmp_path: Path) -> None:
    flow = "streams:\n  meter: [src]\n  kept: [from: meter, out]\n"
    bench = Bench(build(tmp_path, flow))
    heard: list[float] = []

    def look(value: object) -> None:
        raise LookupError("nobody told me")

    bench.engine.output("meter/src").listen(-1, look)
    bench.engine.output("meter/src").listen(0, heard.append)
    with pytest.raises(LookupError, match="nobody told me"):
        bench.say("meter", 100.0)
    bench.advance(1.0)
    assert heard == [value for _, value in bench.heard("kept")] == [100.0]


ODD = """
from flowctl import Observable, Watts

def bends(values: Observable[Watts]) -> Observable[Watts]:
    \"\"\"Watts, it says.\"\"\"
    said = {1.0: None, 2.0: "much", 3.0: {}, 4.0: True, 5.0: 7}
    return values.map(lambda value: said.get(value, value))
"""


def test_a_step_that_does_not_say_what_it_promised_is_to_blame(tmp_path: Path, caplog) -> None:
    flow = "streams: {meter: [src, bends, clamp: {high: 50W}, out], e: [from: errors, out]}\n"
    bench = Bench(build(tmp_path, flow, bends=ODD))
    for value in range(8):
        bench.say("meter", float(value))
    assert [value for _, value in bench.stream("meter/clamp")] == [0.0, 1.0, 7.0, 6.0, 7.0]
    assert [record.getMessage() for record in caplog.records] == [
        "meter/bends: said None, W is promised; further ones are counted"
    ]
    assert bench.engine.output("meter/bends").dropped == 3
    ((_, trouble),) = bench.stream("errors")
    assert (trouble.step, trouble.error) == ("meter/bends", "said None, W is promised")


NEVER = """
streams:
  meter: [src]
  left: [from: meter, bat]
  much: [from: left, filter: soc > 5%, out]
  some: [from: left, filter: setpoint > 5W, out]
  alone: [from: meter, filter: {where: other.soc > 5%, others: {other: left}}, out]
  never: [src, filter: {where: value > other, others: {other: meter}}, out]
"""


def test_an_expression_that_was_never_known_is_told_once_after_a_minute(tmp_path, caplog) -> None:
    bench = Bench(build(tmp_path, NEVER))
    for _ in range(200):
        bench.say("meter", 100.0)
        bench.advance(1.0)
    assert [line for line in caplog.messages if "never been known" in line] == [
        "much/filter: 'soc > 5%' has never been known so far: "
        "'soc' was in nothing that came so far",
        "alone/filter: 'other.soc > 5%' has never been known so far: "
        "'other.soc > 5%' was in nothing that came so far",
    ]


def test_a_pipe_may_be_as_long_as_one_likes() -> None:
    pipe = ["tick: 1s", *["scale: -1", "clamp: 5", "filter: value < 9"] * 300, "print"]
    bench = Bench(f"streams:\n  long: [{', '.join(pipe)}]\n")
    bench.advance(2.0)
    assert bench.heard("long") == [(0.0, 0.0), (1.0, 1.0), (2.0, 2.0)]
