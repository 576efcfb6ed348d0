"""`send_on_delta` passes large changes soon and the rest now and then."""

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings

from flowctl.testing import play
from nodes.send_on_delta import send_on_delta
from tests.nodes.timelines import timelines

HBC = {"delta": "20W", "relative": "2%", "soon": "1s", "every": "3s"}


@pytest.mark.parametrize(
    ("line", "made"),
    [
        ([(0, 100.0), (1, 200.0), (2, 300.0)], [(0, 100), (1, 200), (2, 300)]),
        ([(0, 100.0), (0.5, 200.0)], [(0, 100), (1, 200)]),
        ([(0, 100.0), (1, 110.0), (2, 115.0)], [(0, 100), (3, 115)]),
        ([(0, 2000.0), (1, 2030.0)], [(0, 2000), (3, 2030)]),
        ([(0, 100.0), (1, 110.0), (2, 300.0)], [(0, 100), (2, 300)]),
    ],
)
def test_a_large_change_passes_soon_and_nothing_gets_lost(line, made):
    assert play(send_on_delta, line, **HBC) == made


def test_the_unusual_may_be_told_by_the_spread_of_the_latest_values():
    calm = [(at, 100.0 + 10 * (at % 2)) for at in range(9)]
    said = play(send_on_delta, [*calm, (9, 400.0), (10, 410.0), (11, 400.0)],
                sigmas=3.5, delta="50W", soon="1s", every="4s")  # fmt: skip
    assert [at for at, _ in said] == [0, 4, 8, 9, 13]


@settings(deadline=None)
@given(timelines())
def test_the_gaps_are_kept_and_the_last_word_is_the_last_value(line):
    said = play(send_on_delta, line, delta=50.0, soon=0.5, every=3.0)
    heard = [value for _, value in line if math.isfinite(value)]
    assert [value for _, value in said][-1:] == heard[-1:]
    assert all(later - at >= 0.5 - 1e-5 for (at, _), (later, _) in pairwise(said))
