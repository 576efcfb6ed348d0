"""`one_or_all` calls one battery below a power and all above it; the choice stands."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowctl.testing import play
from nodes.one_or_all import one_or_all
from tests.nodes.outlooks import OUTLOOKS, view


def working(outlook):
    return [n for n, a in outlook.batteries.items() if a.can_charge or a.can_discharge]


def run(line, **wishes):
    return [working(outlook) for _, outlook in play(one_or_all, line, **wishes)]


def once(target, /, wishes=None, **batteries):
    return run([(0, view(target, left=30.0, right=80.0, **batteries))], **wishes or {})[0]


def seconds(*targets, every=1.0, **batteries):
    """One outlook a second, of the same batteries."""
    return [(n * every, view(watts, n * every, **batteries)) for n, watts in enumerate(targets)]


@pytest.mark.parametrize(
    ("target", "wishes", "called"),
    [
        (0.0, {}, []),
        (30.0, {}, []),
        (-30.0, {}, []),
        (31.0, {}, ["right"]),
        (-31.0, {}, ["left"]),
        (2500.0, {}, ["right"]),
        (-2500.0, {}, ["left"]),
        (2501.0, {}, ["left", "right"]),
        (1201.0, {"below": 1200.0}, ["left", "right"]),
        (31.0, {"idle": 40.0}, []),
        (31.0, {"empty": 80.0}, []),
        (31.0, {"empty": 29.0}, ["right"]),
        (-31.0, {"full": 80.0}, ["left"]),
        (-31.0, {"full": 30.0}, []),
    ],
)
def test_one_up_to_a_power_and_all_above_it(target, wishes, called):
    assert once(target, wishes) == called


@pytest.mark.parametrize(
    ("target", "split", "called"),
    [
        (2501.0, "all", ["left", "right", "third"]),
        (2501.0, "needed", ["right", "third"]),
        (5001.0, "needed", ["left", "right", "third"]),
        (-2501.0, "needed", ["left", "third"]),
    ],
)
def test_above_it_all_or_as_many_as_are_needed(target, split, called):
    assert once(target, {"split": split}, third=50.0) == called


@pytest.mark.parametrize(
    ("soc", "target", "eligible"),
    [(11.0, 500.0, False), (12.0, 500.0, True), (100.0, -500.0, False), (99.0, -500.0, True),
     (0.0, -500.0, True), (100.0, 500.0, True)],
)  # fmt: skip
def test_who_is_eligible(soc, target, eligible):
    assert run([(0, view(target, left=soc))]) == [["left"] if eligible else []]


def test_who_is_away_or_follows_its_own_meter_is_not_called():
    assert once(900.0, third={"soc": 99.0, "available": False}) == ["right"]
    assert once(900.0, third={"soc": 99.0, "self_regulating": True}) == ["right"]


def test_who_was_never_heard_comes_after_those_who_were():
    mute = {"soc": None, "power": None}
    assert run([(0, view(500.0, left=mute, right=20.0))]) == [["right"]]
    line = [(0, view(500.0, 0, left=mute)), (1, view(500.0, 1, left=mute, right=20.0)),
            (2, view(500.0, 2, left={**mute, "accepted_at": 1.5}, right=20.0)),
            (3, view(4000.0, 3, left={**mute, "accepted_at": 1.5}, right=20.0))]  # fmt: skip
    assert run(line) == [["left"], ["right"], ["right"], ["left", "right"]]


def test_the_choice_stands_for_a_while():
    before, after = {"left": 60.0, "right": 50.0}, {"left": 50.0, "right": 60.0}
    line = [
        (0, view(500.0, 0, **before)),
        *((at, view(500.0, at, **after)) for at in (1, 299, 300)),
    ]
    assert run(line) == [["left"], ["left"], ["left"], ["right"]]
    assert run(line, every=0.0) == [["left"], ["right"], ["right"], ["right"]]


def test_the_choice_is_made_anew_at_once_when_the_one_called_is_not_eligible():
    line = [(0, view(500.0, 0, left=60.0, right=50.0)), (1, view(500.0, 1, left=11.0, right=50.0)),
            (2, view(500.0, 2, left={"available": False}, right=11.0))]  # fmt: skip
    assert run(line) == [["left"], ["right"], []]


def test_each_direction_has_its_own_choice():
    line = seconds(500.0, -500.0, 500.0, left=60.0, right=50.0)
    assert run(line) == [["left"], ["right"], ["left"]]


def test_one_that_was_empty_comes_back_a_point_later():
    charges = (12.0, 11.0, 11.9, 12.0)
    line = [(at, view(500.0, at, left=soc)) for at, soc in enumerate(charges)]
    assert run(line) == [["left"], [], [], ["left"]]
    full = [(at, view(-500.0, at, left=soc)) for at, soc in enumerate((99.5, 100.0, 99.5, 99.0))]
    assert run(full) == [["left"], [], [], ["left"]]


def test_those_that_joined_leave_a_little_lower():
    line = seconds(2499, 2501, 2499, 2300, 2250, 2499, left=30.0, right=80.0)
    assert [len(called) for called in run(line)] == [1, 2, 2, 2, 1, 1]
    assert [len(called) for called in run(line, hysteresis=0.0)] == [1, 2, 1, 1, 1, 1]
    slow = seconds(2499, 2501, 2499, 2499, every=100.0, left=30.0, right=80.0)
    assert [len(called) for called in run(slow)] == [1, 2, 2, 1]


def test_whoever_cannot_deliver_is_joined_by_the_next():
    weak = {"soc": 80.0, "can_discharge": 900.0}
    line = seconds(800.0, 1500.0, 850.0, 600.0, left=30.0, right=weak)
    assert [len(called) for called in run(line)] == [1, 2, 2, 1]


def test_one_that_comes_joins_without_a_new_choice():
    line = [(0, view(500.0, 0, left=60.0)), (1, view(500.0, 1, left=60.0, right=90.0)),
            (2, view(4000.0, 2, left=60.0, right=90.0))]  # fmt: skip
    assert run(line) == [["left"], ["left"], ["left", "right"]]


def test_it_says_why_one_does_not_work():
    barred = {"can_discharge": 0.0, "note": "may not discharge now"}
    [(_, outlook)] = play(
        one_or_all,
        [(0, view(500.0, left=50.0, right=60.0, third=11.0, fourth=barred))],
    )
    notes = {name: ability.note for name, ability in outlook.batteries.items()}
    assert notes == {
        "left": "not called",
        "right": "",
        "third": "empty: 11% or less",
        "fourth": "may not discharge now",
    }
    [(_, outlook)] = play(one_or_all, [(0, view(20.0, left=50.0))])
    assert (outlook.target, outlook.batteries["left"].note) == (0.0, "up to 30W nobody works")


@settings(deadline=None)
@given(OUTLOOKS, st.sampled_from(["all", "needed"]))
def test_only_the_eligible_are_called_and_as_many_as_it_takes(line, split):
    said = play(one_or_all, line, split=split)
    assert len(said) == len(line)
    for (_, before), (_, after) in zip(line, said, strict=True):
        called, way = working(after), before.target
        able = {
            n: a.can_discharge if way > 0 else a.can_charge for n, a in before.batteries.items()
        }
        for name in called:
            ability = before.batteries[name]
            assert ability.available
            assert not ability.self_regulating
            assert ability.soc is None or (ability.soc > 11 if way > 0 else ability.soc < 100)
            assert able[name] > 0
        assert not called or abs(way) > 30
        assert before.batteries.keys() == after.batteries.keys()
