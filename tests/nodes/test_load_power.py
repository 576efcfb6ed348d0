"""load_power: measured while its meter is heard, else what it was told."""

import math

from hypothesis import given
from hypothesis import strategies as st

from flowctl import Battery
from flowctl.testing import play
from nodes.load_power import load_power
from tests.nodes.timelines import ANY_FLOATS, timelines


def drawing(watts):
    return Battery(setpoint=-watts)


def test_without_a_meter_what_it_accepted_counts():
    line = [(0, drawing(0.0)), (1, drawing(1500.0)), (2, Battery(online=True))]
    assert play(load_power, line) == [(0, 0.0), (1, 1500.0)]


def test_what_its_meter_says_goes_before_what_it_was_told():
    line = [(0, drawing(1500.0)), (2, drawing(1600.0))]
    said = play(load_power, line, measured=[(1, 1480.0), (3, 0.0)])
    assert said == [(0, 1500.0), (1, 1480.0), (2, 1480.0), (3, 0.0)]


def test_a_meter_that_fell_silent_counts_no_longer():
    line = [(31, drawing(1500.0)), (32, drawing(1600.0))]
    said = play(load_power, line, measured=[(1, 3.0)])
    assert said == [(1, 3.0), (31, 3.0), (32, 1600.0)]


def test_what_it_cannot_draw_is_nothing():
    line = [(0, Battery(setpoint=200.0)), (1, Battery(setpoint=math.nan))]
    assert play(load_power, line, measured=[(2, -3.0), (3, math.nan)]) == [(0, 0.0), (2, 0.0)]


records = st.builds(Battery, setpoint=st.none() | ANY_FLOATS)


@given(timelines(records), timelines(ANY_FLOATS))
def test_it_is_never_negative_and_never_odd(line, measured):
    for _, watts in play(load_power, line, measured=measured):
        assert 0 <= watts < math.inf
