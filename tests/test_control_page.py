"""What docs/control.md promises to a reader who copies from it."""

import re
from pathlib import Path

import pytest

from flowctl.language.check import load

PAGE = (Path(__file__).parent.parent / "docs" / "control.md").read_text(encoding="utf-8")
WISHES = PAGE[PAGE.index("| wish |") : PAGE.index("## See what it knows")].splitlines()[2:]
STEPS = [
    (step, where)
    for _, _, steps, where, _ in (row.split("|") for row in WISHES if row.startswith("|"))
    for step in re.findall(r"`(\w+: \{.*?\})`(?=[ ,])", f"{steps} ")
]
ALIKE = {
    "": "response_predictor: {batteries: [left, right]}, STEP",
    "on the outlook": "response_predictor: {batteries: [left, right]}, STEP, rebalance",
    "on the plan": "response_predictor: {batteries: [left, right]}, rebalance, STEP",
    "on the plan of that law": "pid, split: {batteries: [left, right]}, STEP",
}
FLOW = """
streams:
  meter: [homewizard_p1: 192.168.1.20]
  wanted: [mqtt_in: {broker: "mqtt://192.168.1.9", topic: w, unit: W}]
  car: [mqtt_in: {broker: "mqtt://192.168.1.9", topic: c, unit: W}]
  l1: [mqtt_in: {broker: "mqtt://192.168.1.9", topic: l1, unit: W}]
  season: [mqtt_in: {broker: "mqtt://192.168.1.9", topic: s, unit: "%"}]
  price: [mqtt_in: {broker: "mqtt://192.168.1.9", topic: p}]
  mode: [mqtt_in: {broker: "mqtt://192.168.1.9", topic: m}]
  plan: [from: meter, LAW]
  left: [from: plan.left, marstek_modbus: 192.168.1.40]
  right: [from: plan.right, marstek_udp: 192.168.1.41]
"""


def test_the_table_of_wishes_is_found():
    assert len(STEPS) >= 14
    assert {where.strip().partition(",")[0] for _, where in STEPS} == set(ALIKE)


@pytest.mark.parametrize(("step", "where"), STEPS)
def test_a_step_of_the_table_can_be_copied(step, where):
    law = ALIKE[where.strip().partition(",")[0]].replace("STEP", step)
    found = load(FLOW.replace("LAW", law), env={}).warnings
    assert [fault.code for fault in found if fault.code != "W401"] == []


def test_the_files_of_the_law_are_where_they_are_told_to_be():
    root = Path(__file__).parent.parent
    files = re.findall(r"`((?:seeing|knowing|sharing)/\w+\.py)`", PAGE)
    assert len(files) >= 6
    assert [file for file in files if not (root / "nodes/_helpers/law" / file).exists()] == []
