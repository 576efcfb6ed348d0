from hypothesis import given

from flowctl.virtual.play import play
from nodes.sample import sample
from tests.nodes.tried import END, Tried, newest, timelines


def test_says_the_newest_once_per_beat():
    said = [(0.2, "a"), (0.4, "b"), (1.5, "c"), (2.5, "d")]
    heard = play(sample, said, every=1, stale=1, rest=0.5)
    assert heard == [(1, "b"), (2, "c"), (3, "d")]


def test_without_news_it_repeats_while_the_value_is_fresh_and_then_is_silent():
    heard = play(sample, [(0.5, 7.0), (9.2, 8.0)], every=1, stale=3, rest=3)
    assert heard == [(1, 7.0), (2, 7.0), (3, 7.0), (10, 8.0), (11, 8.0), (12, 8.0)]


def test_a_value_not_yet_said_is_said_however_old():
    assert play(sample, [(1, "a")], every=60, stale=10, rest=200) == [(60, "a")]


def test_before_the_first_value_there_is_nothing_to_say():
    assert play(sample, [], every=1) == []


def test_the_beat_does_not_drift():
    heard = play(sample, [(0, 1)], every=0.1, stale=1000, rest=100)
    assert len(heard) == 1000
    assert heard[-1] == (100, 1)


def test_the_end_of_the_input_lets_out_what_was_not_said_yet():
    tried = Tried(sample, every=5)
    tried.say(1, "a")
    tried.end(2)
    assert tried.said == [(2, "a"), (2, END)]
    assert tried.clock.next_due() is None


def test_the_end_repeats_nothing():
    tried = Tried(sample, every=5)
    tried.say(1, "a")
    tried.end(6)
    assert tried.said == [(5, "a"), (6, END)]


def test_taken_down_it_leaves_no_timer():
    tried = Tried(sample, every=5)
    tried.say(1, "a")
    tried.subscription.dispose()
    tried.clock.advance(60)
    assert tried.said == []
    assert tried.clock.next_due() is None


@given(timelines)
def test_speaks_on_the_beat_only_and_only_the_newest_fresh_value(said):
    heard = play(sample, said, every=1.0, stale=2.0, rest=5.5)
    assert all(at == round(at) for at, _ in heard)
    for at, value in heard:  # a value of the very instant of a beat counts for the next one
        earlier = [event for event in said if event[0] < at]
        came, last = earlier[-1]
        assert value == last == newest(earlier, at)
        assert at - came <= 2.0
    beats = {at for at, _ in heard}
    for at, _ in said:
        assert any(at < beat <= at + 1.0 for beat in beats), "news is told at the next beat"
