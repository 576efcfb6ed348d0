"""`derivative` says how fast a quantity changes."""

import math

import pytest
from hypothesis import given, settings

from flowctl.testing import play
from nodes.derivative import derivative
from tests.nodes.timelines import timelines


@pytest.mark.parametrize(
    ("line", "wishes", "made"),
    [
        ([(0, 100.0), (2, 160.0), (3, 150.0)], {}, [0, 30, -10]),
        ([(0, 0.0), (1, 100.0), (2, 100.0)], {"smooth": "3s"}, [0, 25, 18.75]),
        ([(0, 100.0), (1, 200.0), (2, 30.0), (3, 200.0)], {"band": "40W"}, [0, 100, 0, 170]),
        ([(0, 100.0), (0, 200.0), (1, 300.0)], {}, [0, 0, 100]),
    ],
)
def test_it_is_the_change_per_second(line, wishes, made):
    assert [rate for _, rate in play(derivative, line, **wishes)] == pytest.approx(made)


@settings(deadline=None)
@given(timelines())
def test_one_finite_rate_for_each_finite_value(line):
    said = play(derivative, line, smooth=1.0)
    assert [at for at, _ in said] == [at for at, value in line if math.isfinite(value)]
    assert all(math.isfinite(rate) for _, rate in said)
