"""`grid_observer` believes in a grid power between two readings."""

import math

import pytest
from hypothesis import given, settings

from flowctl import Battery
from flowctl.testing import play
from nodes.grid_observer import Belief, Trust, grid_observer, reading
from tests.nodes.batteries import FLEETS, GRIDS

TRUST = Trust(start=0.5, low=0.15, high=0.9, rise=0.2, surprise=40.0)


def test_it_begins_with_the_first_reading_and_takes_output_off_at_once():
    left = [(0, Battery(power=100.0)), (2, Battery(power=400.0)), (3, Battery(soc=5.0))]
    said = play(grid_observer, [(1, 1000.0), (4, 700.0)], batteries={"left": left})
    assert said == [(1, 1000.0), (2, 700.0), (4, 700.0)]


@pytest.mark.parametrize(
    ("belief", "watts", "grid", "trust"),
    [
        (Belief(0.0, 0.5), 100.0, 50.0, 0.5),
        (Belief(0.0, 0.5, 0.0, 1), 100.0, 70.0, 0.7),
        (Belief(0.0, 0.8, 0.0, 1), 100.0, 90.0, 0.9),
        (Belief(0.0, 0.5, 0.0, -1), 100.0, 25.0, 0.25),
        (Belief(0.0, 0.2, 0.0, -1), 100.0, 15.0, 0.15),
        (Belief(0.0, 0.5, 0.0, -1), 39.0, 19.5, 0.5),
    ],
)
def test_trust_grows_with_agreement_and_halves_with_a_turn(belief, watts, grid, trust):
    now = reading(belief, watts, 0.0, TRUST)
    assert (now.grid, now.trust) == (pytest.approx(grid), pytest.approx(trust))


@settings(deadline=None)
@given(GRIDS, FLEETS)
def test_a_belief_for_each_reading_all_finite(line, fleet):
    said = play(grid_observer, line, batteries=fleet)
    assert len(said) >= len(line)
    assert all(math.isfinite(watts) for _, watts in said)
