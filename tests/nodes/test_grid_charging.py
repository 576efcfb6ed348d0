"""`grid_charging` lets batteries charge from the grid only with permission."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowctl import Expression
from flowctl.testing import Bench, play
from nodes.grid_charging import grid_charging
from tests.nodes.outlooks import OUTLOOKS, view

CHEAP = Expression("price < 0.1")
FLOW = """
flow: f
streams:
  meter: [{homewizard_p1: {host: x}}]
  price: [{http_get: {url: "http://x", every: 1s}}]
  wanted: [{http_get: {url: "http://y", unit: W, every: 1s}}]
  plan:
    - from: meter
    - response_predictor: {batteries: [left]}
    - aim: {at: wanted}
    - grid_charging: {house: plan/response_predictor, others: {price: price}, allow: price < 0.1,
        most: 3kW}
    - rebalance
  left: [from: plan.left, marstek_modbus: {host: x}]
"""


BYPASS = """
flow: f
streams:
  meter: [{homewizard_p1: {host: x}}]
  price: [{http_get: {url: "http://x", every: 1s}}]
  wanted: [{http_get: {url: "http://y", unit: W, every: 1s}}]
  seen:
    - from: meter
    - response_predictor: {batteries: [left, right]}
    - grid_charging: {others: {price: price}, allow: price < 0.1, most: 3kW}
  early: [from: seen, LAW]
  left: [from: END.left, marstek_modbus: {host: x}]
  right: [from: END.right, marstek_udp: {host: y}]
"""


def target(load, asked, **how):
    return play(grid_charging, [(1, replace(view(load, left=50), target=asked))], **how)[0][
        1
    ].target


@pytest.mark.parametrize(
    ("load", "asked", "how", "wanted"),
    [
        (500, -2000, {}, 0),  # nobody allows it
        (-800, -2000, {}, -800),  # but what the sun leaves
        (-800, 300, {}, 300),
        (500, -2000, {"allow": CHEAP, "others": {"price": [(0, 0.05)]}}, -2000),
        (500, -2000, {"allow": CHEAP, "others": {"price": [(0, 0.3)]}}, 0),
        (500, -2000, {"allow": CHEAP, "others": {"price": []}}, 0),  # what is not known is a no
        (500, -2000, {"allow": Expression("true"), "most": 1500.0}, -1000),
        (2000, -2000, {"allow": Expression("True"), "most": 1500.0}, 0),
        (-800, -3000, {"allow": Expression("True"), "most": 1500.0}, -2300),
    ],
)
def test_charging_causes_no_more_import_than_is_allowed(load, asked, how, wanted):
    assert target(load, asked, **how) == wanted


def test_pulses_of_the_load_are_smoothed_where_the_house_is_given():
    pulse = replace(view(-100.0, left=50), target=-600.0)
    assert play(grid_charging, [(1, pulse)], house=[(1, pulse)])[0][1].target == -600.0
    assert play(grid_charging, [(1, pulse)])[0][1].target == -100.0


def test_in_a_flow_a_price_gives_permission():
    with Bench(FLOW) as bench:
        bench.say("wanted", -2000.0)
        for price, heard in ((0.3, 0.0), (0.05, -2000.0), (0.3, 0.0)):
            for _ in range(30):
                bench.say("price", price)
                given_ = bench.heard("left")[-1][1] or 0.0 if bench.heard("left") else 0.0
                bench.say("meter", 400.0 - given_)
                bench.advance(1.0)
            assert bench.heard("left")[-1][1] == pytest.approx(heard, abs=1)


@pytest.mark.parametrize(
    ("price", "law", "total"),
    [
        (0.5, "rebalance: {target: 2kW}", 0),
        (0.05, "rebalance: {target: 2kW}", -1600),
        (0.05, "rebalance: {target: 5kW}", -2600),  # `most` of 3 kW at the meter
        (0.5, "rebalance: {target_from: wanted}", 0),
        (0.5, "aim: {at: wanted}]\n  more: [from: early, rebalance", 0),
        (0.5, "rebalance: {target: -500W}", 900),
    ],
)
def test_no_wish_goes_around_the_permission(price, law, total):
    text = BYPASS.replace("LAW", law).replace("END", "more" if "more:" in law else "early")
    with Bench(text) as bench:
        bench.say("wanted", -2000.0 if "aim" in law else 2000.0)
        for _ in range(60):
            bench.say("price", price)
            told = [bench.heard(name) for name in ("left", "right")]
            given_ = sum(heard[-1][1] or 0.0 for heard in told if heard)
            bench.say("meter", 400.0 - given_)
            bench.advance(1.0)
        told = [bench.heard(name)[-1][1] for name in ("left", "right")]
        assert sum(told) == pytest.approx(total, abs=60)


@given(OUTLOOKS, st.none() | st.floats(0, 5000), st.booleans())
@settings(max_examples=50)
def test_it_never_takes_from_discharging_nor_adds_to_charging(line, most, allowed):
    told = play(grid_charging, line, allow=Expression(str(allowed)), most=most)
    assert len(told) == len(line)
    for (_, before), (_, after) in zip(line, told, strict=True):
        assert after.target >= before.target
        assert after.target <= max(before.target, 0.0)
