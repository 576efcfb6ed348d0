from itertools import pairwise

import pytest
from hypothesis import given

from flowctl.virtual.play import play
from nodes.throttle import throttle
from tests.nodes.tried import END, Tried, newest, timelines


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        pytest.param([], [], id="nothing makes nothing"),
        pytest.param([(3, "a")], [(3, "a")], id="the first passes at once"),
        pytest.param(
            [(1, "a"), (2, "b"), (3, "c"), (9, "d"), (20, "e")],
            [(1, "a"), (6, "c"), (11, "d"), (20, "e")],
            id="the newest of a burst passes when the time is over",
        ),
        pytest.param(
            [(0, 1), (5, 2), (10, 3)], [(0, 1), (5, 2), (10, 3)], id="its own beat passes"
        ),
        pytest.param([(0, 1), (4.999, 2)], [(0, 1), (5, 2)], id="a little early waits a little"),
        pytest.param([(2, 1), (2, 2), (2, 3)], [(2, 1), (7, 3)], id="values of one instant"),
        pytest.param([(0, 0.0), (1, 0.0)], [(0, 0.0), (5, 0.0)], id="equal values count, too"),
    ],
)
def test_passes_at_once_then_one_per_interval(said, heard):
    assert play(throttle, said, every=5) == heard


def test_a_beat_of_tenths_is_not_missed_by_rounding():
    said = [(n * 0.1, n) for n in range(100)]
    assert [value for _, value in play(throttle, said, every="100ms")] == list(range(100))


def test_the_end_of_the_input_lets_out_what_is_held():
    tried = Tried(throttle, every=5)
    tried.say(1, "a", "b")
    tried.end(2)
    assert tried.said == [(1, "a"), (2, "b"), (2, END)]
    assert tried.clock.next_due() is None


def test_taken_down_it_says_no_more_and_leaves_no_timer():
    tried = Tried(throttle, every=5)
    tried.say(1, "a", "b")
    tried.subscription.dispose()
    tried.clock.advance(60)
    assert tried.said == [(1, "a")]
    assert tried.clock.next_due() is None


@given(timelines)
def test_gaps_are_kept_and_the_last_word_is_never_lost(said):
    heard = play(throttle, said, every=1.0)
    assert all(after - before >= 1.0 - 2e-6 for (before, _), (after, _) in pairwise(heard))
    assert heard[:1] == said[:1]
    assert [value for _, value in heard][-1:] == [value for _, value in said][-1:]
    late = [(at, value) for at, value in heard if (at, value) not in said]
    before = [(at, value) for at, value in late if value == newest(said, at - 1e-6)]
    assert all(value == newest(said, at) for at, value in late if (at, value) not in before)
    assert len({value for _, value in heard}) == len(heard), "nothing is said twice"


@given(timelines)
def test_nothing_waits_longer_than_the_interval(said):
    heard = play(throttle, said, every=1.0)
    for at, value in said:
        assert any(at <= then <= at + 1.0 + 1e-6 and later >= value for then, later in heard)
