"""`map` turns each value into another."""

import math

import pytest
from hypothesis import given, settings

from flowctl import Battery
from flowctl.faults import FlowError
from flowctl.language.check import load
from flowctl.testing import play
from nodes.map import map
from tests.nodes.timelines import timelines


@pytest.mark.parametrize(
    ("to", "value", "made"),
    [
        ("value / 2", 10.0, 5.0),
        ("value + 1kW", 10.0, 1010.0),
        ("power", Battery(power=40.0), 40.0),
        ("'on' if value > 5 else 'off'", 10.0, "on"),
        ("value > 5", 10.0, True),
        ("float(value)", "12.5", 12.5),
        ("sign(value)", -3.0, -1.0),
    ],
)
def test_it_says_the_result(to, value, made):
    [(at, said)] = play(map, [(1, value)], to=to)
    assert (at, said) == (1, made)
    assert type(said) is type(made)


@pytest.mark.parametrize(
    ("to", "value"),
    [
        ("soc", Battery(power=40.0)),
        ("soc + power", Battery(power=40.0)),
        ("1 / value", 0.0),
        ("float(value)", "unavailable"),
        ("float(value)", "nan"),
        ("sqrt(value)", -1.0),
        ("value * 1e308", 1e308),
        ("value + solar", 5.0),
    ],
)
def test_a_result_that_is_not_known_says_nothing(to, value):
    assert play(map, [(1, value)], to=to) == []


def test_the_expression_sees_the_newest_of_other_streams():
    line = [(1, 10.0), (3, 20.0), (5, 30.0)]
    others = {"solar": [(2, 100.0), (4, 200.0)]}
    assert play(map, line, others=others, to="value + solar") == [(3, 120.0), (5, 230.0)]


def test_a_stream_that_is_silent_is_not_known_even_where_a_field_has_its_name():
    assert play(map, [(1, Battery(power=5.0))], others={"power": []}, to="power") == []


@settings(deadline=None)
@given(timelines())
def test_one_value_makes_one_and_no_nan_leaves(line):
    said = play(map, line, to="value * 2")
    assert said == [(at, value * 2) for at, value in line if math.isfinite(value)]


@pytest.mark.parametrize(
    ("to", "unit"),
    [
        ("value * 2 + 3kW", "W"),
        ("{to: value * 2, unit: Wh}", "Wh"),
        ("'max(0, value)'", "W"),
        ("value / 2kW", None),
        ("20%", "%"),
        ("0", None),
        ("value > 5", None),
    ],
)
def test_the_wire_carries_the_unit_that_is_given_or_told_by_the_expression(to, unit):
    pipe = f"streams: {{m: [homewizard_p1: {{host: x}}, map: {to}, print]}}"
    assert load(f"{pipe}\n", env={}).steps["m/map"].wire.unit == unit


@pytest.mark.parametrize(
    ("to", "said"), [("value > 1", "true or false"), ("text(value)", "a text")]
)
def test_what_is_not_a_number_has_no_unit(to, said):
    flow = f'streams:\n  it: [tick: 1s, map: {{to: "{to}", unit: W}}, print]\n'
    with pytest.raises(FlowError, match=f"unit: {said} has no unit; leave it out"):
        load(flow)
    load(flow.replace(", unit: W", ""))
