"""`damp_reversals` softens corrections that keep turning."""

import pytest
from hypothesis import given, settings

from flowctl import Plan
from flowctl.testing import play
from nodes.damp_reversals import Wobble, damp_reversals, scored
from tests.nodes.batteries import FLEETS, told
from tests.nodes.timelines import PLANS, timelines

REST = told(left={"power": 0.0})


def line(*watts):
    return [(at, Plan(watts={"left": float(share)})) for at, share in enumerate(watts, 1)]


@pytest.mark.parametrize(
    ("before", "correction", "after"),
    [
        (Wobble(), 50.0, Wobble(1, 0.0)),
        (Wobble(1, 0.0), -50.0, Wobble(-1, 0.3)),
        (Wobble(-1, 0.9), 50.0, Wobble(1, 1.0)),
        (Wobble(1, 0.3), 50.0, Wobble(1, 0.285)),
        (Wobble(1, 0.3), 0.0, Wobble(1, 0.285)),
    ],
)
def test_turning_raises_the_score(before, correction, after):
    now = scored(before, correction, 0.3, 0.95)
    assert (now.sign, now.score) == (after.sign, pytest.approx(after.score))


def test_a_correction_is_softened_by_its_score():
    said = play(damp_reversals, line(100, -100, 100), batteries=REST)
    assert [plan.watts["left"] for _, plan in said] == pytest.approx([100, -71.5, 43])
    assert said[-1][1].reasons == {"left": "damp_reversals: keeps turning"}


def test_far_from_zero_nothing_is_softened():
    said = play(damp_reversals, line(100, -100), batteries=REST, grid=[(0, 400.0)])
    assert [plan.watts["left"] for _, plan in said] == [100, -100]


@settings(deadline=None)
@given(timelines(PLANS), FLEETS)
def test_a_share_is_only_ever_brought_nearer(line, fleet):
    for (_, before), (_, after) in zip(
        line, play(damp_reversals, line, batteries=fleet), strict=True
    ):
        assert after.watts.keys() == before.watts.keys()
        assert all(abs(share) <= max(abs(before.watts[name]), 2500.0)
                   for name, share in after.watts.items())  # fmt: skip
