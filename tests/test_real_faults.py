"""Faults of flows made of the real nodes: what is said, where the caret stands, and the cure."""
# ruff: noqa: E501 - what a user reads stays on one line

import pytest

from flowctl.faults import FlowError
from flowctl.language.check import load
from flowctl.virtual.detached import rehearse

AROUND = """streams:
  meter: [homewizard_p1: 192.168.1.20]
  plan: [from: meter, response_predictor: {batteries: [left]}, rebalance]
  left: [from: plan.left, marstek_modbus: {host: 192.168.1.40}]
"""


def told(stream: str) -> list[str]:
    """Return the faults of a stream `x`: a word where the caret stands, and what is said."""
    try:
        rehearse(load(f"{AROUND}  x: {stream}\n", env={}))
    except FlowError as error:
        return [_told(str(fault)) for fault in error.faults]
    return []


def _told(fault: str) -> str:
    said, line, caret = fault.splitlines()
    return f"{line[caret.index('^') :]} -> {said.partition(' ')[2]}"


def begins(said: list[str], expected: str) -> None:
    """Make sure that there is one fault, at these words."""
    assert len(said) == 1, said
    at, _, words = expected.partition(" -> ")
    have, _, sentence = said[0].partition(" -> ")
    assert have.startswith(at)
    assert sentence == words


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        ("[from: meter, clamp: {low: 3kW, high: 1kW}, print]", "clamp: {low: 3kW, high: 1kW} -> x/clamp: low is above high; exchange them"),
        ("[from: meter, debounce: {quiet: 5s, at_most: 1s}, print]", "debounce -> x/debounce: at_most 1s is shorter than quiet 5s; exchange them"),
        ("[from: plan, fuse_limit: {limit: 5kW, on: {left: l9}, outlook: plan/response_predictor, phases: {l1: meter}}, print]", "fuse_limit -> x/fuse_limit: left is on l9, which is no phase here; phases are l1"),
    ],
)  # fmt: skip
def test_what_a_node_has_against_its_settings_is_shown_at_its_line(stream, expected):
    begins(told(stream), expected)


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        ("[from: meter, log: '{value']", "'{value'] -> x/log: text: '{value' has a brace that is not closed, or not opened; write {{ or }} for the brace itself"),
        ("[from: meter, print: 'a } b']", "'a } b'] -> x/print: format: 'a } b' has a brace that is not closed, or not opened; write {{ or }} for the brace itself"),
        ("[simulated_house: {plant: }]", "}] -> x/simulated_house: plant: nothing is not the path of a file"),
        ("[simulated_house: {plant: [3]}]", "[3]} -> x/simulated_house: plant: a list is not the path of a file"),
        ("[from: meter, filter: value > 1x30, print]", "value > 1x30 -> x/filter: where: 'value > 1x30' is no expression: invalid decimal literal; a quantity is a number and its unit, e.g. 2kW or 1h30m"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_told_in_plain_words(stream, expected):
    begins(told(stream), expected)
