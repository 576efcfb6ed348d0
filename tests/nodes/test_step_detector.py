"""`step_detector` notices a jump that the next value confirms."""

from itertools import pairwise

import pytest
from hypothesis import given, settings

from flowctl.testing import play
from nodes.step_detector import step_detector
from tests.nodes.timelines import timelines

GUARDED = {"pause": "10s", "opposite": "30s"}


@pytest.mark.parametrize(
    ("values", "wishes", "made"),
    [
        ([0, 1000, 1000, 1000], {}, [0, 0, 1, 0]),
        ([0, 1000, 800, 1000], {}, [0, 0, 1, 0]),
        ([0, 1000, 700, 1000], {}, [0, 0, 0, 0]),
        ([0, 1000, 0, 0], {}, [0, 0, 0, 1]),
        ([0, -1000, -1000], {}, [0, 0, 1]),
        ([0, 400, 400], {}, [0, 0, 0]),
        ([0, 1000, 1000, 0, 0], {}, [0, 0, 1, 0, 1]),
        ([0, 1000, 1000, 0, 0], GUARDED, [0, 0, 1, 0, 0]),
        ([0, 1000, 1000, 2000, 2000], GUARDED, [0, 0, 1, 0, 0]),
        ([0, 1000, 1000, *[1000] * 9, 2000, 2000], GUARDED, [0, 0, 1, *[0] * 9, 0, 1]),
        ([0, 1000, 1000, *[1000] * 9, 0, 0], GUARDED, [0, 0, 1, *[0] * 9, 0, 0]),
        ([0, 1000, 1000, *[1000] * 30, 0, 0], GUARDED, [0, 0, 1, *[0] * 30, 0, 1]),
    ],
)
def test_a_jump_is_told_once_it_is_confirmed(values, wishes, made):
    line = [(at, float(value)) for at, value in enumerate(values)]
    said = play(step_detector, line, by="400W", confirm="80%", **wishes)
    assert [value for _, value in said] == list(map(bool, made))


@settings(deadline=None)
@given(timelines())
def test_told_jumps_keep_their_distance(line):
    told = [at for at, jumped in play(step_detector, line, by=100.0, pause=3.0) if jumped]
    assert all(later - at >= 3.0 - 1e-5 for at, later in pairwise(told))
