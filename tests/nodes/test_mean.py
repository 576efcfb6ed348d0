"""`mean` is the moving average of the latest values."""

import pytest
from hypothesis import given, settings

from flowctl.testing import play
from nodes.mean import mean
from tests.nodes.timelines import NUMBERS, timelines


@pytest.mark.parametrize(
    ("line", "made"),
    [
        ([(0, 10.0), (1, 20.0), (2, 60.0)], [10, 15, 30]),
        ([(0, 10.0), (4.9, 20.0), (5, 60.0)], [10, 15, 40]),
        ([(0, 10.0), (60, 20.0)], [10, 20]),
        ([(0, 10.0), (1, float("nan")), (2, 20.0)], [10, 15]),
    ],
)
def test_values_of_the_window_count_the_same(line, made):
    assert [value for _, value in play(mean, line, over="5s")] == pytest.approx(made)


@settings(deadline=None)
@given(timelines(NUMBERS))
def test_it_lies_among_the_values_of_its_window(line):
    said = play(mean, line, over=4.0)
    for at, value in said:
        window = [number for when, number in line if at - 4.0 - 1e-6 <= when <= at]
        assert min(window) - 1e-6 <= value <= max(window) + 1e-6
