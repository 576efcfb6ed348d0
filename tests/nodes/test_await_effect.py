"""`await_effect` lets the next error through when the last one shows an effect."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowctl.testing import play
from nodes.await_effect import await_effect
from tests.nodes.timelines import NUMBERS, timelines

LINE = [(0, 1000.0), (0.5, 900.0), (1, 601.0), (1.5, 600.0), (2, 550.0)]


@pytest.mark.parametrize("sign", [1, -1])
def test_the_next_one_passes_when_a_part_of_the_last_one_is_gone(sign):
    line = [(at, sign * value) for at, value in LINE]
    assert play(await_effect, line, part="40%", most="9s") == [(0, sign * 1000), (1.5, sign * 600)]


def test_it_waits_no_longer_than_it_may():
    line = [(at / 2, 1000.0) for at in range(9)]
    assert [at for at, _ in play(await_effect, line, most="2s")] == [0, 2, 4]


def test_a_small_one_is_not_waited_for():
    line = [(0, 99.0), (0.5, 99.0), (1, 100.0), (1.5, 100.0)]
    assert [at for at, _ in play(await_effect, line, least=100.0, most="9s")] == [0, 0.5, 1]


@pytest.mark.parametrize(("grown", "times"), [(False, [0, 4]), (True, [0, 1, 2])])
def test_one_that_has_grown_may_pass_at_once(grown, times):
    line = [(0, 500.0), (1, 600.0), (2, 700.0), (3, 650.0), (4, 640.0)]
    said = play(await_effect, line[: 5 - grown], part="100%", most="4s", grown=grown)
    assert [at for at, _ in said] == times


def test_one_that_has_turned_is_gone():
    assert len(play(await_effect, [(0, 500.0), (1, -700.0)], part="100%", most="4s")) == 2


@settings(deadline=None)
@given(timelines(NUMBERS), st.floats(0.1, 9))
def test_what_it_says_is_what_it_heard_and_never_later_than_it_may(line, most):
    said = play(await_effect, line, most=most)
    assert set(said) <= set(line)
    assert said[:1] == line[:1]
    for at, _ in line:
        assert any(at - most - 1e-5 < when <= at for when, _ in said)
