"""Steps that undo what one further up has made."""
# ruff: noqa: E501 - a flow stays on one line

import pytest

from flowctl.language.check import load

HEAD = """
streams:
  meter: [homewizard_p1: 192.168.1.20]
  left: [from: plan.left, marstek_modbus: 192.168.1.40]
  right: [from: plan.right, marstek_udp: 192.168.1.41]
"""
COMMIT = "unit_commit: {batteries: [left, right]}"
SAID = "works against plan/rebalance (line 6): both choose who works"


@pytest.mark.parametrize(
    ("law", "found"),
    [
        (f"response_predictor: {{batteries: [left, right]}}, rebalance, {COMMIT}", True),
        (
            "response_predictor: {batteries: [left, right]}, rebalance, clamp: {total: 2kW}, "
            + COMMIT,
            True,
        ),
        (f"zero_grid: {{batteries: [left, right]}}, split: {{batteries: [left, right]}}, {COMMIT}",
         False),
        (f"zero_grid: {{batteries: [left, right]}}, fair_share: {{batteries: [left, right]}}, {COMMIT}",
         False),
    ],
)  # fmt: skip
def test_who_works_is_chosen_once(law, found):
    warned = load(f"{HEAD}  plan: [from: meter, {law}]\n", env={}).warnings
    assert [fault.code for fault in warned] == ["W407"] * found
    for fault in warned:
        assert fault.message.startswith(SAID)
        assert fault.where == "plan/unit_commit"
        assert fault.cure == "leave it out and write 'rebalance: {strategy: efficiency}'"
        assert fault.source[fault.mark.column - 1 :].startswith("unit_commit")


FULL = "full_charge: {power: 500W, batteries: [left, right]}"
PREDICTED = "response_predictor: {batteries: [left, right]}, "


@pytest.mark.parametrize(
    ("law", "where", "said"),
    [
        (f"rebalance, {FULL}, cross_charge_guard", "plan/cross_charge_guard",
         "works against plan/full_charge (line 6): while others give"),
        (f"rebalance, {FULL}, clamp: {{total: 2kW}}, cross_charge_guard", "plan/cross_charge_guard",
         "works against plan/full_charge (line 6): while others give"),
        (f"rebalance, cross_charge_guard, {FULL}", "", ""),
        ("feed_in_cap: 500W, rebalance: {target: -800W}", "plan/rebalance",
         "works against plan/feed_in_cap (line 6): so much is exported on top"),
        ("feed_in_cap: 500W, rebalance", "", ""),
        ("feed_in_cap: 500W, rebalance: {target: 0W}", "", ""),
        ("feed_in_cap: 500W, rebalance: {target: 20W}", "", ""),
        ("rebalance: {target: -800W}", "", ""),
    ],
)  # fmt: skip
def test_what_a_page_advises_against_is_warned_of(law, where, said):
    warned = load(f"{HEAD}  plan: [from: meter, {PREDICTED}{law}]\n", env={}).warnings
    assert [(fault.code, fault.where) for fault in warned] == [("W407", where)] * bool(where)
    for fault in warned:
        assert fault.message.startswith(said)
        assert "target: -800W" not in law or fault.source[fault.mark.column - 1 :].startswith(
            "-800W"
        )


SPLIT = "split: {batteries: [left, right]}"


@pytest.mark.parametrize(
    ("law", "maker"),
    [
        (f"pid: {{batteries: [left, right]}}, {SPLIT}, {FULL}", "split"),
        (
            f"deadbeat: {{batteries: [left, right]}}, {SPLIT}, clamp: {{total: 2kW}}, {FULL}",
            "split",
        ),
        (f"fair_share: {{batteries: [left, right]}}, {FULL}", "fair_share"),
    ],
)
def test_a_law_that_takes_a_full_charge_for_load_is_warned_of(law, maker):
    (fault,) = load(f"{HEAD}  plan: [from: meter, {law}]\n", env={}).warnings
    assert (fault.code, fault.where) == ("W407", "plan/full_charge")
    assert fault.message.startswith(f"works against plan/{maker} (line 6): what charges the one")
    assert fault.cure == "put it behind 'response_predictor' and 'rebalance'"


LAW = "response_predictor: {{batteries: [left, right]}}, tolerance: {{above: 40W{}}}, {}rebalance{}"
CAP = "feed_in_cap: 800W, "


@pytest.mark.parametrize(
    ("near", "between", "law", "named"),
    [
        ("", "", "", []),
        (", target: 20W", "", ": {target: 20W}", []),
        (", target_from: wanted", CAP, ": {target_from: wanted}", []),
        ("", "", ": {target: 20W}", ["target"]),
        (", target: 20W", CAP, "", ["target"]),
        ("", CAP, ": {target_from: wanted}", ["target_from"]),
        (", target: 9W, target_from: other", "", ": {target_from: wanted}",
         ["target", "target_from"]),
    ],
)  # fmt: skip
def test_what_is_left_alone_lies_around_what_is_wanted(near, between, law, named):
    streams = "".join(
        f"  {name}: [homewizard_p1: 192.168.1.2{name[0]}]\n" for name in ("wanted", "other")
    )
    text = f"{HEAD}{streams}  plan: [from: meter, {LAW.format(near, between, law)}]\n"
    warned = [fault for fault in load(text, env={}).warnings if fault.code == "W409"]
    assert [fault.where for fault in warned] == ["plan/tolerance"] * len(named)
    for fault, name in zip(warned, named, strict=True):
        said = f"{name}: differs from that of plan/rebalance (line 8): what is left alone"
        assert fault.message.startswith(said)
        assert fault.cure == f"write the same '{name}' in both"


def test_who_is_held_back_behind_the_law_is_covered_for_by_another_one():
    law = "response_predictor: {batteries: [left, right]}, rebalance, concentrate: {batteries: [left, right]}"
    (fault,) = load(f"{HEAD}  plan: [from: meter, {law}]\n", env={}).warnings
    assert fault.message.startswith("works against plan/rebalance (line 6): the fastest gives")
