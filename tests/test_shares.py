"""Shares that reach the wrong battery, a second one, or none."""
# ruff: noqa: E501 - what a user reads stays on one line

from textwrap import dedent

import pytest

from tests.found import found

HEAD = """
streams:
  meter: [homewizard_p1: 192.168.1.20]
  wanted: [from: meter, map: {to: value / 2, unit: W}]
"""
PLAN = "plan: [from: meter, response_predictor: {batteries: [left, right]}, rebalance]"
LEFT = "left: [from: plan.left, marstek_modbus: 192.168.1.40]"
RIGHT = "right: [from: plan.right, marstek_udp: 192.168.1.41]"
SUB = """
node: cell
inputs: {power: W}
settings: {host: {type: text}}
streams:
  law: [from: power, ema: 50%, marstek_udp: "${host}"]
"""


def told(*streams: str, folder=None) -> list[str]:
    lines = (line for part in streams for line in dedent(part).splitlines())
    return found(HEAD + "".join(f"  {line}\n" for line in lines), folder)


KNOWS = "but plan/response_predictor (line 5) knows it as"


@pytest.mark.parametrize(
    ("streams", "expected"),
    [
        # swapped
        ([PLAN, LEFT.replace("plan.left", "plan.right"), RIGHT.replace("plan.right", "plan.left")], [
            f"6:16 E313 left/marstek_modbus: gets the share of 'right', {KNOWS} 'left'; write 'from: plan.left'",
            f"7:17 E313 right/marstek_udp: gets the share of 'left', {KNOWS} 'right'; write 'from: plan.right'"]),
        # both read one
        ([PLAN, LEFT, RIGHT.replace("plan.right", "plan.left")], [
            f"7:17 E313 right/marstek_udp: gets the share of 'left', {KNOWS} 'right'; write 'from: plan.right'"]),
        # through further steps, a choice, and telemetry that goes another way under another name
        (["plan: [from: meter, split: {batteries: {a: calm, right: right}}]",
          "left: [from: much, marstek_modbus: 192.168.1.40]",
          "calm: [from: left, derate: {above: 95%, charge: 1kW}]",
          "much: [from: plan.right, ema: 50%, clamp: {high: 1kW}]", RIGHT], [
            "8:16 E313 left/marstek_modbus: gets the share of 'right', but plan/split (line 5) knows it as 'a'; write 'from: plan.a'"]),
        ([PLAN, "left: [from: wanted, switch: {when: \"'p' if value > 1W else 'w'\", among: {p: plan.right, w: wanted}}, marstek_modbus: 192.168.1.40]", RIGHT], [
            f"6:77 E313 left/marstek_modbus: gets the share of 'right', {KNOWS} 'left'; write 'from: plan.left'"]),
        ([PLAN, LEFT, "right: [from: plan, pick: left, marstek_udp: 192.168.1.41]"], [
            f"7:23 E313 right/marstek_udp: gets the share of 'left', {KNOWS} 'right'; write 'from: plan.right'"]),
        # steered by something else
        ([PLAN, LEFT, RIGHT.replace("plan.right", "wanted")], [
            "7:25 W405 right/marstek_udp: the share of 'right' in the plan of plan/response_predictor goes nowhere; give it to its battery: '- from: plan.right'"]),
        # told by somebody, steered by nobody
        (["plan: [from: meter, split: {batteries: {left: left, far: far}}]", LEFT, "far: [from: right, derate: {above: 95%, charge: 1kW}]",
          "right: [from: wanted, marstek_udp: 192.168.1.41]"], [
            "8:25 W405 right/marstek_udp: the share of 'far' in the plan of plan/split goes nowhere; give it to its battery: '- from: plan.far'"]),
        # one share for a battery that the plan does not know
        ([PLAN.replace(", right", ""), LEFT, RIGHT.replace("plan.right", "plan.left")], [
            "7:17 W404 right/marstek_udp: gets the share of 'left' as left/marstek_modbus does, unknown to plan/response_predictor; name it among the batteries of plan/response_predictor, and give it its own share"]),
    ],
)  # fmt: skip
def test_a_share_that_goes_astray_is_told(streams, expected):
    assert told(*streams) == expected


@pytest.mark.parametrize(
    "streams",
    [
        [PLAN, LEFT, RIGHT],
        # names that differ by design
        ["plan: [from: meter, split: {batteries: {a: left, b: right}}]",
         LEFT.replace("plan.left", "plan.a"), RIGHT.replace("plan.right", "plan.b")],
        # two as one, in halves, or by a split of their own
        ["plan: [from: meter, response_predictor: {batteries: {pair: both}}, rebalance]",
         "both: [tick: 1s, as_one: {batteries: [left, right]}]", "half: [from: plan.pair, scale: 0.5]",
         LEFT.replace("plan.left", "half"), RIGHT.replace("plan.right", "half")],
        ["plan: [from: meter, response_predictor: {batteries: {pair: both}}, rebalance]",
         "both: [tick: 1s, as_one: {batteries: [left, right]}]", "inner: [from: plan.pair, split: {batteries: [left, right]}]",
         LEFT.replace("plan", "inner"), RIGHT.replace("plan", "inner")],
        ["plan: [from: meter, split: {batteries: {pair: left}}]", "inner: [from: plan.pair, split: {batteries: [left, right]}]",
         LEFT.replace("plan", "inner"), RIGHT.replace("plan", "inner")],
        # a share with something of the other, or of elsewhere
        [PLAN, LEFT, "right: [from: plan.right, sum: {others: [plan.left]}, marstek_udp: 192.168.1.41]"],
        [PLAN, LEFT, "right: [from: plan.right, switch: {when: \"'w' if value > 1kW else 'p'\", among: {w: wanted, p: plan.right}}, marstek_udp: 192.168.1.41]"],
        # a further step picks from the whole plan
        [PLAN, LEFT, "right: [from: plan, pick: right, marstek_udp: 192.168.1.41]"],
        # sinks in place of devices, and telemetry that comes from elsewhere
        [PLAN, LEFT, "right: [tick: 1s, as_one: {batteries: [left]}]", "out: [from: plan.right, print]"],
        # a law that only looks on
        [PLAN, LEFT.replace("plan.left", "wanted"), RIGHT.replace("plan.right", "wanted"), "out: [from: plan, print]"],
        [PLAN, "shadow: [from: meter, split: {batteries: [left, right]}, print]", LEFT, RIGHT],
        # two laws for the same batteries, and a choice between them
        [PLAN.replace("plan:", "one:"), "two: [from: wanted, split: {batteries: [left, right]}]",
         "plan: [from: wanted, switch: {when: \"'a' if value > 1W else 'b'\", among: {a: one, b: two}}]", LEFT, RIGHT],
        # a device that is no battery of the plan, and a plan over one of two
        [PLAN.replace(", right", ""), LEFT, RIGHT.replace("plan.right", "wanted")],
        # steps that look at one battery only
        [PLAN.replace("rebalance]", "rebalance, full_charge: {batteries: [left], power: 1kW}]"), LEFT, RIGHT],
    ],
)  # fmt: skip
def test_what_is_right_is_not_told(streams):
    assert told(*streams) == []


def test_a_battery_in_a_sub_flow_is_followed(tmp_path):
    (tmp_path / "nodes").mkdir()
    (tmp_path / "nodes" / "cell.yaml").write_text(SUB)
    left, right = "left: [from: plan.left, cell: h1]", "right: [from: plan.right, cell: h2]"
    assert told(PLAN, left, right, folder=tmp_path) == []
    wrong = told(PLAN, left.replace("plan.left", "plan.right"), right, folder=tmp_path)
    assert wrong == [
        f"6:16 E313 left/cell.law/marstek_udp: gets the share of 'right', {KNOWS} 'left'; write 'from: plan.left'"
    ]
