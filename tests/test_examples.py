"""The example of every node: made from its signature, and without fault in a house."""

from pathlib import Path
from typing import Annotated, Any

import pytest

from flowctl import Observable, Quantity, Seconds, Watts
from flowctl.language.check import load
from flowctl.language.library import Library
from flowctl.signature.node import read_node
from flowctl.telling.docs import page
from flowctl.telling.examples import example, quoted
from flowctl.virtual.detached import rehearse

LIBRARY = Library.beside()
HOUSE = """
flow: shown
streams:
  meter: [homewizard_p1: 192.168.1.20]
  solar: [mqtt_in: {broker: "mqtt://192.168.1.10", topic: solar, unit: W}]
  car: [mqtt_in: {broker: "mqtt://192.168.1.10", topic: car, unit: W}]
  l1: [mqtt_in: {broker: "mqtt://192.168.1.10", topic: phase, unit: W}]
  price: [mqtt_in: {broker: "mqtt://192.168.1.10", topic: price}]
  telegram: [mqtt_in: {broker: "mqtt://192.168.1.10", topic: telegram, format: json}]
  orders: [mqtt_in: {broker: "mqtt://192.168.1.10", topic: orders, format: json}]
  weather: [http_get: {url: "http://192.168.1.11/", format: json}]
  wanted: [from: price, map: {to: value * 1kW, unit: W}]
  allowed: [schedule: "07:00-22:00"]
  sunny: [schedule: "10:00-16:00"]
  word: [schedule: {between: "10:00-16:00", inside: zero, outside: standby}]
  day_energy: [from: solar, day_energy]
  shares: [from: wanted, split: {batteries: [left, right]}]
  plan: [from: meter, response_predictor: {batteries: [left, right]}, rebalance]
  left: [from: plan.left, marstek_modbus: 192.168.1.30]
  right: [from: plan.right, marstek_modbus: 192.168.1.32]
  shown:
"""
"""The streams that examples speak of."""


@pytest.mark.parametrize("name", LIBRARY.names())
def test_the_example_of_every_node_is_without_fault(name: str) -> None:
    steps = example(LIBRARY.get(name)).splitlines()
    assert len(steps) <= 2
    text = HOUSE + "".join(f"    {step}\n" for step in steps)
    flows = Path(__file__).parent.parent / "flows"
    graph = load(flows / "shown.yaml", text=text, env={"TOKEN": "0" * 32})
    rehearse(graph)
    assert graph.steps[f"shown/{name}"].node == name
    told = [fault for fault in graph.warnings if fault.where.startswith("shown")]
    at_home = ("W401", "W404")  # nobody reads it here, and the share of `left` is taken
    assert [fault for fault in told if fault.code not in at_home] == []


def gentle(
    power: Observable[Watts],
    house: Observable[Any],
    *,
    over: Annotated[Seconds, "how long"],
    name: Annotated[str, "of what, e.g. the `kitchen lamp`; or nothing"] = "",
) -> Observable[Watts]:
    """Be gentle."""
    return power


def shown(values: Observable[Any], *, by: Annotated[Quantity, "how much"]) -> Observable[Any]:
    """Show.

    Example:
        - from: solar
        - shown: 3kW

    Source: none.
    """
    return values


def test_what_is_required_stands_there_by_name() -> None:
    assert example(read_node(gentle)) == "- from: meter\n- gentle: {over: 5s, house: solar}"


def test_a_docstring_may_show_another_example() -> None:
    assert example(read_node(shown)) == "- from: solar\n- shown: 3kW"
    made = page(read_node(shown))
    assert "```yaml\n- from: solar\n- shown: 3kW\n```" in made
    assert made.count("3kW") == 1
    assert "Example" not in made


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("500W", "500W"),
        ("20%", "20%"),
        ("-5W", "-5W"),
        ("abs(value) < 5", '"abs(value) < 5"'),
        ("mqtt://a:1", '"mqtt://a:1"'),
        ("mode != 'Own'", "\"mode != 'Own'\""),
        ("[left, right]", "[left, right]"),
        ('a: "b"', "'a: \"b\"'"),
    ],
)
def test_a_text_is_quoted_where_yaml_wants_it(text: str, written: str) -> None:
    assert quoted(text) == written
