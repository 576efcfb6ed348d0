"""`ema` smooths from value to value, whatever the time between."""

import pytest
from hypothesis import given, settings

from flowctl.testing import play
from nodes.ema import ema
from tests.nodes.timelines import NUMBERS, timelines


@pytest.mark.parametrize(
    ("keep", "made"), [("50%", [100, 150, 75]), (0, [100, 200, 0]), ("20%", [100, 180, 36])]
)
def test_part_of_the_old_mean_is_kept(keep, made):
    line = [(0, 100.0), (1, 200.0), (100, 0.0)]
    assert [mean for _, mean in play(ema, line, keep=keep)] == pytest.approx(made)


@settings(deadline=None)
@given(timelines(NUMBERS))
def test_it_stays_among_the_values(line):
    said = [mean for _, mean in play(ema, line, keep=70.0)]
    for until, mean in enumerate(said, 1):
        seen = [value for _, value in line[:until]]
        assert min(seen) - 1e-6 <= mean <= max(seen) + 1e-6
