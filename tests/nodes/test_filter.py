"""`filter` lets through what fulfils a condition, and nothing else."""

import math

import pytest
from hypothesis import given, settings

from flowctl import Battery
from flowctl.testing import play
from nodes.filter import filter
from tests.nodes.timelines import timelines


@pytest.mark.parametrize(
    ("where", "passes"),
    [
        ("abs(value) < 20kW", [5.0, -300.0]),
        ("value > 0", [5.0, 30000.0]),
        ("true_is_not_known", []),
        ("1 / (value - 5) > 0", [30000.0]),
        ("True", [5.0, -300.0, 30000.0]),
    ],
)
def test_it_passes_only_what_fulfils_the_condition(where, passes):
    line = [(1, 5.0), (2, -300.0), (3, 30000.0)]
    assert [value for _, value in play(filter, line, where=where)] == passes


def test_a_value_passes_at_once_and_as_it_is():
    full = Battery(soc=90.0)
    line = [(1, Battery(soc=12.0)), (2, full), (3, Battery())]
    [(at, value)] = play(filter, line, where="soc > 50%")
    assert at == 2
    assert value is full


def test_a_field_of_the_value_that_is_not_known_is_not_true():
    line = [(1, Battery()), (2, Battery(soc=60.0))]
    assert [at for at, _ in play(filter, line, where="value.soc > 50%")] == [2]


def test_the_condition_sees_the_newest_of_other_streams():
    line = [(1, 10.0), (3, 20.0), (5, 30.0)]
    others = {"mode": [(2, "auto"), (4, "off")]}
    assert play(filter, line, others=others, where="mode == 'auto'") == [(3, 20.0)]


def test_a_comparison_that_makes_no_sense_is_the_flow_s_fault():
    with pytest.raises(TypeError):
        play(filter, [(1, "unavailable")], where="value < 3")


@settings(deadline=None)
@given(timelines())
def test_what_passes_is_what_python_would_pass(line):
    passed = play(filter, line, where="abs(value) < 500")
    assert passed == [(at, value) for at, value in line if abs(value) < 500]
    assert all(math.isfinite(value) for _, value in passed)
