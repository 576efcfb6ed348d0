"""`on_delay` believes a condition after a while."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowctl.testing import play
from nodes.on_delay import on_delay
from tests.nodes.timelines import timelines


@pytest.mark.parametrize(
    ("line", "wishes", "made"),
    [
        ([(0, True), (14, True), (15, True), (16, False)], {"on": "15s"}, [0, 0, 1, 0]),
        ([(0, True), (10, False), (11, True), (20, True)], {"on": "15s"}, [0, 0, 0, 0]),
        ([(0, True), (1, False), (5, False), (6, False)], {"on": 0, "off": "5s"}, [1, 1, 1, 0]),
        ([(0, False), (1, True)], {"on": 0}, [0, 1]),
    ],
)
def test_it_turns_after_its_time(line, wishes, made):
    assert [value for _, value in play(on_delay, line, **wishes)] == list(map(bool, made))


@settings(deadline=None)
@given(timelines(st.booleans()), st.floats(0, 9))
def test_true_means_true_all_the_time(line, on):
    line = list(dict(line).items())
    for at, value in play(on_delay, line, on=on):
        lately = [known for when, known in line if at - on + 1e-5 < when <= at]
        assert all(lately) or not value
