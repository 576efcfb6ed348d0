"""`unit_commit` puts the sum on few batteries, and lets none go before the others have come."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowctl import Battery, Plan
from flowctl.testing import play
from nodes._helpers.law.sharing.losses import loss, read_curve, standard_curve
from nodes.unit_commit import unit_commit
from tests.nodes.batteries import FLEETS, told, watts
from tests.nodes.outlooks import view
from tests.nodes.timelines import PLANS, timelines

TWO = told(left={"soc": 40.0}, right={"soc": 80.0})
LEAVES = [(0, Battery(soc=30.0, power=1000.0))]
COMES = [(0, Battery(soc=20.0, power=0.0)), (1.5, Battery(soc=90.0))]


def even(total, names=("left", "right")):
    return Plan(watts={name: total / len(names) for name in names}, valid_until=9.0)


def run(totals, batteries=TWO, **wishes):
    """Plans in equal shares, one a second; what is said, battery by battery."""
    line = [(second, even(total)) for second, total in enumerate(totals, 1)]
    return [dict(plan.watts) for _, plan in play(unit_commit, line, batteries=batteries, **wishes)]


@pytest.mark.parametrize(
    ("total", "wishes", "left", "right"),
    [
        (1000.0, {}, 0.0, 1000.0),
        (-1000.0, {}, -1000.0, 0.0),
        (1600.0, {}, 800.0, 800.0),
        (1600.0, {"by": "limits"}, 0.0, 1600.0),
        (2200.0, {"by": "limits"}, 1100.0, 1100.0),
        (2200.0, {"by": "limits", "add": "100%"}, 0.0, 2200.0),
        (-1600.0, {"by": "limits", "charging": "60%"}, -800.0, -800.0),
        (1600.0, {"by": "limits", "charging": "60%"}, 0.0, 1600.0),
        (600.0, {"by": "limits", "limit": "500W"}, 300.0, 300.0),
        (600.0, {"efficiency": {0.0: 0.0, 200.0: 95.0, 400.0: 95.0, 600.0: 60.0}}, 300.0, 300.0),
        (1000.0, {"order": "listed"}, 1000.0, 0.0),
        (0.0, {}, 0.0, 0.0),
    ],
)  # fmt: skip
def test_as_many_work_as_pay(total, wishes, left, right):
    assert run([total], **wishes) == [pytest.approx({"left": left, "right": right})]


def test_the_largest_share_may_be_called_first():
    plan = Plan(watts={"left": 100.0, "right": 300.0})
    assert watts(play(unit_commit, [(1, plan)], batteries=told(left={}, right={}),
                      order="share")) == {"left": 0.0, "right": 400.0}  # fmt: skip


def test_who_has_no_share_is_not_called():
    plan = Plan(watts={"left": 900.0, "right": 0.0})
    assert watts(play(unit_commit, [(1, plan)], batteries=TWO)) == {"left": 900.0, "right": 0.0}


def test_who_cannot_deliver_as_learned_is_not_trusted_with_all_of_it():
    weak = [(0, view(1000.0, left=40.0, right={"can_discharge": 300.0}))]
    assert run([1000.0], outlook=weak) == [pytest.approx({"left": 700.0, "right": 300.0})]
    assert run([-1000.0], outlook=weak) == [pytest.approx({"left": -1000.0, "right": 0.0})]


def test_another_joins_early_and_leaves_late():
    said = run([2000.0, 2200.0, 2000.0, 1800.0], by="limits", least_on="0s", handover="0s")
    assert [sum(share > 0 for share in plan.values()) for plan in said] == [1, 2, 2, 1]


def test_one_that_is_on_stays_on_for_a_while():
    said = run([2200.0, 500.0, 500.0, 500.0], by="limits", least_on="2s", handover="0s")
    assert [sum(share > 0 for share in plan.values()) for plan in said] == [2, 2, 1, 1]


def test_the_order_stands_for_a_while_and_being_on_is_worth_something():
    soc = {"left": [(0, Battery(soc=50.0)), (1.5, Battery(soc=53.0)), (3.5, Battery(soc=60.0))],
           "right": [(0, Battery(soc=51.0))]}  # fmt: skip
    quick = {"least_on": "0s", "handover": "0s"}
    said = run([500.0] * 5, soc, **quick)
    assert [plan["left"] for plan in said] == [0, 0, 0, 500, 500]
    said = run([500.0] * 6, soc, **quick, tie=0.0, reorder="5s")
    assert [plan["left"] for plan in said] == [0, 0, 0, 0, 0, 500]


def test_one_that_leaves_goes_down_evenly_while_the_others_come_up():
    two = {"left": LEAVES, "right": COMES}
    said = run([1000.0] * 7, two, least_on="0s", handover="4s")
    assert [plan["left"] for plan in said] == [1000, 1000, 750, 500, 250, 0, 0]
    assert [plan["right"] for plan in said] == [0, 0, 250, 500, 750, 1000, 1000]


def test_one_that_leaves_gives_no_more_than_is_needed_and_is_taken_back_where_it_is():
    two = {"left": LEAVES, "right": COMES}
    said = run([1000.0, 1000.0, 300.0, -600.0], two, least_on="0s", handover="4s")
    assert [plan["left"] for plan in said] == [1000, 1000, 300, -600]
    assert [plan["right"] for plan in said] == [0, 0, 0, 0]
    said = run([1000.0, 1000.0, 1000.0, 1800.0], two, least_on="0s", handover="4s")
    assert [plan["left"] for plan in said] == [1000, 1000, 750, 900]


def test_the_others_may_come_at_once():
    said = run([1000.0] * 3, {"left": LEAVES, "right": COMES}, least_on="0s", handover="0s")
    assert [(plan["left"], plan["right"]) for plan in said] == [(1000, 0), (0, 1000), (0, 1000)]


def test_what_too_few_can_carry_is_unmet():
    [(_, plan)] = play(unit_commit, [(1, even(1500.0))], batteries=TWO, limit="600W")
    assert (dict(plan.watts), plan.unmet) == ({"left": 600.0, "right": 600.0}, 300.0)


def test_reasons_name_who_was_called():
    [(_, plan)] = play(unit_commit, [(1, even(500.0))], batteries=TWO)
    assert plan.reasons["left"] == "unit_commit: 1 of 2 called"
    assert plan.valid_until == 9.0


def test_a_curve_is_read_between_its_points():
    curve = read_curve({100.0: 80.0, 1000.0: 95.0})
    losses = [loss(curve, power) for power in (0, 100, 550, 1000, 1900)]
    assert losses == pytest.approx([20, 20, 35, 50, 80])
    assert loss(standard_curve(), 1000.0) == pytest.approx(57.0)
    with pytest.raises(ValueError, match="no points"):
        play(unit_commit, [], batteries=TWO, efficiency={})


@settings(deadline=None)
@given(timelines(PLANS), FLEETS, st.sampled_from(["losses", "limits"]))
def test_every_battery_stays_named_and_within_its_limit(line, fleet, by):
    said = play(unit_commit, line, batteries=fleet, by=by, limit=2000.0)
    for (_, before), (_, after) in zip(line, said, strict=True):
        assert after.watts.keys() == before.watts.keys()
        assert all(math.isfinite(share) for share in after.watts.values())


@settings(deadline=None)
@given(st.lists(st.floats(-4000, 4000), max_size=12))
def test_what_room_there_is_meets_the_sum(totals):
    for total, plan in zip(totals, run(totals, handover="0s"), strict=True):
        assert math.fsum(plan.values()) == pytest.approx(total, abs=1e-3)
