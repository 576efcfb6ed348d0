"""`rebalance` with `strategy: efficiency`: few work, they stay for a while, and hand over."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowctl.testing import play
from nodes._helpers.law.sharing.by_name import by_name
from nodes._helpers.law.sharing.losses import Losses, read_curve
from nodes.rebalance import rebalance
from tests.nodes.outlooks import OUTLOOKS, view
from tests.nodes.small_house import Cell, SmallHouse


def plans(line, **settings):
    return play(rebalance, line, strategy="efficiency", **settings)


def landed(line, **settings):
    """Watts a second after another, each battery doing what it was told."""
    told, said = {}, []
    for second, (target, fleet) in enumerate(line):
        now = {
            name: {"setpoint": told.get(name, 0.0), "accepted_at": float(second)} | fields
            for name, fields in fleet.items()
        }
        said.append((float(second), view(target, float(second), **now)))
        told = plans(said, **settings)[-1][1].watts
    return plans(said, **settings)


def workers(plan):
    return {name for name, watts in plan.watts.items() if watts}


@pytest.mark.parametrize(
    ("target", "left", "right", "settings", "working"),
    [
        (400, 60, 50, {}, {"left"}),
        (400, 50, 60, {}, {"right"}),
        (-400, 60, 50, {}, {"right"}),
        (1500, 60, 50, {}, {"left"}),
        (1700, 60, 50, {}, {"left", "right"}),
        (1500, 60, 50, {"standby": "2W"}, {"left", "right"}),
        (1900, 60, 50, {"standby": "60W"}, {"left"}),
        (2200, 60, 50, {"standby": "200W"}, {"left", "right"}),  # 85 % of its limit
        (400, 60, 57, {"standby": {"left": 14.0, "right": 4.0}}, {"right"}),
        (900, 60, 50, {"efficiency": {400.0: 95.0, 900.0: 80.0}}, {"left", "right"}),
        (900, 60, 50, {"efficiency": {400.0: 80.0, 900.0: 95.0}}, {"left"}),
        (400, 11, 50, {"reserve": "12%"}, {"right"}),
        (0, 60, 50, {}, set()),
    ],
)
def test_as_few_work_as_lose_least(target, left, right, settings, working):
    line = [(float(target), {"left": {"soc": left}, "right": {"soc": right}})] * 2
    said = landed([(float(t), fleet) for t, fleet in line], **settings)
    assert workers(said[-1][1]) == working
    assert sum(said[-1][1].watts.values()) == pytest.approx(target)


def test_one_that_joined_stays_until_it_was_not_needed_for_so_long():
    fleet = {"left": {"soc": 60.0}, "right": {"soc": 50.0}}
    line = [(2000.0, fleet), *[(600.0, fleet)] * 70]
    said = landed(line, least_on="20s")
    alone = [second for second, plan in said if workers(plan) == {"left"}]
    assert workers(said[20][1]) == {"left", "right"}
    assert said[21][1].reasons["right"] == "hands over"
    assert alone[0] == pytest.approx(21 + 30 * 0.9, abs=4)  # the last 25 W and more go at once


def test_one_that_leaves_goes_down_as_the_other_comes_up():
    fleet = {"left": {"soc": 60.0}, "right": {"soc": 50.0}}
    said = landed([(2000.0, fleet), *[(600.0, fleet)] * 60], least_on="1s")
    gave = [plan.watts["right"] for _, plan in said[2:]]
    assert all(0 <= before - after <= 45 for before, after in pairwise(gave))
    assert all(sum(p.watts.values()) == pytest.approx(600.0, abs=30) for _, p in said[2:])
    assert gave[-1] == 0.0


def test_a_load_that_rises_meanwhile_is_served_at_once():
    fleet = {"left": {"soc": 60.0}, "right": {"soc": 50.0}}
    line = [(2000.0, fleet), *[(600.0, fleet)] * 10, (4000.0, fleet), (4000.0, fleet)]
    said = landed(line, least_on="1s")
    assert sum(said[-1][1].watts.values()) == pytest.approx(4000.0)


def test_being_at_work_counts_for_six_points_of_charge():
    def fleet(right):
        return {"left": {"soc": 60.0}, "right": {"soc": right}}

    rising = [50.0, 61.0, 64.0, 65.9, 66.1]
    said = landed([(400.0, fleet(soc)) for soc in rising], least_on="1s")
    whole = ["one of few that lose least"] * 4 + ["hands over"]
    assert [plan.reasons["left"] for _, plan in said[1:]] == whole[1:]
    assert [plan.reasons["right"] for _, plan in said[1:4]] == ["not needed"] * 3


def test_the_number_does_not_flicker_around_where_it_changes():
    fleet = {"left": {"soc": 60.0}, "right": {"soc": 59.0}}
    line = [(1450.0 + 200 * (second % 2), fleet) for second in range(12)]
    said = landed(line, least_on="0s")
    assert [len(workers(plan)) for _, plan in said] == [1, *[2] * 11]


def test_standby_counts_from_the_first_watt_and_the_curve_above():
    losses = Losses(by_name({"left": 4.0}, 10.0), read_curve({500.0: 90.0, 1000.0: 92.0}))
    assert [losses.at("left", power) for power in (0, 250, 500, 750)] == pytest.approx(
        [4, 27, 50, 65]
    )
    assert losses.at("right", 0) == 10
    assert Losses().at("left", 1000.0) == pytest.approx(57.0)


def test_a_curve_without_points_is_refused():
    with pytest.raises(ValueError, match="has no points"):
        plans([], efficiency={0.0: 0.0})


def test_in_a_house_the_hand_over_passes_the_meter_with_less_than_a_tenth():
    """From both to one, with timings that nothing has been learned of yet."""
    cells = {"left": Cell(dead=1.2, soc=60.0), "right": Cell(dead=3.0, lag=1.5, soc=60.0)}
    load = lambda t: 2400.0 if t < 60 else 900.0  # noqa: E731
    house = SmallHouse(cells, load, strategy="efficiency").run(225)
    assert all(power > 300 for power in house.given.values())
    house.run(60)
    assert sorted(round(power, -2) for power in house.given.values()) == [0, 900]
    assert max(map(abs, house.grid[-600:])) < 120
    assert house.mean(60) < 50


@given(line=OUTLOOKS, standby=st.floats(0, 60), least_on=st.sampled_from([0.0, 5.0, 180.0]))
def test_few_keep_every_limit_and_work_for_one_another(line, standby, least_on):
    said = plans(line, standby=standby, least_on=least_on)
    for (_, outlook), (_, plan) in zip(line, said, strict=True):
        for name, watts in plan.watts.items():
            ability = outlook.batteries[name]
            assert -ability.can_charge - 1e-6 <= watts <= ability.can_discharge + 1e-6
        assert len({watts > 0 for watts in plan.watts.values() if watts}) <= 1
        assert plan.unmet == 0 or (plan.unmet > 0) == (outlook.target > 0)


UNCALLED = ("goes on as it was", "hands over")  # in a first plan, or while it leaves


@given(line=OUTLOOKS)
def test_whoever_joins_stays_for_its_time_unless_it_cannot(line):
    joined = {}
    for (second, outlook), (_, plan) in zip(line, plans(line, least_on=50.0), strict=True):
        sign = 1 if outlook.target > 0 else -1
        for name, reason in plan.reasons.items():
            if reason == "not needed" and name in joined and joined[name][1] == sign:
                assert second - joined[name][0] >= 50.0 or not outlook.target
            if plan.watts.get(name) and reason not in UNCALLED:
                joined[name] = (second, sign)
            elif name in joined and reason != "not needed":
                del joined[name]
