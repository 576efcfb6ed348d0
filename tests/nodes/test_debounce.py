from itertools import combinations, pairwise

import pytest
from hypothesis import assume, given

from flowctl.virtual.play import play
from nodes.debounce import debounce
from tests.nodes.tried import END, Tried, newest, timelines

STORM = [(n * 0.5, n) for n in range(21)]  # twice a second for ten seconds


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        pytest.param([], [], id="nothing makes nothing"),
        pytest.param([(3, "a")], [(3, "a")], id="a lone value passes at once"),
        pytest.param([(0, 1), (1, 2), (2, 3)], [(0, 1), (1, 2), (2, 3)], id="so does each of many"),
        pytest.param(
            [(1, "a"), (1.1, "b"), (1.2, "c")],
            [(1, "a"), (2.2, "c")],
            id="of a burst the newest passes when it settles",
        ),
        pytest.param(
            [(1, "a"), (1, "b"), (1, "c")], [(1, "a"), (2, "c")], id="values of one instant"
        ),
        pytest.param(
            [(1, "a"), (1.5, "b"), (2.5, "c")],
            [(1, "a"), (2.5, "b"), (2.5, "c")],
            id="a value on the edge of quiet is a lone one",
        ),
        pytest.param(
            [(1, "a"), (1.9, "b"), (2.8, "c"), (9, "d")],
            [(1, "a"), (3.8, "c"), (9, "d")],
            id="each value of a burst makes it last",
        ),
    ],
)
def test_a_burst_counts_once_and_a_lone_value_at_once(said, heard):
    assert play(debounce, said, quiet=1) == heard


def test_a_burst_without_end_speaks_every_longest_wait():
    heard = play(debounce, STORM, quiet=1, at_most=3)
    assert heard == [(0, 0), (3.5, 6), (6.5, 12), (9.5, 18), (11, 20)]


def test_by_default_a_burst_is_held_no_longer_than_ten_times_quiet():
    assert play(debounce, STORM, quiet=0.6) == [(0, 0), (6.5, 12), (10.6, 20)]


def test_a_wait_shorter_than_quiet_is_refused():
    with pytest.raises(ValueError, match="at_most 1s is shorter than quiet 2s"):
        play(debounce, [], quiet=2, at_most=1)


def test_the_end_of_the_input_lets_out_what_is_held():
    tried = Tried(debounce, quiet=5)
    tried.say(1, "a", "b")
    tried.end(2)
    assert tried.said == [(1, "a"), (2, "b"), (2, END)]
    assert tried.clock.next_due() is None


def test_taken_down_it_says_no_more_and_leaves_no_timer():
    tried = Tried(debounce, quiet=5)
    tried.say(1, "a", "b")
    tried.subscription.dispose()
    tried.clock.advance(60)
    assert tried.said == [(1, "a")]
    assert tried.clock.next_due() is None


@given(timelines)
def test_the_last_word_passes_and_nothing_is_said_twice(said):
    gaps = {round(b - a, 6) for (a, _), (b, _) in combinations(said, 2)}
    assume(not gaps & {1.0, 2.5})  # at a tie the waiting one may go first, or the new one
    heard = play(debounce, said, quiet=1.0, at_most=2.5)
    assert heard[:1] == said[:1]
    assert [value for _, value in heard][-1:] == [value for _, value in said][-1:]
    assert all(value == newest(said, at) for at, value in heard if (at, value) not in said)
    assert len({value for _, value in heard}) == len(heard)


@given(timelines)
def test_what_follows_quiet_passes_at_once(said):
    heard = play(debounce, said, quiet=1.0, at_most=2.5)
    lone = [now for before, now in pairwise(said) if now[0] - before[0] >= 1.0]
    assert all(event in heard for event in lone)


@given(timelines)
def test_nothing_waits_longer_than_the_longest_wait(said):
    heard = play(debounce, said, quiet=1.0, at_most=2.5)
    for at, value in said:
        assert any(at <= then <= at + 2.5 + 1e-6 and later >= value for then, later in heard)
