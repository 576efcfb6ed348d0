"""`clamp` holds numbers and plans within limits."""

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowctl import Plan, Share
from flowctl.testing import play
from nodes._helpers.gone import GONE
from nodes.clamp import clamp
from nodes.rebalance import rebalance
from tests.nodes.outlooks import OUTLOOKS, view
from tests.nodes.timelines import NUMBERS, PLANS, timelines


@pytest.mark.parametrize(
    ("limits", "value", "made"),
    [
        ({"low": "-2.5kW", "high": "2.5kW"}, 3000.0, 2500.0),
        ({"low": "-2.5kW", "high": "2.5kW"}, -3000.0, -2500.0),
        ({"low": "-2.5kW", "high": "2.5kW"}, 12.0, 12.0),
        ({"high": "800W"}, -9000.0, -9000.0),
        ({"low": 0}, -9000.0, 0.0),
        ({"total": "800W"}, 900.0, 800.0),
        ({"total": "800W"}, -900.0, -800.0),
        ({"total": "800W", "low": "900W"}, 0.0, 800.0),
        ({"total": "800W", "high": "-900W"}, 0.0, -800.0),
        ({"low": "5W", "high": "5W"}, 7.0, 5.0),
    ],
)
def test_a_number_stays_within_its_limits(limits, value, made):
    assert play(clamp, [(1, value)], **limits) == [(1, made)]


@pytest.mark.parametrize(
    ("limits", "watts", "made", "unmet", "reasons"),
    [
        ({"high": "800W"}, {"left": 900.0, "right": 100.0}, {"left": 800.0, "right": 100.0}, 100.0,
         {"left": "clamp: high 800W"}),
        ({"low": "-2kW"}, {"left": -2500.0, "right": 0.0}, {"left": -2000.0, "right": 0.0}, -500.0,
         {"left": "clamp: low -2000W"}),
        ({"total": "1kW"}, {"left": 1600.0, "right": 400.0}, {"left": 800.0, "right": 200.0},
         1000.0, {"left": "clamp: total 1000W", "right": "clamp: total 1000W"}),
        ({"total": "1kW"}, {"left": -3000.0, "right": -1000.0}, {"left": -750.0, "right": -250.0},
         -3000.0, {"left": "clamp: total 1000W", "right": "clamp: total 1000W"}),
        ({"total": "500W"}, {"left": 1000.0, "right": -200.0}, {"left": 700.0, "right": -200.0},
         300.0, {"left": "clamp: total 500W"}),
        ({"high": "800W", "total": "1kW"}, {"left": 2000.0, "right": 800.0},
         {"left": 500.0, "right": 500.0}, 1800.0,
         {"left": "clamp: total 1000W", "right": "clamp: total 1000W"}),
        ({"total": 0}, {"left": 100.0}, {"left": 0.0}, 100.0, {"left": "clamp: total 0W"}),
        ({"total": 0}, {"left": 1e-300}, {"left": 0.0}, 1e-300, {"left": "clamp: total 0W"}),
        ({"high": "800W", "total": "1kW"}, {}, {}, 0.0, {}),
    ],
)  # fmt: skip
def test_each_share_and_then_the_sum_is_limited(limits, watts, made, unmet, reasons):
    [(_, plan)] = play(clamp, [(1, Plan(watts=watts, valid_until=9.0))], **limits)
    assert plan.watts == pytest.approx(made)
    assert plan.unmet == pytest.approx(unmet)
    assert plan.reasons == reasons
    assert plan.valid_until == 9.0


def test_what_is_not_clipped_keeps_its_reason_and_the_rest_adds_up():
    plan = Plan(watts={"left": 900.0, "right": 1.0}, reasons={"right": "soc"}, unmet=50.0)
    [(_, made)] = play(clamp, [(1, plan)], high="800W")
    assert made.reasons == {"right": "soc", "left": "clamp: high 800W"}
    assert made.unmet == 150.0


@pytest.mark.parametrize(
    ("high", "unmet", "left"),
    [
        (1200.0, 2700.0, {"left": 1000.0}),  # of 2300 W that are tried 1300 W are cut away
        (150.0, 2750.0, None),  # and 50 W of the 200 W that are known to come
        (0.0, 3000.0, None),
    ],
)
def test_what_was_only_tried_is_not_missing_twice(high, unmet, left):
    """The house needs 3 kW, and one of the two was seen to give 200 W at most."""
    plan = Plan(watts={"left": 2500.0, "right": 100.0}, unmet=2700.0, extra={"left": 2300.0})
    [(_, made)] = play(clamp, [(1, plan)], high=high)
    assert made.unmet == pytest.approx(unmet)
    assert made.extra == left


def test_what_another_takes_in_for_a_moment_is_not_missing_either():
    plan = Plan(watts={"left": 500.0, "right": -300.0}, extra={"left": 300.0, "right": -300.0})
    [(_, made)] = play(clamp, [(1, plan)], high=400.0, low=-50.0)
    assert (made.unmet, made.extra) == (0.0, {"left": 200.0, "right": -50.0})


def test_behind_rebalance_no_more_is_missing_than_the_house_needs():
    """One battery, seen to give 200 W of its 2500 W, tries for all of 2900 W."""
    line = [(t, view(2900.0, t, left={"proven_discharge": 200.0})) for t in (0.0, 1.0)]
    for limit in ("high", "total"):
        [*_, (_, made)] = play(clamp, play(rebalance, line), **{limit: "1.2kW"})
        assert (made.watts, made.unmet) == ({"left": 1200.0}, 2700.0)


def test_the_last_word_to_one_that_went_away_is_not_lifted():
    plan = Plan(watts={"left": 0.0, "right": 20.0}, reasons={"left": GONE})
    [(_, made)] = play(clamp, [(1, plan)], low=50.0)
    assert made.watts == {"left": 0.0, "right": 50.0}
    assert made.reasons["left"] == GONE


def test_a_plan_within_all_limits_passes_untouched():
    plan = Plan(watts={"left": 700.0})
    [(_, made)] = play(clamp, [(1, plan)], high="800W", total="2kW")
    assert made is plan


def test_a_clipped_share_stays_valid_as_long_as_before():
    [(_, share)] = play(clamp, [(1, Share(300.0, 9.0, "soc"))], high="200W")
    assert (share, share.valid_until, share.reason) == (200.0, 9.0, "soc")


@pytest.mark.parametrize(
    ("limits", "says"),
    [({"low": 5.0, "high": 4.0}, "exchange them"), ({}, "at least one")],
)
def test_limits_that_make_no_sense_are_refused(limits, says):
    with pytest.raises(ValueError, match=says):
        play(clamp, [], **limits)


LIMITS = st.tuples(NUMBERS, NUMBERS).map(sorted)
TOTALS = st.none() | st.floats(0, 1e5)


@settings(deadline=None)
@given(timelines(), LIMITS)
def test_no_number_is_ever_outside(line, limits):
    low, high = limits
    said = play(clamp, line, low=low, high=high)
    assert [at for at, _ in said] == [at for at, value in line if math.isfinite(value)]
    assert all(low <= value <= high for _, value in said)


@settings(deadline=None)
@given(PLANS, LIMITS, TOTALS)
def test_no_plan_is_ever_outside_and_nothing_gets_lost(plan, limits, total):
    low, high = limits
    [(_, made)] = play(clamp, [(1, plan)], low=low, high=high, total=total)
    assert made.watts.keys() == plan.watts.keys()
    if total is None:
        assert all(low <= watts <= high for watts in made.watts.values())
    else:
        assert abs(math.fsum(made.watts.values())) <= total + 1e-6
    before = plan.unmet + math.fsum(plan.watts.values())
    assert made.unmet + math.fsum(made.watts.values()) == pytest.approx(before, abs=1e-6)
    assert all(name in made.reasons for name in plan.watts if made.watts[name] != plan.watts[name])


@settings(deadline=None)
@given(PLANS, LIMITS, TOTALS)
def test_clamping_twice_changes_no_more_than_once(plan, limits, total):
    low, high = min(limits[0], 0.0), max(limits[1], 0.0)
    [(_, once)] = play(clamp, [(1, plan)], low=low, high=high, total=total)
    [(_, twice)] = play(clamp, [(1, once)], low=low, high=high, total=total)
    assert twice.watts == pytest.approx(once.watts, abs=1e-6)


PROVEN = st.none() | st.sampled_from([0.0, 100.0, 900.0])


@settings(deadline=None)
@given(
    line=OUTLOOKS,
    proven=st.dictionaries(st.sampled_from(["left", "right", "third"]), PROVEN),
    strategy=st.sampled_from(["energy", "equal", "priority", "efficiency"]),
    least=st.sampled_from([0.0, 80.0]),
    limits=st.tuples(st.floats(-3000, 0), st.floats(0, 3000)),
    total=st.none() | st.floats(0, 5000),
)
def test_never_is_more_missing_than_the_house_needs(line, proven, strategy, least, limits, total):
    low, high = limits
    seen = [(at, _seen(outlook, proven, least)) for at, outlook in line]
    made = play(clamp, play(rebalance, seen, strategy=strategy), low=low, high=high, total=total)
    for (_, outlook), (_, plan) in zip(seen, made, strict=True):
        assert abs(plan.unmet) <= abs(outlook.target) + 25.0  # less is not worth a write
        assert abs(plan.unmet) < 1e-6 or plan.unmet * outlook.target > 0


def _seen(outlook, proven, least):
    """All are held to what some were seen to give, and can hold no less than something."""
    fleet = {
        name: replace(
            ability,
            proven_charge=proven.get(name),
            proven_discharge=proven.get(name),
            min_power=least,
        )
        for name, ability in outlook.batteries.items()
    }
    return replace(outlook, batteries=fleet)
