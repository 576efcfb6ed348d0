import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowctl.virtual.play import play
from nodes.delay import delay
from tests.nodes.tried import END, Tried, timelines


def test_everything_comes_later_by_as_much():
    said = [(0, "a"), (1, "b"), (1, "c"), (7, "d")]
    assert play(delay, said, by="2s") == [(2, "a"), (3, "b"), (3, "c"), (9, "d")]


def test_the_end_comes_later_too():
    tried = Tried(delay, by=2)
    tried.say(1, "a")
    tried.end(1.5)
    tried.clock.advance(10)
    assert tried.said == [(3, "a"), (3.5, END)]
    assert tried.clock.next_due() is None


def test_an_error_passes_at_once():
    tried = Tried(delay, by=2)
    seen = []
    delay(tried.source, by=2, clock=tried.clock).subscribe(on_error=seen.append)
    tried.subscription.dispose()
    tried.say(1, "a")
    tried.source.on_error(OSError("gone"))
    assert [str(error) for error in seen] == ["gone"]
    assert tried.clock.next_due() is None


def test_taken_down_it_says_no_more_and_leaves_no_timer():
    tried = Tried(delay, by=2)
    tried.say(1, "a", "b")
    tried.subscription.dispose()
    tried.clock.advance(60)
    assert tried.said == []
    assert tried.clock.next_due() is None


@given(timelines, st.integers(1, 5000))
def test_order_and_distances_are_kept(said, by):
    heard = play(delay, said, by=by / 1000)
    assert [value for _, value in heard] == [value for _, value in said]
    assert [at for at, _ in heard] == pytest.approx([at + by / 1000 for at, _ in said], abs=2e-6)
