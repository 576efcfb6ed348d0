"""`deadbeat` meets a step in one move and counts nothing twice."""

import math
import random
from pathlib import Path

import pytest
from hypothesis import given, settings

from flowctl import Battery
from flowctl.testing import Bench, play
from nodes.deadbeat import deadbeat
from nodes.sim.plant import Plant
from nodes.sim.plant_file import read_plant
from nodes.sim.trace import Trace
from tests.loop import Loop
from tests.nodes.batteries import FLEETS, GRIDS

FLOW = """
flow: tried
streams:
  meter: [{homewizard_p1: {host: 127.0.0.1}}]
  plan:
    - from: meter
    - deadbeat: {batteries: [left], dead: 2s, lag: 1s}
    - split: {batteries: [left]}
  left: [{from: plan.left}, {marstek_modbus: {host: 127.0.0.2, lease: 1m}}]
"""
PAIR = FLOW.replace("[left]", "[left, right]") + (
    "  right: [{from: plan.right}, {marstek_modbus: {host: 127.0.0.3, lease: 1m}}]\n"
)


def test_a_setpoint_in_flight_is_not_asked_for_again():
    bench = Bench(FLOW)
    for _ in range(3):
        bench.say("meter", 1000.0)
        bench.advance(0.5)
    assert bench.stream("plan/deadbeat") == [(0, 1000.0), (0.5, 1000.0), (1.0, 1000.0)]


def test_what_has_landed_counts_as_delivered():
    bench = Bench(FLOW)
    bench.say("meter", 1000.0)
    bench.advance(20)
    bench.say("meter", 0.0)
    assert bench.stream("plan/deadbeat")[-1] == (20, pytest.approx(1000.0))


def test_what_a_battery_fails_to_deliver_is_asked_for_again():
    bench = Bench(FLOW)
    totals = []
    for _ in range(12):
        delivered = 0.6 * totals[-1] if totals else 0.0
        bench.say("meter", 1000.0 - delivered)
        totals.append(bench.stream("plan/deadbeat")[-1][1])
        bench.advance(15)
        bench.say("left", Battery(soc=50.0))
    assert totals[:3] == pytest.approx([1000.0, 1400.0, 1560.0], abs=2)
    assert totals[-1] == pytest.approx(1000 / 0.6, abs=25)  # the device's dead band


@pytest.mark.parametrize(
    ("record", "total"),
    [
        (Battery(power=300.0), 1300.0),
        (Battery(setpoint=500.0, power=300.0), 1500.0),
        (Battery(setpoint=500.0, online=False), 1000.0),
    ],
)
def test_it_begins_with_what_batteries_tell(record, total):
    assert play(deadbeat, [(1, 1000.0)], batteries={"left": [(0, record)]}) == [(1, total)]


def test_a_target_may_be_a_number_or_a_stream():
    assert play(deadbeat, [(1, 100.0)], batteries={}, target="-50W") == [(1, 150.0)]
    assert play(deadbeat, [(1, 100.0)], batteries={}, aim=[(0, 30.0)]) == [(1, 70.0)]


def passes(folder: Path, kind: str, told: str) -> float:
    """Mean |grid| of a house with steps and two batteries of a kind."""
    file = folder / "plant.yaml"
    file.write_text(f"meter: {{}}\nleft: {{kind: {kind}}}\nright: {{kind: {kind}, soc: 50%}}\n")
    chance, steps = random.Random(1), {60: 1500.0, 240: 300.0, 360: -700.0}
    level, load = 300.0, []
    for second in range(480):
        level = steps.get(second, level)
        load.append(level + chance.gauss(0, 10))
    house = Trace(range(480), load, length=1e9)
    law = PAIR.replace("dead: 2s, lag: 1s", told)
    loop = Loop(Plant(read_plant(file), house=house), Bench(law), read={"left": 0, "right": 0})
    loop.until(480)
    return loop.mean_grid(20, 480)


@pytest.mark.parametrize(("kind", "most"), [("wired", 60), ("udp", 90), ("cloud", 200)])
def test_as_it_is_it_swings_with_no_battery_behind_a_meter_of_a_second(tmp_path, kind, most):
    assert passes(tmp_path, kind, "tolerance: 2s") < most


@pytest.mark.parametrize("dead", ["1s", "2.4s", "4s", "5s"])
def test_a_dead_time_may_be_wrong_by_the_tolerance_too_short_or_too_long(tmp_path, dead):
    assert passes(tmp_path, "wired", f"dead: {dead}, lag: 0.8s") < 70


def test_without_a_tolerance_a_dead_time_too_long_swings(tmp_path):
    assert passes(tmp_path, "wired", "dead: 4s, lag: 0.8s, tolerance: 0s") > 500


@settings(deadline=None)
@given(GRIDS, FLEETS)
def test_one_finite_total_for_each_reading(line, fleet):
    said = play(deadbeat, line, batteries=fleet)
    assert [at for at, _ in said] == [at for at, _ in line]
    assert all(math.isfinite(total) for _, total in said)
