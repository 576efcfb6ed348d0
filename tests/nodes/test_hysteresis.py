"""`hysteresis` turns a quantity into on and off."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowctl.testing import play
from nodes.hysteresis import hysteresis
from tests.nodes.timelines import NUMBERS, timelines


@pytest.mark.parametrize(
    ("on", "off", "values", "said"),
    [
        ("500W", "200W", [300, 499, 500, 300, 201, 200, 499], [0, 0, 1, 1, 1, 0, 0]),
        ("18degC", "20degC", [19, 18, 19, 19.9, 20, 19], [0, 1, 1, 1, 0, 0]),
        ("100%", "95%", [99, 100, 96, 95], [0, 1, 1, 0]),
        ("5W", "5W", [4, 5, 4.9, 6], [0, 1, 0, 1]),
        ("5W", 0, [6, 0, 3], [1, 0, 0]),
        ("5W", 0, [6, math.nan, 3], [1, 1]),
    ],
)
def test_it_switches_at_the_ends_and_holds_between(on, off, values, said):
    line = [(at, float(value)) for at, value in enumerate(values)]
    made = [value for _, value in play(hysteresis, line, on=on, off=off)]
    assert made == [bool(value) for value in said]


@settings(deadline=None)
@given(timelines(NUMBERS), st.floats(-100, 100), st.floats(-100, 100))
def test_beyond_the_ends_only_the_value_counts(line, on, off):
    said = play(hysteresis, line, on=on, off=off)
    assert [at for at, _ in said] == [at for at, _ in line]
    way = 1 if on >= off else -1
    for (_, value), (_, is_on) in zip(line, said, strict=True):
        if way * value >= way * on:
            assert is_on is True
        elif way * value <= way * off:
            assert is_on is False


@settings(deadline=None)
@given(timelines(NUMBERS), st.floats(-100, 100), st.floats(-100, 100))
def test_it_never_changes_between_the_ends(line, on, off):
    said = [False] + [value for _, value in play(hysteresis, line, on=on, off=off)]
    for before, after, (_, value) in zip(said, said[1:], line, strict=False):
        if min(on, off) < value < max(on, off):
            assert after == before
