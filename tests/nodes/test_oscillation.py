"""`oscillation` measures a swing while it lasts."""

import pytest
from hypothesis import given, settings

from flowctl.testing import play
from nodes.oscillation import oscillation
from tests.nodes.timelines import NUMBERS, timelines


def said(values, every=1.0, **wishes):
    line = [(at * every, float(value)) for at, value in enumerate(values)]
    return [value for _, value in play(oscillation, line, least="1kW", **wishes)]


def test_two_peaks_and_two_valleys_make_a_swing():
    wave = [0, 0, 2000, 2000, 0, 0, 2000, 2000, 0, 0, 2000]
    assert said(wave) == [0] * 10 + [2000]


@pytest.mark.parametrize(
    ("wave", "wishes"),
    [
        ([0, 900] * 20, {}),
        ([0] * 6 + [2000] * 6 + [0] * 6 + [2000] * 6 + [0] * 6, {}),
        ([0, 2000, 0, 2000, 0], {"peaks": 3}),
    ],
)
def test_what_is_small_slow_or_seldom_is_none(wave, wishes):
    assert set(said(wave, **wishes)) == {0}


def test_it_is_over_when_the_turning_points_are_old():
    made = said([0, 2000, 0, 2000, 0, 2000] + [0] * 40)
    assert max(made) == 2000
    assert made[-1] == 0


@settings(deadline=None)
@given(timelines(NUMBERS))
def test_an_amplitude_is_none_or_at_least_the_least(line):
    made = play(oscillation, line, least=500.0)
    assert [at for at, _ in made] == [at for at, _ in line]
    assert all(value == 0 or value >= 0 for _, value in made)
