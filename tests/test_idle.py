"""Settings that do nothing are told: a choice was meant that is not made."""

import pytest

from flowctl.language.check import load

FLOW = """
streams:
  meter: [homewizard_p1: 192.168.1.20]
  want: [mqtt_in: {{broker: "mqtt://192.168.1.9", topic: w}}]
  plan: [from: meter, {law}]
  left: [from: plan.left, marstek_modbus: 192.168.1.40]
  right: [from: plan.right, marstek_udp: 192.168.1.41]
"""
LAW = "response_predictor: {batteries: [left, right]}, rebalance: {%s}"
SPLIT = "zero_grid: {batteries: [left, right]}, split: {batteries: [left, right], %s}"
GRID = "response_predictor: {batteries: [left, right]}, grid_charging: {%s}, rebalance"
COMMIT = SPLIT % "by: equal" + ", unit_commit: {batteries: [left, right], %s}"


def warned(law: str, settings: str) -> list[str]:
    text = FLOW.format(law=law % settings)
    found = [fault for fault in load(text, env={}).warnings if fault.code == "W408"]
    for fault in found:
        name = fault.message.partition(":")[0]
        assert f"{name}: " in fault.source[: fault.mark.column - 1]
    return [f"{fault.message}; {fault.cure}" for fault in found]


@pytest.mark.parametrize(
    ("law", "settings", "said"),
    [
        (LAW, "weights: {left: 2}", "'strategy: energy'; write 'strategy: weighted', or leave it"),
        (LAW, "strategy: soc, order: [left]", "'strategy: soc'; write 'strategy: priority', or"),
        (LAW, "standby: 20W", "write 'strategy: efficiency', or leave it out"),
        (LAW, "efficiency: {100W: 90%}", "write 'strategy: efficiency', or leave it out"),
        (SPLIT, "weights: {left: 2}", "'by: equal'; write 'by: weighted', or leave it out"),
        (SPLIT, "by: [soc, power], weights: {left: 2}", "'by: [soc, power]'; write 'by: weighted'"),
        (SPLIT, "parts: {left: want}", "parts: has no effect with 'by: equal'"),
        (COMMIT, "by: limits, efficiency: {100W: 90%}", "'by: limits'; write 'by: losses'"),
        (COMMIT, "order: listed, tie: 9%", "tie: has no effect with 'order: listed'"),
        (GRID, "most: 5kW", "most: has no effect without 'allow'; give both, or leave it out"),
        (LAW, "strategy: priority", "goes by 'order', and there is none; write 'order: ...', or"),
        (LAW, "strategy: weighted", "goes by 'weights', and there is none"),
        (LAW, "strategy: weighted, weights: {}", "goes by 'weights', and there is none"),
        (GRID, "others: [want]", "others: has no effect without 'allow'; give both, or leave it"),
    ],
)
def test_a_setting_that_does_nothing_is_told_with_the_cure(law, settings, said):
    (found,) = warned(law, settings)
    assert said in found


@pytest.mark.parametrize(
    ("law", "settings"),
    [
        (LAW, "strategy: weighted, weights: {left: 2}"),
        (LAW, "strategy: priority, order: [left]"),
        (LAW, "strategy: efficiency, standby: 20W, efficiency: {100W: 90%}"),
        (LAW, "standby: 10W, order: []"),  # as if they were not given
        (SPLIT, "by: [weighted, soc], weights: {left: 2}, parts: {right: want}"),
        (COMMIT, "efficiency: {100W: 90%}, tie: 9%"),
        (GRID, "allow: want < 12W, others: [want], most: 5kW"),
    ],
)
def test_one_that_does_something_is_not(law, settings):
    assert warned(law, settings) == []
