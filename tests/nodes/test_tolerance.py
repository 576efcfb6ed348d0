"""`tolerance` leaves small amounts at the meter alone."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowctl.testing import play
from nodes.tolerance import tolerance
from tests.nodes.outlooks import OUTLOOKS, view


def target(needs, given_=500.0, **how):
    outlook = view(needs, left={"setpoint": given_ - 200.0}, right={"setpoint": 200.0})
    return play(tolerance, [(1, outlook)], **how)[0][1].target


@pytest.mark.parametrize(
    ("needs", "how", "wanted"),
    [
        (540, {"above": 50}, 500),  # 40 W are imported: let them
        (560, {"above": 50}, 560),  # all 60 W, and not just back to the edge
        (460, {"above": 50}, 500),
        (470, {"above": 50, "below": 20}, 470),
        (485, {"above": 50, "below": 20}, 500),
        (540, {"above": 0, "below": 100}, 540),
        (640, {"above": 50, "target": 100}, 600),  # 500 W given let 140 W in where 100 W are wanted
        (700, {"above": 50, "target": 100}, 700),
    ],
)
def test_import_and_export_have_their_own_tolerance(needs, how, wanted):
    assert target(needs, **how) == wanted


@pytest.mark.parametrize(
    ("needs", "given_", "how", "wanted"),
    [
        (-80, -160, {"above": 100, "below": 15}, -80),  # 80 W are bought to charge
        (-150, -160, {"above": 100, "below": 15}, -160),
        (80, 160, {"above": 15, "below": 100}, 80),  # 80 W of the batteries are sold
        (10, -20, {"above": 40, "below": 15}, 10),
        (-80, 0, {"above": 15, "below": 100}, 0),  # nothing is done yet: the sun may go
    ],
)
def test_what_batteries_do_too_much_is_left_alone_by_the_smaller_one(needs, given_, how, wanted):
    assert target(needs, given_, **how) == wanted


def test_the_import_wanted_follows_a_stream():
    outlooks = [(at, view(640.0, left={"setpoint": 500.0})) for at in (1, 2, 3)]
    told = play(tolerance, outlooks, above=50, target_from=[(1.5, 100.0), (2.5, math.nan)])
    assert [seen.target for _, seen in told] == [640.0, 600.0, 640.0]


def test_batteries_that_are_not_ours_give_nothing_that_counts():
    outlook = view(
        20.0,
        left={"setpoint": 0.0},
        right={"setpoint": 900.0, "available": False},
        third={"setpoint": 900.0, "self_regulating": True},
    )
    assert play(tolerance, [(1, outlook)], above=50)[0][1].target == 0.0


@given(OUTLOOKS, st.floats(0, 500), st.floats(0, 500), st.floats(-500, 500))
@settings(max_examples=50)
def test_the_target_moves_no_farther_than_the_tolerance(line, above, below, wanted):
    told = play(tolerance, line, above=above, below=below, target=wanted)
    assert len(told) == len(line)
    for (_, before), (_, after) in zip(line, told, strict=True):
        assert -above - 1e-6 <= after.target - before.target <= below + 1e-6
