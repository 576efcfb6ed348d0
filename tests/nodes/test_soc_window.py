"""`soc_window` keeps batteries between two states of charge."""

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowctl.testing import play
from nodes._helpers.law.sharing.allocation import sun_alone
from nodes.rebalance import rebalance
from nodes.soc_window import soc_window
from tests.nodes.outlooks import OUTLOOKS, view


def able(line, **how):
    return [
        (told.batteries["left"].can_discharge > 0, told.batteries["left"].can_charge > 0)
        for _, told in play(soc_window, [(at, view(100.0, left=soc)) for at, soc in line], **how)
    ]


@pytest.mark.parametrize(
    ("soc", "gives", "takes"),
    [(21, True, True), (20, False, True), (5, False, True), (89.9, True, True), (90, True, False)],
)
def test_at_an_end_of_the_window_a_battery_goes_back_only(soc, gives, takes):
    assert able([(1, soc)], low=20.0, high=90.0) == [(gives, takes)]


def test_it_is_used_again_only_a_little_inside():
    falls_and_rises = list(enumerate([21.0, 20.0, 20.9, 21.1, 20.9]))
    assert [gives for gives, _ in able(falls_and_rises, low=20.0)] == [
        True, False, False, True, True,
    ]  # fmt: skip
    rises_and_falls = list(enumerate([89.0, 90.0, 87.5, 86.0]))
    assert [takes for _, takes in able(rises_and_falls, high=90.0, resume=3.0)] == [
        True, False, False, True,
    ]  # fmt: skip


def test_streams_go_before_the_numbers():
    line = [(at, 30.0) for at in (1, 2, 3)]
    winter = [(1.5, 40.0), (2.5, math.nan)]
    assert [g for g, _ in able(line, low=20.0, low_from=winter)] == [True, False, True]
    assert [t for _, t in able(line, high_from=[(1.5, 30.0)])] == [True, False, False]


def test_a_stream_is_held_to_what_a_charge_can_be_and_that_is_said_once(caplog):
    line = [(at, 0.0) for at in (1, 2, 3)]
    odd = [(0.5, -5.0), (1.5, -6.0), (2.5, 130.0)]
    assert [g for g, _ in able(line, low_from=odd)] == [False, False, False]
    assert [t for _, t in able([(1, 100.0)], high_from=[(0.5, 130.0)])] == [False]
    assert caplog.messages == [
        "low_from says -5%: no such charge, taken as 0%",
        "high_from says 130%: no such charge, taken as 100%",
    ]


def test_only_some_are_meant_and_the_reason_is_said():
    outlook = view(100.0, left=10.0, right=10.0, third={"soc": None})
    told = play(soc_window, [(1, outlook)], low=20.0, only=["left"])[0][1].batteries
    assert {name: one.note for name, one in told.items()} == {
        "left": "kept at 20% of charge", "right": "", "third": "",
    }  # fmt: skip


def shares(target, how, window=None, **fleet):
    """Watts by battery, as `rebalance` shares them behind a window, or without one."""
    seen, watts = view(target, 0.0, **fleet), dict.fromkeys(fleet, 0.0)
    for _ in range(8):  # until everything has landed
        landed = {name: replace(one, setpoint=watts[name]) for name, one in seen.batteries.items()}
        line = [(at, replace(seen, at=at, batteries=landed)) for at in (0.0, 1.0)]
        windowed = play(soc_window, line, only=["left"], **window) if window else line
        watts = play(rebalance, windowed, share=0.0, **how)[-1][1].watts
    return {name: round(share) for name, share in watts.items()}


@pytest.mark.parametrize("strategy", ["energy", "efficiency", "soc", "equal", "priority"])
@pytest.mark.parametrize(
    ("target", "window", "wishes"),
    [
        (1500.0, {"low": 40.0}, {"reserve": {"left": 40.0}}),
        (-1500.0, {"high": 80.0}, {"ceiling": {"left": 80.0}}),
        (1500.0, {"low": 5.0}, {}),  # the reserve of 10 % is tighter
    ],
)
def test_what_is_shared_by_is_the_energy_within_the_window(target, window, wishes, strategy):
    """A window means to `rebalance` what its own reserve and ceiling do."""
    fleet, how = {"left": 60.0, "right": 65.0}, {"strategy": strategy}
    assert shares(target, how, window, **fleet) == shares(target, how | wishes, **fleet)


def test_both_are_empty_and_full_at_the_same_time():
    """20 and 50 points are left to discharge, then 20 and 40 to charge."""
    assert shares(1400.0, {}, {"low": 40.0}, left=60.0, right=60.0) == {"left": 400, "right": 1000}
    told = shares(-1500.0, {}, {"high": 80.0}, left=60.0, right=60.0)
    assert told == {"left": -500, "right": -1000}


def test_what_panels_make_is_given_first_near_the_end_of_the_window():
    sunny = {"soc": 90.0, "sun": 900.0}
    assert shares(1000.0, {"strategy": "equal"}, {"high": 90.0}, left=sunny, right=50.0) == {
        "left": 950, "right": 50,
    }  # fmt: skip


def test_of_several_windows_the_tighter_one_is_told():
    line = [(1, view(100.0, left=50.0, right=50.0))]
    wide = play(soc_window, line, low=20.0, high=90.0)
    both = play(soc_window, play(soc_window, wide, low=10.0, only=["right"]), high=80.0)
    told = [(one.floor, one.ceiling) for one in both[0][1].batteries.values()]
    assert told == [(20.0, 80.0), (20.0, 80.0)]
    left_out = play(soc_window, line, low=20.0, only=["right"])[0][1].batteries["left"]
    assert (left_out.floor, left_out.ceiling) == (None, None)


def test_a_window_that_is_none_is_refused():
    with pytest.raises(ValueError, match="low 90% is above high 20%"):
        play(soc_window, [], low=90.0, high=20.0)


@pytest.mark.parametrize("how", [{}, {"only": ["left"]}, {"resume": 5.0}])
def test_a_window_without_an_end_is_refused(how):
    with pytest.raises(ValueError, match="soc_window has no end; give low or high, or a stream"):
        play(soc_window, [], **how)
    assert play(soc_window, [], low=0.0, **how) == []  # somebody tries several, this among them


@given(OUTLOOKS, st.floats(0, 50), st.floats(50, 100))
@settings(max_examples=50)
def test_whatever_comes_nobody_is_used_outside_the_window(line, low, high):
    told = play(soc_window, line, low=low, high=high)
    assert len(told) == len(line)
    for (_, before), (_, after) in zip(line, told, strict=True):
        for name, ability in after.batteries.items():
            was = before.batteries[name]
            assert ability.can_charge in (0.0, was.can_charge)
            assert ability.can_discharge in (sun_alone(was), was.can_discharge)
            if was.soc is not None and was.soc <= low:
                assert ability.can_discharge <= (was.sun or 0.0)
            if was.soc is not None and was.soc >= high:
                assert ability.can_charge == 0
