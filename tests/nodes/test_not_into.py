"""`not_into` keeps batteries from feeding a load such as the car."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowctl.testing import Bench, play
from nodes.not_into import not_into
from tests.nodes.outlooks import OUTLOOKS, view
from tests.nodes.timelines import timelines

FLOW = """
flow: f
streams:
  meter: [{homewizard_p1: {host: x}}]
  car: [{http_get: {url: "http://x", unit: W, every: 1s}}]
  plan:
    - from: meter
    - response_predictor: {batteries: [left]}
    - not_into: {loads: [car]}
    - rebalance
  left: [from: plan.left, marstek_modbus: {host: x}]
"""


def targets(target, **loads):
    lines = {name: [(0, watts)] for name, watts in loads.items()}
    return [told.target for _, told in play(not_into, [(1, view(target, left=50))], loads=lines)]


@pytest.mark.parametrize(
    ("house", "loads", "target"),
    [
        (8000, {"car": 7400.0}, 600),  # the rest of the house is served
        (8000, {"car": 7400.0, "heater": 400.0}, 200),
        (7000, {"car": 7400.0}, 0),  # the sun feeds part of the car: batteries rest
        (-2000, {"car": 7400.0}, -2000),  # and what is left over charges
        (500, {"car": 30.0}, 500),  # it merely listens
        (500, {"car": math.nan}, 500),
        (500, {"car": -3000.0}, 500),  # it gives: that is a battery, not a load
        (500, {}, 500),
    ],
)
def test_what_the_load_draws_is_left_to_the_grid(house, loads, target):
    assert targets(house, **loads) == [target]


def test_a_load_that_has_said_nothing_is_off():
    assert [v.target for _, v in play(not_into, [(1, view(500, left=50))], loads={"car": []})] == [
        500
    ]


def test_while_the_meter_has_yet_to_tell_what_the_car_tells_what_is_served_stays():
    """The house draws 500 W beside the car; the meter tells of its start and stop 2 s later."""
    line = [(t, view(7900.0 if 5 <= t % 20 < 13 else 500.0, t, left=50)) for t in range(60)]
    car = [(t - 0.5, 7400.0 if 3 <= t % 20 < 11 else 0.0) for t in range(60)]
    assert {v.target for _, v in play(not_into, line, loads={"car": car})} == {500.0}


def test_what_disagrees_for_longer_counts():
    line = [(t, view(500.0, t, left=50)) for t in range(20)]
    said = play(not_into, line, loads={"car": [(2.5, 7400.0)]}, late="3s")
    assert [v.target for _, v in said] == [500.0] * 6 + [0.0] * 14


def test_in_a_flow_the_battery_serves_all_but_the_car():
    with Bench(FLOW) as bench:
        bench.say("car", 7000.0)
        for _ in range(3):
            bench.say("meter", 7600.0)
            bench.advance(1.0)
        assert bench.heard("left")[-1][1] == pytest.approx(600, abs=1)


@given(OUTLOOKS, timelines(st.floats(-1e4, 1e4)))
@settings(max_examples=50)
def test_it_only_ever_lowers_discharging_and_never_below_zero(line, car):
    told = play(not_into, line, loads={"car": car})
    assert len(told) == len(line)
    for (_, before), (_, after) in zip(line, told, strict=True):
        assert min(before.target, 0.0) <= after.target <= before.target
        assert (after.load, after.batteries) == (before.load, before.batteries)
