"""A wire with a unit carries a number: it fits where numbers do, and is offered there."""

import pytest

from flowctl import FlowError
from flowctl.language.check import load

HOUSE = """
streams:
  meter: [homewizard_p1: 192.168.1.20]
  car: [mqtt_in: {broker: "mqtt://192.168.1.9", topic: c, unit: W}]
  season: [mqtt_in: {broker: "mqtt://192.168.1.9", topic: s, unit: "%"}]
  plan: [from: meter, response_predictor: {batteries: [left]}, STEPS]
  left: [from: plan.left, marstek_modbus: 192.168.1.40]
"""
FUSE = "fuse_limit: {limit: 1kW, on: {left: 1}, phases: [car], outlook: plan/response_predictor}"


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        (
            "rebalance, full_charge: {power: 1kW, batteries: [left], now: car}",
            "now wants true or false, but 'car/mqtt_in' carries a number (since line 4)",
        ),
        ("aim: {at: season}, rebalance", "carries % (since line 5); streams of W here: meter, car"),
        (f"rebalance, {FUSE}", "on.left: 1 is not a text, or 1 is not a list; put it in quotes"),
    ],
)
def test_what_does_not_fit_is_told_with_what_would(steps, said):
    with pytest.raises(FlowError) as error:
        load(HOUSE.replace("STEPS", steps), env={})
    assert said in str(error.value)
