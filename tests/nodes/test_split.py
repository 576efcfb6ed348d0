"""`split` divides a total among batteries, under their limits, and says why."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowctl import Battery
from flowctl.testing import play
from nodes.split import split
from tests.nodes.batteries import FLEETS, GRIDS, told, watts

TWO = told(left={"soc": 80.0, "capacity": 5000.0}, right={"soc": 40.0, "capacity": 15000.0})


@pytest.mark.parametrize(
    ("wishes", "total", "left", "right"),
    [
        ({}, 1000.0, 500.0, 500.0),
        ({}, -1000.0, -500.0, -500.0),
        ({}, 0.0, 0.0, 0.0),
        ({"by": "weighted", "weights": {"left": 3.0}}, 1000.0, 750.0, 250.0),
        ({"by": "weighted", "parts": {"left": [(0, 4.0)]}}, 1000.0, 800.0, 200.0),
        ({"by": "capacity"}, 1000.0, 250.0, 750.0),
        ({"by": "soc"}, 1200.0, 800.0, 400.0),
        ({"by": "soc"}, -800.0, -200.0, -600.0),
        ({"by": "energy", "empty": "20%"}, 600.0, 300.0, 300.0),
        ({"by": "energy"}, -1000.0, -100.0, -900.0),
        ({"by": ["capacity", "soc"]}, 1000.0, 400.0, 600.0),
        ({"by": "priority"}, 1000.0, 1000.0, 0.0),
        ({"by": "priority"}, 3000.0, 2500.0, 500.0),
        ({"by": "priority", "order": ["right"]}, 3000.0, 500.0, 2500.0),
        ({"by": "priority", "reverse": True}, 1000.0, 0.0, 1000.0),
        ({"by": "priority", "reverse": True}, -1000.0, -1000.0, 0.0),
        ({"limit": "600W", "by": "soc"}, 1100.0, 600.0, 500.0),
        ({"empty": "40%"}, 1000.0, 1000.0, 0.0),
        ({"full": "80%"}, -1000.0, 0.0, -1000.0),
    ],
)
def test_the_measure_decides(wishes, total, left, right):
    made = watts(play(split, [(1, total)], batteries=TWO, **wishes))
    assert made == pytest.approx({"left": left, "right": right})


def test_power_is_what_each_can_do():
    two = told(left={"max_discharge": 800.0}, right={"max_charge": 0.0})
    assert watts(play(split, [(1, 1650.0)], batteries=two, by="power")) == {
        "left": 400.0, "right": 1250.0,
    }  # fmt: skip
    assert watts(play(split, [(1, -100.0)], batteries=two, by="power")) == {
        "left": -100.0, "right": 0.0,
    }  # fmt: skip


@pytest.mark.parametrize(("spill", "right", "unmet"), [(True, 700.0, 0.0), (False, 500.0, 200.0)])
def test_what_one_cannot_take_goes_to_the_others_or_is_missing(spill, right, unmet):
    two = told(left={"max_discharge": 300.0}, right={})
    [(_, plan)] = play(split, [(1, 1000.0)], batteries=two, spill=spill)
    assert (plan.watts["right"], plan.unmet) == (right, unmet)
    assert plan.reasons == {"left": "its limit: 300W", "right": "by equal"}


@pytest.mark.parametrize("weights", [{"weights": {"left": 0.0}}, {"parts": {"left": [(0, 0.0)]}}])
@pytest.mark.parametrize("by", ["weighted", ["weighted", "soc"], ["weighted", "priority"]])
@pytest.mark.parametrize(
    ("total", "right", "unmet"), [(400.0, 400.0, 0.0), (4000.0, 2500.0, 1500.0), (-9.0, -9.0, 0.0)]
)
def test_a_weight_of_0_leaves_a_battery_out(by, weights, total, right, unmet):
    [(_, plan)] = play(split, [(1, total)], batteries=TWO, by=by, **weights)
    assert (dict(plan.watts), plan.unmet) == ({"left": 0.0, "right": right}, unmet)
    assert plan.reasons["left"] == "has no weight"


def test_what_nobody_can_take_is_unmet():
    [(_, plan)] = play(split, [(1, -6000.0)], batteries=told(left={}, right={"soc": 100.0}))
    assert (dict(plan.watts), plan.unmet) == ({"left": -2500.0, "right": 0.0}, -3500.0)
    assert plan.reasons["right"] == "full: 100%"


def test_one_that_goes_away_gets_one_zero_and_is_left_out_until_it_is_back():
    right = [(0, Battery(soc=50.0)), (2, Battery(online=False)), (4, Battery(online=True))]
    said = play(split, [(at, 900.0) for at in (1, 2.5, 3, 5)],
                batteries={"left": [], "right": right})  # fmt: skip
    assert [dict(plan.watts) for _, plan in said] == [
        {"left": 450.0, "right": 450.0},
        {"left": 900.0, "right": 0.0},
        {"left": 900.0},
        {"left": 450.0, "right": 450.0},
    ]


def test_one_that_tells_nothing_any_more_is_left_out():
    left = [(0, Battery(setpoint=0.0))]
    said = play(split, [(90, 900.0), (91, 900.0)], batteries={"left": left, "right": []})
    assert [plan.watts["left"] for _, plan in said] == [450.0, 0.0]


def test_the_order_moves_on():
    said = play(split, [(at, 100.0) for at in (0, 1799, 1800, 3600)],
                batteries={"left": [], "right": []}, by="priority", rotate="30m")  # fmt: skip
    assert [plan.watts["left"] for _, plan in said] == [100.0, 100.0, 0.0, 100.0]


def test_each_phase_is_served_by_its_own_batteries():
    three = told(left={}, right={}, third={"max_discharge": 100.0})
    [(_, plan)] = play(
        split, [(1, 5.0)], batteries=three, phases={"L1": [(0, 800.0)], "L2": [(0, -300.0)]},
        on={"left": "L1", "third": "L1", "right": "L2"},
    )  # fmt: skip
    assert plan.watts == {"left": 700.0, "third": 100.0, "right": -300.0}
    assert plan.reasons["third"] == "L1, its limit: 100W"


def each(first, last, value, every=1):
    return [(float(at), value) for at in range(first, last + 1, every)]


def by_phase(beat, l1, l2=(), **wishes):
    """Plans for `left` on l1 and `right` on l2."""
    return play(
        split, beat, batteries=told(left={}, right={}), away=None,
        phases={"l1": l1, "l2": list(l2)}, on={"left": "l1", "right": "l2"}, **wishes,
    )  # fmt: skip


def shares(plans, name):
    return [(at, plan.watts[name]) for at, plan in plans if name in plan.watts]


def test_a_phase_whose_total_comes_no_more_gives_its_batteries_back_until_it_is_back(caplog):
    l2 = each(0, 90, 500.0)
    with caplog.at_level("INFO"):
        plans = by_phase(l2, each(0, 60, 2000.0) + each(80, 90, 300.0), l2)
    assert shares(plans, "left") == [
        *each(0, 68, 2000.0), (69.0, 0.0), *each(80, 90, 300.0)
    ]  # fmt: skip
    assert plans[69][1].reasons["left"] == "not available"
    assert shares(plans, "right") == l2
    assert caplog.messages == [
        "the total of l1 comes no more; left is given back", "the total of l1 comes again",
    ]  # fmt: skip


def test_a_step_of_the_clock_ends_a_total_that_does_not_come_with_it():
    plans = by_phase([(1, 0.0), (2, 0.0), (4000, 0.0), (4001, 0.0)], each(0, 2, 2000.0))
    assert shares(plans, "left") == [(1, 2000.0), (2, 2000.0), (4000, 0.0)]


@pytest.mark.parametrize(("every", "valid", "last"), [(10, None, 135), (60, "200s", 260)])
def test_a_slow_phase_meter_is_waited_for(every, valid, last):
    plans = by_phase(each(0, 400, 0.0), each(0, 100, 2000.0, every), valid=valid)
    assert shares(plans, "left") == [*each(0, last, 2000.0), (last + 1.0, 0.0)]


def test_a_phase_that_never_speaks_leaves_its_batteries_alone_and_is_told(caplog):
    plans = by_phase(each(0, 60, 0.0), [(70, 1.0)], [(0, 500.0)])
    assert not shares(plans, "left")
    assert caplog.messages[0] == "the total of l1 comes no more; left is given back"


def test_a_total_that_is_no_number_keeps_none_alive():
    plans = by_phase(each(0, 20, 0.0), each(0, 5, 800.0) + each(6, 20, math.nan))
    assert shares(plans, "left")[-2:] == [(13.0, 800.0), (14.0, 0.0)]


def test_a_plan_by_phases_ends_when_the_beat_stops():
    plans = by_phase(each(0, 4, 0.0), each(0, 4, 800.0))
    assert plans[-1][1].valid_until == 4 + 3 * 1 + 5
    plans = by_phase(each(0, 4, 0.0), each(0, 4, 800.0), valid="90s")
    assert plans[-1][1].valid_until == 94


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"on": {"left": "l1"}}, "'phases' is missing"),
        ({"empty": 50.0, "full": 20.0}, "empty 50% is above full 20%; exchange them"),
    ],
)
def test_settings_that_contradict_each_other_are_told(settings, said):
    with pytest.raises(ValueError, match=said):
        play(split, [], batteries={}, **settings)


@pytest.mark.parametrize(
    ("on", "said"),
    [
        ({"left": "L9"}, "left is on L9, which is no phase; there are L1, L2"),
        ({}, "on which phase left is, is not said; 'on' takes one of L1, L2"),
    ],
)
def test_a_battery_on_no_phase_is_refused(on, said):
    with pytest.raises(ValueError, match=said):
        play(split, [], batteries=told(left={}), phases={"L1": [], "L2": []}, on=on)


def test_a_plan_holds_as_long_as_it_is_told_to():
    [(_, plan)] = play(split, [(1, 100.0)], batteries=told(left={}), valid="20s")
    assert plan.valid_until == 21.0
    [(_, plan)] = play(split, [(1, 100.0)], batteries=told(left={}))
    assert plan.valid_until == math.inf


MEASURES = st.sampled_from(["equal", "capacity", "power", "soc", "energy", "priority"])


@settings(deadline=None)
@given(GRIDS, FLEETS, MEASURES, st.booleans())
def test_no_limit_is_passed_nobody_works_against_the_sum_and_nothing_gets_lost(
    line, fleet, by, spill
):
    said = play(split, line, batteries=fleet, by=by, spill=spill, limit=1000.0)
    for (_, total), (_, plan) in zip(line, said, strict=True):
        shares = plan.watts.values()
        assert all(abs(share) <= 1000.0 + 1e-6 and share * total >= 0 for share in shares)
        assert math.fsum(shares) + plan.unmet == pytest.approx(total, abs=1e-3)
        assert set(plan.reasons) == set(plan.watts)


@settings(deadline=None)
@given(st.floats(-5000, 5000), MEASURES)
def test_with_room_everything_is_met(total, by):
    [(_, plan)] = play(split, [(1, total)], batteries=TWO, by=by)
    assert plan.unmet == pytest.approx(0.0, abs=1e-3)
