"""Names of batteries in settings are those that the step has to do with."""
# ruff: noqa: E501 - what a user reads stays on one line

import pytest

from flowctl.faults import FlowError
from flowctl.language.check import load
from flowctl.virtual.detached import rehearse

HOUSE = """
streams:
  meter: [homewizard_p1: 192.168.1.20]
  other: [homewizard_p1: 192.168.1.21]
  calm: [from: left, derate: {{above: 95%, charge: 1.5kW}}]
  plan: [from: meter, response_predictor: {{batteries: [left, right]}}, rebalance]
  next: {steps}
  left: [from: plan.left, marstek_modbus: 192.168.1.40]
  right: [from: plan.right, marstek_udp: 192.168.1.41]
  third: [from: other, marstek_udp: 192.168.1.42]
"""
OUTLOOK = "from: plan/response_predictor"


def faults(steps: str) -> list[str]:
    """Say what is wrong with the stream `next`, as `column: message; cure`."""
    try:
        rehearse(load(HOUSE.format(steps=f"[{steps}]"), env={}))
    except FlowError as error:
        wrong = [fault for fault in error.faults if not fault.warning]
        return [f"{fault.mark.column}: {fault.message}; {fault.cure}" for fault in wrong]
    return []


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (f"{OUTLOOK}, rebalance: {{reserve: {{lft: 20%}}}}", ["63: reserve: no battery is called 'lft'; did you mean 'left'?"]),
        (f"{OUTLOOK}, rebalance: {{ceiling: {{solar: 80%}}}}", ["63: ceiling: no battery is called 'solar'; it knows left, right"]),
        (f"{OUTLOOK}, rebalance: {{order: [right, lef]}}", ["68: order: no battery is called 'lef'; did you mean 'left'?"]),
        (f"{OUTLOOK}, rebalance: {{weights: {{rihgt: 2}}}}", ["63: weights: no battery is called 'rihgt'; did you mean 'right'?"]),
        (f"{OUTLOOK}, rebalance: {{standby: {{lft: 9W}}}}", ["63: standby: no battery is called 'lft'; did you mean 'left'?"]),
        (f"{OUTLOOK}, soc_window: {{low: 9%, only: [lft]}}", ["70: only: no battery is called 'lft'; did you mean 'left'?"]),
        (f"{OUTLOOK}, soc_window: {{only: [left]}}, restrict: {{max_charge: 1W, only: [lft]}}", ["103: only: no battery is called 'lft'; did you mean 'left'?"]),
        ("from: plan, fuse_limit: {limit: 2kW, outlook: plan/response_predictor, phases: {l1: other}, on: {lft: l1}}", ["107: on: no battery is called 'lft'; did you mean 'left'?"]),
        ("from: other, split: {batteries: [left, third], order: [right]}", ["65: order: no battery is called 'right'; it knows left, third"]),
        ("from: other, split: {batteries: [left, third], weights: {tird: 1}}", ["67: weights: no battery is called 'tird'; did you mean 'third'?"]),
        ("from: other, split: {batteries: {a: calm, b: third}, parts: {left: other}}", ["71: parts: no battery is called 'left'; it knows a, b"]),
        ("from: other, fair_share: {batteries: [left], weights: {right: 2}}", ["65: weights: no battery is called 'right'; it knows left"]),
        (f"{OUTLOOK}, load_priority: {{unknown: {{lft: 300W}}}}", ["67: unknown: no battery is called 'lft'; did you mean 'left'?"]),
        # a plan names whom it was made for, whatever steps after it look at
        ("from: plan, full_charge: {batteries: [left], power: 1kW}]\n  more: [from: next.right, print", []),
        ("from: plan, full_charge: {batteries: [left], power: 1kW}]\n  more: [from: next.rght, print", ["16: the plan of 'next/full_charge' has no battery 'rght'; did you mean 'right'?"]),
        # made of several plans, it may name those of each
        ("from: [plan, thirds], fuse_limit: {limit: 2kW, outlook: plan/response_predictor, phases: {l1: other}, on: {third: l1, right: l1}}]\n  thirds: [from: other, split: {batteries: [third]}", []),
        # nothing is said where they are not known
        ("from: other, response_predictor: {batteries: {a: topic}}, restrict: {max_charge: 1W, only: [lft]}]\n  topic: [mqtt_in: {broker: 'mqtt://h', topic: a}", []),
    ],
)  # fmt: skip
def test_names_of_batteries_are_known(steps, expected):
    assert faults(steps) == expected


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ("{reserve: 90%, ceiling: 20%}", "the reserve, 90%, is above the ceiling, 20%"),
        ("{reserve: {left: 60%}, ceiling: 50%}", "the reserve of left, 60%, is above the ceiling, 50%"),
        ("{ceiling: {right: 5%}}", "the reserve of right, 10%, is above the ceiling, 5%"),
        ("{reserve: 50%, ceiling: 50%}", ""),
        ("{reserve: {left: 100%}, ceiling: 90%}", ""),
        ("{ceiling: 0}", ""),
    ],
)  # fmt: skip
def test_a_reserve_is_not_above_the_ceiling(settings, fault):
    found = faults(f"{OUTLOOK}, rebalance: {settings}")
    cure = "a battery works between the two: exchange them"
    assert [f"{fault}; {cure}" in line for line in found] == ([True] if fault else [])
