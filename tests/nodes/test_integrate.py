"""`integrate` makes energy of power."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reactivex import Subject

from flowctl import Store
from flowctl.testing import play
from flowctl.virtual.clock import VirtualClock
from nodes.integrate import integrate
from tests.nodes.timelines import NUMBERS, timelines

KILOWATT = [(at, 1000.0) for at in range(0, 3601, 60)]


@pytest.mark.parametrize(
    ("how", "line", "energy"),
    [
        ({}, KILOWATT, 1000.0),
        ({}, [(0, 3600.0), (10, 0.0), (20, 0.0)], 10.0),
        ({}, [(0, 3600.0), (10, -3600.0), (15, 0.0)], 5.0),
        ({"sign": "positive"}, [(0, 3600.0), (10, -3600.0), (15, 0.0)], 10.0),
        ({"sign": "negative"}, [(0, 3600.0), (10, -3600.0), (15, 0.0)], 5.0),
        ({}, [(0, 3600.0), (60, 3600.0), (121, 3600.0), (122, 0.0)], 61.0),
        ({"longest": "5m"}, [(0, 3600.0), (300, 0.0)], 300.0),
        ({}, [(0, 3600.0), (5, math.nan), (10, 0.0)], 10.0),
        ({}, [(0, 3600.0), (0, 1800.0), (10, 0.0)], 5.0),
    ],
)
def test_a_reading_counts_until_the_next(how, line, energy):
    assert play(integrate, line, **how)[-1] == (line[-1][0], pytest.approx(energy))


def test_the_first_reading_says_what_is_kept_and_the_gap_of_a_restart_is_not_counted():
    held = {"energy": 500.0}
    assert run([(0, 3600.0), (10, 3600.0)], held) == [500.0, 510.0]
    assert run([(0, 3600.0), (10, 3600.0)], held) == [510.0, 520.0]


@pytest.mark.parametrize("rubbish", ["much", None, math.nan, [], True])
def test_a_store_that_holds_rubbish_begins_at_zero(rubbish):
    assert run([(0, 3600.0), (10, 0.0)], {"energy": rubbish}) == [0.0, 10.0]


def run(line, held):
    said, source, clock = [], Subject(), VirtualClock()
    integrate(source, clock=clock, store=Store(held)).subscribe(said.append)
    for at, watts in line:
        clock.advance_to(at)
        source.on_next(watts)
    return said


@settings(deadline=None)
@given(timelines(), st.floats(0.5, 6.0))
def test_both_ways_are_the_one_less_the_other_and_each_only_rises(line, longest):
    net, into, out = (
        [energy for _, energy in play(integrate, line, sign=sign, longest=longest)]
        for sign in ("both", "positive", "negative")
    )
    assert len(net) == len([value for _, value in line if math.isfinite(value)])
    assert into == sorted(into)
    assert out == sorted(out)
    assert net == pytest.approx([a - b for a, b in zip(into, out, strict=True)], abs=1e-6)


@settings(deadline=None)
@given(NUMBERS, st.lists(st.integers(0, 50_000), min_size=2, max_size=10))
def test_how_often_a_steady_power_is_read_makes_no_difference(watts, times):
    times = sorted(times)
    said = play(integrate, [(at / 1000, watts) for at in times])
    assert said[-1][1] == pytest.approx(watts * (times[-1] - times[0]) / 3.6e6, abs=1e-6)
