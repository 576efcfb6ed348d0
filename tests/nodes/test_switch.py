from hypothesis import given
from hypothesis import strategies as st
from reactivex import Subject

from flowctl import Battery, Expression
from flowctl.virtual.clock import VirtualClock
from flowctl.virtual.play import play
from nodes.switch import switch
from tests.nodes.tried import END, numbered

A = [(0, "a0"), (2, "a2"), (4, "a4"), (6, "a6")]
B = [(1, "b1"), (3, "b3"), (5, "b5"), (7, "b7")]


def test_passes_one_stream_while_true_and_the_other_while_not():
    heard = play(switch, [(0, 1.0), (3.5, -1.0), (6.5, 1.0)], then=A, otherwise=B, when="value > 0")
    assert heard == [
        (0, "a0"),
        (2, "a2"),
        (3.5, "b3"),  # at a change the newest of the chosen one is said at once
        (5, "b5"),
        (6.5, "a6"),
    ]


def test_as_a_gate_it_passes_its_own_stream_or_nothing():
    soc = [(0, Battery(soc=50.0)), (2.5, Battery(soc=10.0)), (5, Battery(soc=30.0))]
    heard = play(switch, A, others={"left": soc}, when="left.soc > 20%")
    assert heard == [(0, "a0"), (2, "a2"), (5, "a4"), (6, "a6")]


def test_a_text_calls_a_stream_by_name():
    modes = [(0, "auto"), (2.5, "charge"), (4.5, "nonsense"), (5.5, "auto")]
    heard = play(switch, modes, among={"auto": A, "charge": B}, otherwise=[(4, "x")], when="value")
    assert heard == [
        (0, "a0"),
        (2, "a2"),
        (2.5, "b1"),
        (3, "b3"),
        (4.5, "x"),
        (5.5, "a4"),
        (6, "a6"),
    ]


def test_a_text_that_names_nothing_is_silence():
    assert play(switch, [(0, "strange")], among={"auto": A}, when="value") == []


def test_an_old_value_is_not_said_at_a_change():
    heard = play(switch, [(0, 1.0), (9, -1.0)], otherwise=[(1, "b1")], when="value > 0", stale=5)
    assert heard == [(0, 1.0)]
    heard = play(switch, [(0, 1.0), (9, -1.0)], otherwise=[(1, "b1")], when="value > 0", stale=60)
    assert heard == [(0, 1.0), (9, "b1")]


def test_the_choice_stays_while_it_is_not_known():
    soc = [(0, Battery(soc=50.0)), (1, Battery(power=3.0)), (5, Battery(soc=10.0))]
    heard = play(switch, A, others={"left": soc}, when="left.soc > 20%")
    assert heard == [(0, "a0"), (2, "a2"), (4, "a4")]


def test_before_the_choice_is_known_nothing_passes():
    assert play(switch, A, others={"mode": []}, when="mode == 'auto'") == []


def test_streams_of_one_event_are_all_heard_before_one_is_chosen():
    clock, meter, said = VirtualClock(), Subject(), []
    low, high = meter.map(lambda watts: watts - 1), meter.map(lambda watts: watts + 1)
    chosen = switch(meter, low, high, when=Expression("value > 0"), clock=clock)
    chosen.subscribe(said.append)
    for watts in (5.0, -5.0, 3.0):
        clock.turn(meter.on_next, watts)
    assert said == [4.0, -4.0, 2.0]


def test_it_ends_when_all_have_ended():
    clock, pipe, other, said = VirtualClock(), Subject(), Subject(), []
    chosen = switch(pipe, other, when=Expression("value > 0"), clock=clock)
    chosen.subscribe(said.append, on_completed=lambda: said.append(END))

    def last_word():
        pipe.on_next(1.0)
        other.on_next("b")
        pipe.on_completed()
        other.on_completed()

    clock.turn(last_word)
    assert said == ["b", END]


def test_taken_down_it_listens_to_none():
    clock, pipe, other = VirtualClock(), Subject(), Subject()
    chosen = switch(pipe, other, when=Expression("value > 0"), clock=clock)
    chosen.subscribe().dispose()
    assert not pipe.observers
    assert not other.observers


gaps = st.lists(st.integers(1, 3000), max_size=20)


@given(gaps, gaps, gaps)
def test_only_the_chosen_stream_is_ever_heard(one, two, three):
    modes = [(at, 1.0 if number % 2 else -1.0) for at, number in numbered(one)]
    then = [(at, ("then", number)) for at, number in numbered(two)]
    otherwise = [(at, ("otherwise", number)) for at, number in numbered(three)]
    heard = play(switch, modes, then=then, otherwise=otherwise, when="value > 0")
    for at, (route, number) in heard:
        mode = [value for time, value in modes if time <= at][-1:]
        flips = [time for time, _ in modes if time == at]
        assert mode, "nothing passes before the choice is known"
        assert (route == "then") == (mode[0] > 0) or flips
        assert any(time <= at and event == (route, number) for time, event in then + otherwise)
    told = [event for _, event in heard]
    assert len(heard) <= len(then) + len(otherwise) + len(modes)
    assert all(event in [e for _, e in then + otherwise] for event in told)
