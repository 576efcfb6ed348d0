from itertools import pairwise
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodes.sim.profiles import PROFILES, profile
from nodes.sim.setup import SunSetup
from nodes.sim.sun import made_sun
from nodes.sim.trace import Trace, of_boxes


def test_every_value_holds_until_the_next_and_the_end_begins_anew() -> None:
    trace = Trace([0, 2, 3], [734, 659, 629])
    times = [0, 1.99, 2, 2.5, 3, 3.99, 4, 6, 7.5]
    assert [trace.power(time) for time in times] == [734, 734, 659, 659, 629, 629, 734, 659, 629]


def test_its_energy_is_exact_over_many_laps() -> None:
    trace = Trace([10, 12], [100, 50], length=4)
    assert trace.energy(4) - trace.energy(0) == 300
    assert trace.energy(4001) - trace.energy(1) == 300_000
    assert trace.energy(7.5) - trace.energy(5.5) == 50 + 75


def test_it_can_begin_late_in_the_middle_and_never_repeat() -> None:
    late = Trace([0, 5], [100, 0], length=inf, begins=10)
    assert [late.power(time) for time in (0, 9.9, 10, 14.9, 15, 1e6)] == [0, 0, 100, 100, 0, 0]
    assert late.energy(1e6) - late.energy(0) == 500
    middle = Trace([0, 5], [100, 0], length=10).starting(4)
    assert [middle.power(time) for time in (0, 1, 6, 7.5)] == [100, 0, 100, 100]


def test_boxes_lie_over_one_another() -> None:
    trace = of_boxes([(0, 10, 300), (2, 3, 1000), (4, 99, 50)], 10, ripple=[1, 2])
    assert [trace.power(time) for time in (0, 1, 2, 4, 5, 9.9)] == [301, 302, 1302, 1352, 352, 352]


@given(
    st.lists(st.tuples(st.floats(0.1, 50), st.floats(-5000, 5000)), min_size=1, max_size=8),
    st.floats(0, 300),
    st.floats(0, 300),
)
def test_energy_is_the_area_under_the_power(
    steps: list[tuple[float, float]], begin: float, lasts: float
) -> None:
    times = [0.0]
    for hold, _ in steps:
        times.append(times[-1] + hold)
    trace = Trace(times[:-1], [watts for _, watts in steps], length=times[-1])
    marks = [begin, begin + lasts]
    laps = range(int(begin // times[-1]), int((begin + lasts) // times[-1]) + 1)
    edges = (lap * times[-1] + time for lap in laps for time in times)
    marks = sorted({*marks, *(edge for edge in edges if begin < edge < begin + lasts)})
    area = sum((b - a) * trace.power((a + b) / 2) for a, b in pairwise(marks))
    assert trace.energy(begin + lasts) - trace.energy(begin) == pytest.approx(area, abs=1e-3)


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_follows_from_its_seed(name: str) -> None:
    first, again, other = (profile(name, 300, 6, seed, 0) for seed in (1, 1, 2))
    times = [n * 7.3 for n in range(400)]
    assert [first.power(time) for time in times] == [again.power(time) for time in times]
    assert [first.power(time) for time in times] != [other.power(time) for time in times]
    assert all(0 < first.power(time) < 12_000 for time in times)


def test_the_sun_rises_peaks_and_sets() -> None:
    sun = made_sun(SunSetup(peak=4000.0, clouds=50.0), seed=1, begin=0.0)
    assert sun.power(5 * 3600) == sun.power(21 * 3600) == 0
    noon = [sun.power(13 * 3600 + second) for second in range(-1800, 1800)]
    assert 3300 < max(noon) <= 4000
    assert min(noon) < 2500
    clear = made_sun(SunSetup(peak=4000.0, clouds=0.0), seed=1, begin=13 * 3600.0)
    assert all(clear.power(second) >= 3960 for second in range(600))
