from hypothesis import given
from reactivex import Subject

from flowctl.signature.node import Shape, read_node
from flowctl.virtual.play import play
from nodes.merge import merge
from tests.nodes.tried import timelines


def test_every_value_of_every_stream_passes_as_it_comes():
    others = [[(1, "b1"), (4, "b2")], [(2, "c1"), (2, "c2")]]
    heard = play(merge, [(0, "a1"), (3, "a2")], others=others)
    assert heard == [(0, "a1"), (1, "b1"), (2, "c1"), (2, "c2"), (3, "a2"), (4, "b2")]


def test_all_its_inputs_make_it_speak():
    others = read_node(merge).inputs[1]
    assert others.triggers
    assert others.shape is Shape.LIST


def test_it_ends_with_the_last_of_its_inputs():
    one, two, ends = Subject(), Subject(), []
    merge(one, [two]).subscribe(on_completed=lambda: ends.append("end"))
    one.on_completed()
    assert ends == []
    two.on_completed()
    assert ends == ["end"]


def test_an_error_of_one_passes_at_once():
    one, two, errors = Subject(), Subject(), []
    merge(one, [two]).subscribe(on_error=errors.append)
    two.on_error(OSError("gone"))
    assert [str(error) for error in errors] == ["gone"]


def test_taken_down_it_listens_to_none():
    one, two = Subject(), Subject()
    merge(one, [two]).subscribe().dispose()
    assert not one.observers
    assert not two.observers


@given(timelines, timelines, timelines)
def test_nothing_is_lost_and_nothing_is_added(one, two, three):
    heard = play(merge, one, others=[two, three])
    assert sorted(heard) == sorted([*one, *two, *three])
    assert [at for at, _ in heard] == sorted(at for at, _ in heard)
