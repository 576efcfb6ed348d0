"""`pulse_guard` holds a level while a load pulses, and delays nothing that stays."""

import math

from hypothesis import given, settings

from flowctl.testing import play
from nodes.pulse_guard import pulse_guard
from tests.nodes.timelines import NUMBERS, timelines


def said(values, every=1.0, **wishes):
    line = [(at * every, float(value)) for at, value in enumerate(values)]
    return [value for _, value in play(pulse_guard, line, **wishes)]


def test_a_lone_step_passes_at_once():
    assert said([300, 300, 2300, 2300, 2300]) == [300, 300, 2300, 2300, 2300]


def test_a_hob_is_held_at_its_median():
    hob = ([2000] * 2 + [200] * 5) * 4
    made = said(hob)
    assert made[:9] == hob[:9]
    assert set(made[9:]) == {200}


def test_after_pulsing_a_level_that_stays_is_followed_within_the_delay():
    made = said([2000, 200, 2000, 200, 2000, 200, *[900] * 12], delay="8s")
    assert made.index(900, 6) <= 6 + 8
    assert made[-1] == 900


def test_slow_changes_are_no_jumps():
    slow = [0, 250, 0, 250, 0, 250]
    assert said(slow) == slow


@settings(deadline=None)
@given(timelines(NUMBERS))
def test_what_stays_for_the_delay_is_said(line):
    end = line[-1] if line else (0.0, 100.0)
    line = [*line, *((end[0] + second, end[1]) for second in range(1, 12))]
    made = play(pulse_guard, line, delay=8.0)
    assert made[-1][1] == end[1]
    seen = [value for _, value in line]
    assert all(min(seen) <= value <= max(seen) and math.isfinite(value) for _, value in made)
