from hypothesis import given
from hypothesis import strategies as st

from flowctl.signature.node import NodeKind, read_node
from flowctl.virtual.clock import VirtualClock
from flowctl.virtual.play import play
from nodes.tick import tick


def test_speaks_at_once_and_then_once_per_interval():
    assert play(tick, every="2s", rest=5) == [(0, 0.0), (2, 1.0), (4, 2.0)]


def test_can_tell_the_seconds():
    assert play(tick, every="500ms", say="seconds", rest=1) == [(0, 0.0), (0.5, 0.5), (1, 1.0)]


def test_needs_no_edge():
    assert read_node(tick).kind is NodeKind.CLOCKED


class SleepyClock(VirtualClock):
    """Sleeps through its timers once, as a laptop does."""

    late = 0.0

    def time(self):
        return super().time() + self.late


def test_missed_ticks_are_left_out_and_the_number_tells():
    clock, said = SleepyClock(), []
    tick(every=1.0, clock=clock).subscribe(said.append)
    clock.advance(2.5)
    clock.late = 4.0
    clock.advance(3)
    assert said == [0.0, 1.0, 2.0, 7.0, 8.0, 9.0]


def test_says_nothing_while_it_is_being_built():
    clock, said = VirtualClock(), []
    subscription = tick(every=1.0, clock=clock).subscribe(said.append)
    assert said == []
    subscription.dispose()
    clock.advance(10)
    assert said == []
    assert clock.next_due() is None


@given(st.integers(1, 5000), st.integers(0, 200))
def test_the_beat_does_not_drift(every, beats):
    heard = play(tick, every=every / 1000, rest=beats * every / 1000)
    assert heard == [(round(n * every / 1000, 9), float(n)) for n in range(beats + 1)]
