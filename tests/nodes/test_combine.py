from contextlib import nullcontext

import pytest
from hypothesis import given
from reactivex import Subject

from flowctl.faults import FlowError
from flowctl.language.check import load
from flowctl.virtual.clock import VirtualClock
from flowctl.virtual.play import play
from nodes.combine import combine
from tests.nodes.tried import timelines


def test_begins_when_each_has_spoken_and_then_speaks_with_any():
    heard = play(combine, [(1, 10.0), (4, 11.0)], others={"left": [(2, 1.0), (5, 2.0)]})
    assert heard == [
        (2, {"value": 10.0, "left": 1.0}),
        (4, {"value": 11.0, "left": 1.0}),
        (5, {"value": 11.0, "left": 2.0}),
    ]


def test_need_not_wait():
    heard = play(combine, [(1, 10.0)], others={"left": [(2, 1.0)]}, wait="any", name="grid")
    assert heard == [(1, {"grid": 10.0, "left": None}), (2, {"grid": 10.0, "left": 1.0})]


def test_can_leave_the_word_to_the_pipe():
    heard = play(
        combine, [(1, 10.0), (4, 11.0)], others={"left": [(2, 1.0), (3, 2.0)]}, on="trigger"
    )
    assert heard == [(4, {"value": 11.0, "left": 2.0})]


def test_a_name_given_twice_is_refused():
    with pytest.raises(ValueError, match="two values are called left"):
        play(combine, [], others={"left": []}, name="left")


def test_what_is_said_cannot_be_changed():
    (_, joined), (_, later) = play(combine, [(1, 1.0), (2, 2.0)], others={"b": [(0, 0.0)]})
    assert (joined["value"], later["value"]) == (1.0, 2.0)
    with pytest.raises(TypeError):
        joined["value"] = 3.0


class Diamond:
    """One source, seen twice: as it is and tenfold."""

    def __init__(self, **settings):
        self.clock, self.source, self.said = VirtualClock(), Subject(), []
        others = {"tenfold": self.source.map(lambda value: value * 10)}
        joined = combine(self.source, others, clock=self.clock, **settings)
        self.subscription = joined.subscribe(
            lambda both: self.said.append((both["value"], both["tenfold"])),
            on_completed=lambda: self.said.append("end"),
        )


@given(timelines)
def test_a_diamond_gives_one_result_per_turn(line):
    diamond = Diamond()
    for at, value in line:
        diamond.clock.advance_to(at)
        diamond.clock.turn(diamond.source.on_next, value)
    assert diamond.said == [(value, value * 10) for _, value in line]


def test_it_ends_after_the_last_word_of_the_last_turn():
    diamond = Diamond()

    def last_word():
        diamond.source.on_next(1)
        diamond.source.on_completed()

    diamond.clock.turn(last_word)
    assert diamond.said == [(1, 10), "end"]


def test_with_the_word_at_the_pipe_it_ends_with_the_pipe():
    clock, pipe, other, said = VirtualClock(), Subject(), Subject(), []
    joined = combine(pipe, {"other": other}, on="trigger", clock=clock)
    joined.subscribe(said.append, on_completed=lambda: said.append("end"))
    other.on_completed()
    assert said == []
    pipe.on_completed()
    assert said == ["end"]


def test_taken_down_in_a_turn_it_says_no_more():
    diamond = Diamond()

    def spoken_and_cut():
        diamond.source.on_next(1)
        diamond.subscription.dispose()

    diamond.clock.turn(spoken_and_cut)
    assert diamond.said == []
    assert not diamond.source.observers


@pytest.mark.parametrize(
    ("name", "reads", "said"),
    [
        ("value", "value + sun", "'value' is a mapping, and cannot be calculated with"),
        ("value", "value['value'] + sun", ""),
        ("grid", "grid + sun", ""),
    ],
)
def test_the_mapping_is_not_taken_for_the_value_of_the_pipe(name, reads, said):
    flow = (
        "streams:\n  meter: [homewizard_p1: h]\n  solar: [homewizard_p1: k]\n"
        f"  it: [from: meter, combine: {{others: {{sun: solar}}, name: {name}}}, "
        f'map: "{reads}", print]\n'
    )
    with pytest.raises(FlowError, match=said) if said else nullcontext():
        load(flow)
