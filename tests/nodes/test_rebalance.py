"""`rebalance` shares what the house needs: nobody beyond a limit, nobody against another."""

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowctl import Outlook
from flowctl.testing import play
from nodes._helpers.law.sharing.allocation import water_fill
from nodes._helpers.law.sharing.by_name import by_name
from nodes._helpers.law.sharing.round import Policy
from nodes._helpers.law.sharing.step import Shared, step
from nodes.rebalance import rebalance
from tests.nodes.outlooks import OUTLOOKS, view
from tests.nodes.small_house import Cell, SmallHouse


def shared(outlook, imported=0.0, **wishes):
    """The watts of a plan once everything has landed."""
    plan = settled(outlook, imported, **wishes)
    return {name: round(watts, 3) for name, watts in plan.watts.items()}


def settled(outlook, imported=0.0, **wishes):
    policy = policy_of(wishes)
    state, plan = step(Shared(), outlook, policy, imported)
    for _ in range(8):
        outlook = accepted(outlook, plan)
        state, plan = step(state, outlook, policy, imported)
    return plan


def policy_of(wishes):
    numbers = {
        name: by_name(wishes[name], usual)
        for name, usual in {"reserve": 10.0, "ceiling": 100.0}.items()
        if name in wishes
    }
    return Policy(**{"share": 0.0} | wishes | numbers)


def accepted(outlook, plan):
    """A second later all batteries do what they were told."""
    fleet = {
        name: replace(ability, setpoint=plan.watts.get(name, 0.0))
        for name, ability in outlook.batteries.items()
    }
    return replace(outlook, at=outlook.at + 1.0, batteries=fleet)


def after(outlook, **wishes):
    """What is made of a later outlook."""
    policy = policy_of(wishes)
    state, _ = step(Shared(), outlook, policy)
    return lambda later, imported=0.0: step(state, later, policy, imported)[1]


@pytest.mark.parametrize(
    ("target", "left", "right", "wishes", "watts"),
    [
        (1000, 50, 50, {}, (500, 500)),
        (-1000, 50, 50, {}, (-500, -500)),
        (1000, 70, 40, {"reserve": 10}, (666.667, 333.333)),
        (-1000, 70, 40, {"reserve": 10}, (-333.333, -666.667)),
        (1000, 60, {"soc": 60.0, "capacity": 15000.0}, {}, (250, 750)),
        (1000, 60, {"soc": 60.0, "capacity": 15000.0}, {"strategy": "soc"}, (250, 750)),
        (-1000, 60, {"soc": 60.0, "capacity": 15000.0}, {"strategy": "soc"}, (-250, -750)),
        (1000, 60, 50, {"strategy": "soc"}, (731.059, 268.941)),
        (-1000, 60, 50, {"strategy": "soc"}, (-268.941, -731.059)),
        (1000, 60, 50, {"strategy": "soc", "reserve": {"left": 50}}, (731.059, 268.941)),
        (1000, 90, {"soc": 30.0, "capacity": 15000.0}, {"strategy": "capacity"}, (250, 750)),
        (1000, 90, 30, {"strategy": "equal"}, (500, 500)),
        (
            1000,
            90,
            {"soc": 30.0, "can_discharge": 500.0},
            {"strategy": "power"},
            (833.333, 166.667),
        ),
        (1000, 90, 30, {"strategy": "weighted", "weights": {"right": 3.0}}, (250, 750)),
        (1000, 90, 30, {"strategy": "weighted", "weights": {"right": 0.0}}, (1000, 0)),
        (1000, 90, 30, {"strategy": "priority", "order": ["right"]}, (0, 1000)),
        (3000, 90, 30, {"strategy": "priority", "order": ["right", "left"]}, (500, 2500)),
        (1000, 50, {"can_discharge": 300.0}, {}, (700, 300)),
        (6000, 50, 50, {}, (2500, 2500)),
        (1000, 50, 11, {"reserve": 12}, (1000, 0)),
        (1000, 50, 12, {"reserve": 12, "strategy": "equal"}, (500, 500)),
        (-1000, 50, 11, {"reserve": 12, "strategy": "equal"}, (-500, -500)),
        (-1000, 50, 90, {"ceiling": 90}, (-1000, 0)),
        (1000, 19, 19, {"reserve": {"left": 12, "right": 20}}, (1000, 0)),
        (1000, 19, 9, {"reserve": {"right": 8}}, (750, 250)),
        (1000, 9, 9, {"reserve": {"right": 8}}, (0, 1000)),
        (1000, 70, 40, {"reserve": {"left": 40, "right": 25}}, (666.667, 333.333)),
        (-1000, 85, 85, {"ceiling": {"left": 80}}, (0, -1000)),
        # sun on its own side: given at the reserve, and first of all when it is full
        (1000, 50, {"soc": 8.0, "sun": 300.0}, {}, (930.233, 69.767)),
        (2700, 50, {"soc": 8.0, "sun": 300.0}, {}, (2500, 200)),
        (200, 50, {"soc": 8.0, "sun": 300.0}, {"strategy": "equal"}, (100, 100)),
        (1000, 8, {"soc": 8.0, "sun": 300.0}, {}, (0, 285)),
        (1000, 8, {"soc": 8.0, "sun": 300.0, "can_discharge": 200.0}, {}, (0, 200)),
        (1000, 50, {"soc": 50.0, "sun": 900.0}, {}, (500, 500)),
        (800, 50, {"soc": 100.0, "sun": 900.0}, {}, (0, 800)),
        (800, 50, {"soc": 98.5, "sun": 900.0}, {"strategy": "equal"}, (175, 625)),
        (800, 50, {"soc": 97.0, "sun": 900.0}, {"strategy": "equal"}, (400, 400)),
        (1000, 50, {"soc": 100.0, "sun": 900.0}, {"strategy": "equal"}, (50, 950)),
        (1000, {"soc": 100.0, "sun": 600.0}, {"soc": 100.0, "sun": 900.0}, {}, (400, 600)),
        (1000, 50, {"soc": 90.0, "sun": 900.0}, {"ceiling": {"right": 90}}, (33.333, 966.667)),
        (-1000, 50, {"soc": 100.0, "sun": 900.0}, {}, (-1000, 0)),
        (
            500,
            90,
            {"soc": 100.0, "sun": 400.0},
            {"strategy": "priority", "order": ["left"]},
            (100, 400),
        ),
        (200, {"min_power": 150.0}, {"min_power": 150.0}, {}, (0, 200)),
        (100, {"min_power": 150.0}, 5, {}, (150, 0)),
        (80, {"min_power": 150.0}, 5, {}, (0, 0)),
        # who cannot give so little is called last
        (60, {"soc": 60.0, "min_power": 80.0}, 50, {"share": 300}, (0, 60)),
        (60, 60, {"soc": 50.0, "min_power": 80.0}, {"share": 300}, (60, 0)),
        (90, {"soc": 60.0, "min_power": 80.0}, 50, {"share": 300}, (90, 0)),
        (80, {"min_power": 150.0, "setpoint": 150.0}, 5, {}, (150, 0)),
        (1000, 50, {"available": False}, {}, (1000,)),
        (1000, 50, {"self_regulating": True}, {}, (1000,)),
        (200, 60, 50, {"share": 300}, (200, 0)),
        (200, 50, 60, {"share": 300}, (0, 200)),
        (-200, 50, 60, {"share": 300}, (-200, 0)),
        (700, 60, 60, {"share": 300}, (350, 350)),
        (0, 50, 50, {}, (0, 0)),
    ],
)
def test_who_gives_how_much(target, left, right, wishes, watts):
    given = shared(view(float(target), left=left, right=right), **wishes)
    assert tuple(given.values()) == pytest.approx(watts, abs=0.001)


def test_the_import_wanted_is_left_to_the_grid():
    assert shared(view(1000.0, left=50.0), imported=100.0) == {"left": 900.0}
    line = [(t, view(1000.0, t, left=50.0)) for t in (0.0, 1.0, 2.0)]
    said = play(rebalance, line, target="100W", target_from=[(1.5, -50.0)])
    assert [round(plan.watts["left"]) for _, plan in said] == [900, 900, 1050]


def test_a_target_that_is_no_number_is_not_heard():
    line = [(t, view(1000.0, t, left=50.0)) for t in (0.0, 1.0)]
    said = play(rebalance, line, target_from=[(0.5, math.nan)])
    assert [plan.watts["left"] for _, plan in said] == [1000.0, 1000.0]


def test_each_share_says_why():
    fleet = {
        "a": {"can_discharge": 300.0, "note": "delivers 300W at most"},
        "b": {"soc": 11.0},
        "c": {"soc": 60.0},
        "d": {"soc": 60.0, "can_discharge": 0.0},
    }
    plan = after(view(1000.0, **fleet), reserve=12.0)(view(1000.0, 1.0, **fleet))
    assert plan.reasons == {
        "a": "delivers 300W at most",
        "b": "at its reserve of 12%",
        "c": "shares by energy",
        "d": "can do nothing this way now",
    }


def test_what_nobody_can_give_is_said():
    plan = after(view(6000.0, left=50.0, right=50.0))(view(6000.0, 1.0, left=50.0, right=50.0))
    assert (plan.unmet, plan.reasons["left"]) == (1000.0, "at its limit")
    plan = after(view(-900.0, left=100.0))(view(-900.0, 1.0, left=100.0))
    assert (plan.watts, plan.unmet) == ({"left": 0.0}, -900.0)
    assert plan.reasons == {"left": "charged to 100%"}


def test_a_plan_holds_as_long_as_the_reading():
    assert after(view(1.0))(replace(view(1.0, left=50.0), valid_until=7.5)).valid_until == 7.5


def test_a_battery_that_goes_away_is_told_zero_once_and_then_left_out():
    here, gone = {"left": 50.0, "right": 50.0}, {"left": 50.0, "right": {"available": False}}
    line = [(0, view(900.0, 0, **here)), (1, view(900.0, 1, **gone)), (2, view(900.0, 2, **gone))]
    first, second, third = (plan.watts for _, plan in play(rebalance, line))
    assert set(first) == {"left", "right"}
    assert second == pytest.approx({"left": 900.0, "right": 0.0})
    assert third == pytest.approx({"left": 900.0})


def test_a_battery_at_its_reserve_rests_until_it_has_a_point_more():
    charges = [50.0, 11.9, 12.9, 13.0]
    line = [(t, view(900.0, t, left=soc)) for t, soc in enumerate(charges)]
    said = play(rebalance, line, reserve="12%")
    assert [round(plan.watts["left"]) for _, plan in said] == [900, 0, 0, 900]


def test_a_first_plan_begins_at_what_is():
    busy = {"left": {"setpoint": 800.0}, "right": {"setpoint": 100.0}}
    [(_, first), (_, second)] = play(rebalance, [(t, view(880.0, t, **busy)) for t in (0, 1)])
    assert first.watts == {"left": 800.0, "right": 100.0}
    assert second.watts != first.watts
    [(_, first)] = play(rebalance, [(0, view(1500.0, **busy))])
    assert sum(first.watts.values()) >= 1500.0


def test_the_fastest_covers_what_the_others_still_owe():
    quick = {"dead_time": 1.0, "lag": 0.3}
    slow = {"dead_time": 3.0, "lag": 0.3, "flights": ((9.5, 400.0),), "setpoint": 500.0}
    plan = after(view(1000.0, 10.0, quick=quick, slow=slow))(
        view(1000.0, 10.5, quick=quick, slow=slow)
    )
    assert plan.watts == pytest.approx({"quick": 900.0, "slow": 500.0}, abs=1)
    assert plan.reasons["quick"] == "covers 400W still to come from others"
    landed = view(1000.0, 20.0, quick=quick, slow=slow)
    later = after(landed)(replace(landed, at=21.0))
    assert later.watts == pytest.approx({"quick": 500.0, "slow": 500.0})


@pytest.mark.parametrize(("owed", "watts"), [(50.0, 0.0), (100.0, 150.0), (400.0, 400.0)])
def test_the_fastest_covers_as_much_as_it_can_hold_or_nothing(owed, watts):
    quick = {"soc": 11.0, "dead_time": 1.0, "min_power": 150.0}
    slow = {"dead_time": 3.0, "flights": ((9.5, owed),), "setpoint": 500.0}
    house = view(500.0, 10.0, quick=quick, slow=slow)
    plan = after(house, share=0.0)(replace(house, at=10.5))
    assert plan.watts["quick"] == pytest.approx(watts, abs=1)


def test_what_is_too_much_for_the_fastest_is_covered_by_the_next():
    fleet = {
        "a": {"dead_time": 1.0, "can_discharge": 600.0},
        "b": {"dead_time": 2.0},
        "c": {"dead_time": 3.0},
    }
    plan = after(view(1200.0, **fleet))(view(1200.0, 1.0, **fleet))
    assert plan.watts == pytest.approx({"a": 600.0, "b": 800.0, "c": 400.0})


@pytest.mark.parametrize(("reach", "watts"), [(3.0, 0.0), (9.0, -500.0)])
def test_the_fastest_takes_in_only_what_much_slower_ones_cannot_stop_yet(reach, watts):
    slow = {"dead_time": reach, "flights": ((9.5, -750.0),), "setpoint": 250.0}
    house = view(500.0, 10.0, quick=50.0, slow=slow)
    plan = after(house)(replace(house, at=10.5))
    assert plan.watts["quick"] == pytest.approx(watts, abs=1)
    assert plan.reasons["quick"].startswith("makes room for")


def test_what_one_was_tried_with_and_did_not_give_need_not_be_taken_back():
    tried = {"dead_time": 3.0, "flights": ((9.5, -900.0),), "setpoint": 600.0}
    slow = tried | {"can_discharge": 600.0, "proven_discharge": 600.0}
    house = view(3100.0, 10.0, quick=2500.0, slow=slow)
    plan = after(house)(replace(house, at=10.5))
    assert plan.watts == {"quick": 2500.0, "slow": 600.0}


@pytest.mark.parametrize(
    ("target", "soc", "watts"),
    [
        (1800.0, 50.0, 500.0),
        (1800.0, 52.5, 750.0),
        (1800.0, 60.0, 1000.0),
        (-1800.0, 35.0, -1000.0),
    ],
)
def test_the_fastest_keeps_room_for_late_ones_until_it_falls_behind(target, soc, watts):
    """Else it would be half empty when they are full, and what the sun makes would be lost."""
    quick = {"soc": soc, "can_discharge": 1000.0, "can_charge": 1000.0}
    plan = settled(view(target, quick=quick, slow={"soc": 50.0, "dead_time": 9.0}), reserve=10)
    assert plan.watts == pytest.approx({"quick": watts, "slow": target - watts})


def test_the_fastest_takes_in_nothing_from_those_not_yet_told_to_stop():
    """One charging another by command: the others must have been told to give less first."""
    slow = {"dead_time": 9.0, "setpoint": 900.0}
    house = view(100.0, 10.0, quick=57.0, slow=slow)
    assert after(house)(replace(house, at=10.5)).watts["quick"] == 0.0


def test_who_is_not_needed_any_more_stays_for_three_minutes():
    line = [(0, 900.0), (1, 100.0), (179, 100.0), (182, 100.0)]
    said = play(rebalance, [(t, view(w, t, left=50.0, right=55.0)) for t, w in line])
    idle = [plan.reasons["left"] == "not needed" for _, plan in said]
    assert idle == [False, False, False, True]


def test_who_still_charges_though_asked_for_nothing_stops_no_plan():
    charging = {
        "left": {"soc": 50.0, "setpoint": -300.0},
        "right": {"soc": 50.0, "setpoint": -300.0},
    }
    plan = after(view(0.0, **charging))(view(0.0, 1.0, **charging))
    assert plan.watts["right"] == 0.0


def test_what_a_battery_never_accepts_goes_to_others():
    plans = told_through(lambda watts: {**watts, "left": min(300.0, watts["left"])}, 2000.0)
    assert plans[3].watts == {"left": 1000.0, "right": 1000.0}
    assert plans[10].watts == pytest.approx({"left": 300.0, "right": 1700.0})
    assert plans[10].reasons["left"] == "accepts 300W at most"
    assert plans[70].watts["left"] > 900


def told_through(accept, target, seconds=140, wishes=None, **fields):
    """The plans of each second, where batteries accept what a step further down lets through."""
    policy, state, plans = policy_of(wishes or {}), Shared(), []
    told = dict.fromkeys(("left", "right", *fields), 0.0)
    for t in range(seconds):
        fleet = {
            name: {"setpoint": watts, "accepted_at": t / 3 // 1} | fields.get(name, {})
            for name, watts in told.items()
        }
        state, plan = step(state, view(target, float(t), **fleet), policy)
        plans.append(plan)
        told = accept(dict(plan.watts))
    return plans


def in_all(limit):
    def accept(watts):
        part = min(1.0, limit / (abs(sum(watts.values())) or 1.0))
        return {name: share * part for name, share in watts.items()}

    return accept


@pytest.mark.parametrize(
    ("target", "wishes", "reason"),
    [
        (1000.0, {"strategy": "priority", "order": ["left"]}, "not needed"),
        (250.0, {}, "less than its minimum power"),
        (0.0, {}, "not needed"),
    ],
)
def test_who_gets_nothing_is_told_why(target, wishes, reason):
    """`right` was needed a moment ago, so it still counts among those that work."""
    right = {"soc": 55.0, "min_power": 150.0}
    again = after(view(4000.0, left=60, right=right), **wishes)
    plan = again(view(target, 1.0, left=60, right=right))
    assert (plan.watts["right"], plan.reasons["right"]) == (0.0, reason)


@pytest.mark.parametrize(
    "right", [{"can_discharge": 0.0, "note": "kept at 59% of charge"}, {"soc": 5.0}]
)
def test_where_nothing_is_asked_no_limit_binds(right):
    plan = after(view(-300.0, left=60, right=right))(view(0.0, 1.0, left=60, right=right))
    assert (plan.watts["right"], plan.reasons["right"]) == (0.0, "not needed")


@pytest.mark.parametrize(
    ("note", "gives", "takes"),
    [
        ("", "at its limit", "at its limit"),
        ("delivers 300W at most", "delivers 300W at most", "at its limit"),
        ("takes 300W at most", "at its limit", "takes 300W at most"),
        ("delivers 300W at most, takes 9W at most", "delivers 300W at most", "takes 9W at most"),
        (
            "may not charge now, delivers 300W at most",
            "delivers 300W at most",
            "may not charge now",
        ),
        ("may give 300W at most, delivers 900W at most", "may give 300W at most", "at its limit"),
        ("kept at 20% of charge", "kept at 20% of charge", "at its limit"),
        ("charged to 80% only", "at its limit", "charged to 80% only"),
        ("may do nothing now", "may do nothing now", "may do nothing now"),
    ],
)
def test_the_limit_that_binds_is_that_of_the_direction(note, gives, takes):
    left = {"can_charge": 300.0, "can_discharge": 300.0, "note": note}
    for target, reason in ((4000.0, gives), (-4000.0, takes)):
        plan = step(Shared(), view(target, left=left, right=50), policy_of({}))[1]
        assert plan.reasons["left"] == reason


@pytest.mark.parametrize("target", [2000.0, 9000.0, -2000.0, -9000.0])
@pytest.mark.parametrize(
    ("wishes", "shares"),
    [
        ({"strategy": "equal"}, (750, 750)),
        ({"strategy": "weighted", "weights": {"right": 2.0}}, (500, 1000)),
        ({"strategy": "priority", "order": ["right", "left"]}, (0, 1500)),
    ],
)
def test_a_limit_of_the_sum_does_not_move_shares_from_one_to_another(target, wishes, shares):
    plans = told_through(in_all(1500.0), target, wishes=wishes)
    sign = math.copysign(1.0, target)
    for plan in plans[60:66]:
        assert list(plan.watts.values()) == pytest.approx(
            [sign * share for share in shares], abs=40
        )
        assert plan.reasons["right"] == "all together accept 1500W at most"
        assert plan.unmet == pytest.approx(target - sign * 1500, abs=2)
    for plan in plans[20:]:  # it is tried again each minute
        made = in_all(1500.0)(plan.watts)
        assert abs(sum(made.values())) == pytest.approx(1500, abs=2)


def test_nobody_serves_what_another_is_made_to_take():
    """A step further down charges `left` with 600 W, come what may."""
    quick = {"dead_time": 0.5}
    plans = told_through(lambda watts: {**watts, "left": -600.0}, 800.0, right=quick)
    assert plans[3].watts["right"] > 1000  # it may be on its way: a quick one covers for it
    for plan in plans[10:]:
        assert plan.watts == {"left": 0.0, "right": 800.0}
        assert plan.unmet == 0
    freed = told_through(lambda watts: {**watts, "left": max(0.0, watts["left"])}, 800.0)
    assert freed[-1].watts["left"] == pytest.approx(400, abs=1)


@pytest.mark.parametrize("quick", ["left", "right"])
def test_what_another_is_made_to_take_beyond_its_part_is_left_to_it(quick):
    plans = told_through(
        lambda watts: {**watts, "left": -600.0}, -900.0, **{quick: {"dead_time": 0.5}}
    )
    for plan in plans[12:]:
        assert plan.watts["right"] == pytest.approx(-300, abs=1)


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("quick", ["left", "right"])
def test_what_is_done_by_one_that_is_asked_for_nothing_is_left_to_it(quick, sign):
    """Its own part is less than it can hold, and a step further down runs it with 600 W."""
    fields = {"left": {"min_power": 300.0}, "right": {}}
    fields[quick] = fields[quick] | {"dead_time": 0.5}
    plans = told_through(lambda watts: {**watts, "left": sign * 600.0}, sign * 400.0, **fields)
    for plan in plans[20:]:
        assert plan.watts == {"left": 0.0, "right": 0.0}
        assert plan.reasons["left"] == "does more than it is told"


@pytest.mark.parametrize(("target", "left_over"), [(1500.0, 300.0), (600.0, 0.0), (2700.0, 900.0)])
@pytest.mark.parametrize("quick", ["left", "right", "third"])
def test_beside_one_that_gives_more_than_its_part_the_others_share_what_is_left(
    target, left_over, quick
):
    fields = {"third": {}, quick: {"dead_time": 0.5}}
    plans = told_through(lambda watts: {**watts, "left": 900.0}, target, **fields)
    for plan in plans[20:]:
        others = [plan.watts["right"], plan.watts["third"]]
        assert [*others, plan.unmet] == pytest.approx([left_over, left_over, 0.0], abs=1)
        is_beyond = plan.reasons["left"] == "does more than it is told"
        assert is_beyond == (left_over < 900)


def test_that_nothing_is_accepted_is_no_want_of_need():
    plan = told_through(in_all(0.0), 800.0)[30]
    assert plan.unmet == pytest.approx(800)
    assert set(plan.reasons.values()) == {"all together accept 0W at most"}


def test_a_limit_of_the_sum_and_one_of_its_own_leave_work_to_the_other():
    plans = told_through(
        lambda watts: in_all(1500.0)({**watts, "left": min(300.0, watts["left"])}), 2500.0
    )
    for plan in plans[40:]:
        made = in_all(1500.0)({**plan.watts, "left": min(300.0, plan.watts["left"])})
        assert sum(made.values()) == pytest.approx(1500, abs=2)
        assert made["left"] > 100


def test_a_battery_with_nothing_to_do_is_called_where_two_accept_a_part():
    """What two refuse alike is no limit of the sum as long as there is a third."""
    wishes = {"strategy": "priority", "order": ["left", "right", "third"]}
    policy, state = policy_of(wishes), Shared()
    told = {"left": 0.0, "right": 0.0, "third": 0.0}
    for t in range(30):
        fleet = {name: {"setpoint": watts, "accepted_at": 1.0} for name, watts in told.items()}
        state, plan = step(state, view(4000.0, float(t), **fleet), policy)
        told = {**plan.watts, "left": min(800, plan.watts["left"])}
        told["right"] = min(800, plan.watts["right"])
    assert told == pytest.approx({"left": 800, "right": 800, "third": 2400}, abs=1)


def worked(loads):
    """Who of a fuller and an emptier battery works at each of these loads, one each 10 s."""
    state, told, found = Shared(), {"full": 0.0, "low": 0.0}, []
    charge = {"full": 80.0, "low": 40.0}
    for k, load in enumerate(loads):
        for t in range(10):
            fleet = {n: {"setpoint": w, "soc": charge[n]} for n, w in told.items()}
            state, plan = step(
                state, view(load, 10.0 * k + t, **fleet), policy_of({"share": 300.0})
            )
            told = dict(plan.watts)
        found.append({name for name, watts in told.items() if watts})
    return found


def test_around_zero_one_battery_gives_and_takes():
    """By charge the fuller would give and the emptier take: both on and off with each sign."""
    assert worked([150.0, -150.0] * 20) == [{"full"}] * 40
    assert worked([150.0, -150.0, 1500.0])[-1] == {"full", "low"}


def test_an_order_holds_at_once():
    wishes = {"strategy": "priority", "order": ["left", "right"], "share": 300.0}
    policy, state = policy_of(wishes), Shared()
    away = {"available": False, "can_charge": 0.0, "can_discharge": 0.0}
    state, plan = step(state, view(200.0, 0.0, left=away, right={}), policy)
    assert plan.watts["right"] == pytest.approx(200)
    for t in range(1, 20):
        fleet = {n: {"setpoint": w} for n, w in plan.watts.items()} | {"left": {}}
        state, plan = step(state, view(200.0, float(t), **fleet), policy)
    assert plan.watts["left"] == pytest.approx(200)


def test_a_small_load_goes_to_the_fuller_one_in_the_end():
    found = worked([-200.0] * 30 + [200.0] * 40)
    assert found[:30] == [{"low"}] * 30
    assert found[31] == {"low"}
    assert found[-1] == {"full"}
    assert found.index({"full"}) >= 30 + 17  # least_on: 180 s


@pytest.mark.parametrize(("load", "seconds"), [(4000.0, 20), (2000.0, 70)])
def test_what_a_step_further_down_held_back_is_asked_for_again(load, seconds):
    """A guard that bound for a moment: at once after 10 s while nobody else can give it."""
    policy, state, told = policy_of({}), Shared(), {"left": 0.0, "right": 0.0}
    back = None
    for t in range(120):
        fleet = {name: {"setpoint": watts, "accepted_at": 1.0} for name, watts in told.items()}
        state, plan = step(state, view(load, float(t), **fleet), policy)
        most = 0.0 if 10 <= t < 30 else 2500.0
        told = {**plan.watts, "right": min(most, plan.watts["right"])}
        if t >= 30 and told["right"] > 0 and back is None:
            back = t - 30
    assert back is not None
    assert back <= seconds
    assert sum(told.values()) == pytest.approx(load, abs=5)


def test_what_the_first_in_order_tries_is_given_by_the_next_all_the_same():
    """The meter would feel each try of one that gives no more: 200 W for 15 s, each two minutes."""
    policy = policy_of({"strategy": "priority", "order": ["left", "right"]})
    tries = {"can_discharge": 1490.0, "proven_discharge": 1250.0}
    state, plan = step(Shared(), view(1710.0, 0.0, left=tries, right={}), policy)
    assert plan.watts == pytest.approx({"left": 1490, "right": 460}, abs=1)
    assert plan.unmet == 0
    _, plan = step(state, view(1000.0, 1.0, left=tries, right={}), policy)
    assert plan.watts["left"] == pytest.approx(1000, abs=1)


def test_those_that_an_order_leaves_out_do_not_change_places_by_charge():
    policy, state = policy_of({"strategy": "priority", "order": ["a"]}), Shared()
    plans = []
    for t in range(40):
        fleet = {"a": {"soc": 60.0}, "b": {"soc": 60.0 + t % 2}, "c": {"soc": 60.5}}
        state, plan = step(state, view(4500.0, float(t), **fleet), policy)
        plans.append(dict(plan.watts))
    assert plans[-1] == pytest.approx({"a": 2500, "b": 2000, "c": 0}, abs=1)
    assert plans[5:] == [plans[-1]] * 35


def test_between_readings_a_device_stays_free_for_the_next_one():
    def outlook(t, target):
        fleet = {
            "left": {"write_every": 1.0, "setpoint": 250.0},
            "right": {"write_every": 0.2, "setpoint": 250.0},
        }
        return replace(view(target, t, **fleet), read_at=0.0, period=1.0)

    line = [(0, outlook(0, 500.0)), (0.5, outlook(0.5, 900.0)), (1.5, outlook(1.5, 900.0))]
    asked = [plan.watts["left"] for _, plan in play(rebalance, line, share=0)]
    assert asked[0] == asked[1] == 250.0
    assert asked[2] > 400.0


def test_each_battery_says_its_own_reserve_and_ceiling():
    line = [(t, view(900.0 * (1.5 - t), t, left=15.0, right=85.0)) for t in range(3)]
    wishes = {"reserve": {"left": 20.0}, "ceiling": {"right": 80.0}}
    said = [plan.reasons for _, plan in play(rebalance, line, **wishes)]
    assert said[0]["left"] == said[1]["left"] == "at its reserve of 20%"
    assert said[2]["right"] == "charged to 80%"


def test_a_name_that_no_battery_has_is_told_once(caplog):
    line = [(t, view(100.0, t, left=50.0)) for t in (0.0, 1.0)]
    play(rebalance, line, strategy="weighted", weights={"lefd": 2.0})
    assert [record.getMessage() for record in caplog.records] == [
        "no battery is called 'lefd'; look at the settings of rebalance"
    ]


def test_weights_of_zero_for_all_are_told_once(caplog):
    line = [(t, view(100.0, t, left=50.0, right=50.0)) for t in (0.0, 1.0)]
    weights = {"left": 0.0, "right": 0.0}
    plans = [plan for _, plan in play(rebalance, line, strategy="weighted", weights=weights)]
    assert [record.getMessage() for record in caplog.records] == [
        "no battery has a weight above 0, so none is used; give one to each to be used"
    ]
    assert plans[-1].unmet == 100.0
    assert set(plans[-1].reasons.values()) == {"has no weight"}


@given(
    total=st.floats(0, 1e4),
    fleet=st.lists(st.tuples(st.floats(0.1, 1e4), st.floats(0, 3000)), min_size=1, max_size=6),
)
def test_water_is_neither_lost_nor_spilled(total, fleet):
    weights, limits = zip(*fleet, strict=True)
    shares = water_fill(total, weights, limits)
    assert all(-1e-9 <= share <= limit + 1e-6 for share, limit in zip(shares, limits, strict=True))
    assert sum(shares) == pytest.approx(min(total, sum(limits)), abs=1e-3)
    level = max((s / w for s, w in zip(shares, weights, strict=True)), default=0)
    for share, weight, limit in zip(shares, weights, limits, strict=True):
        assert share >= limit - 1e-3 or share == pytest.approx(level * weight, rel=1e-3, abs=1e-3)


@given(
    line=OUTLOOKS,
    reserve=st.integers(0, 30),
    strategy=st.sampled_from(["energy", "soc", "capacity", "power", "equal", "priority"]),
)
def test_a_plan_keeps_every_limit(line, reserve, strategy):
    said = play(rebalance, line, reserve=float(reserve), strategy=strategy)
    assert len(said) == len(line)
    for (_, outlook), (_, plan) in zip(line, said, strict=True):
        usable = {n for n, a in outlook.batteries.items() if a.available and not a.self_regulating}
        assert usable <= set(plan.watts)
        for name, watts in plan.watts.items():
            ability = outlook.batteries[name]
            assert math.isfinite(watts)
            assert -ability.can_charge - 1e-6 <= watts <= ability.can_discharge + 1e-6
            assert watts == 0 or name in usable
            kept = ability.soc is not None and ability.soc < reserve
            assert watts <= ((ability.sun or 0.0) if kept else math.inf) + 1e-6
        assert plan.unmet == 0 or (plan.unmet > 0) == (outlook.target > 0)


@given(line=OUTLOOKS, least=st.sampled_from([80.0, 150.0, 600.0]))
def test_nobody_is_told_less_than_it_can_hold(line, least):
    """But for what it did before the first plan."""
    small = [(at, with_least(outlook, least)) for at, outlook in line]
    for (_, outlook), (_, plan) in zip(small, play(rebalance, small), strict=True):
        for name, watts in plan.watts.items():
            as_it_was = watts == outlook.batteries[name].setpoint
            assert watts == 0 or abs(watts) >= least - 1e-6 or as_it_was


def with_least(outlook, least):
    fleet = {name: replace(a, min_power=least) for name, a in outlook.batteries.items()}
    return replace(outlook, batteries=fleet)


@given(line=OUTLOOKS)
def test_nobody_charges_another(line):
    for _, plan in play(rebalance, line):
        signs = {math.copysign(1, watts) for watts in plan.watts.values() if watts}
        assert len(signs) <= 1


@given(line=OUTLOOKS, strategy=st.sampled_from(["energy", "equal", "priority"]))
def test_landed_shares_add_up_to_the_target_or_say_what_is_missing(line, strategy):
    for _, outlook in line[-1:]:
        plan = settled(outlook, strategy=strategy)
        assert sum(plan.watts.values()) + plan.unmet == pytest.approx(outlook.target, abs=0.1)


@given(
    line=OUTLOOKS,
    least=st.sampled_from([0.0, 80.0, 600.0]),
    strategy=st.sampled_from(["energy", "equal", "priority", "power"]),
)
def test_nothing_is_missing_that_somebody_could_give(line, least, strategy):
    for _, raw in line[-1:]:
        outlook = with_least(raw, least)
        plan, sign = settled(outlook, strategy=strategy), math.copysign(1.0, raw.target)
        if abs(plan.unmet) < 30.0:  # a dead band, and more
            continue
        for name, watts in plan.watts.items():
            most = able_to(outlook.batteries[name], sign)
            if most >= least:
                assert abs(watts) >= most - 1e-3 or (watts == 0 and abs(plan.unmet) < least)


def able_to(ability, sign):
    """What is left of its limits by reserve and ceiling, without what its panels make."""
    soc = 50.0 if ability.soc is None else ability.soc
    if not ability.available or ability.self_regulating or (soc < 11.0 if sign > 0 else soc >= 100):
        return 0.0
    return ability.can_discharge if sign > 0 else ability.can_charge


def test_a_small_share_goes_to_who_has_room_and_not_to_who_is_full():
    full = {"soc": 90.0, "capacity": 20000.0, "can_discharge": 1000.0}
    small = {"soc": 16.0, "min_power": 100.0}
    outlook = view(1600.0, a=full, b={"soc": 30.0, "capacity": 10000.0}, c=small)
    assert shared(outlook) == {"a": 1000.0, "b": 600.0, "c": 0.0}


def test_who_is_full_gives_way_to_one_that_cannot_hold_the_rest():
    outlook = view(1060.0, a={"can_discharge": 1000.0}, b={"min_power": 100.0})
    plan = settled(outlook, strategy="priority", order=("a", "b"))
    assert dict(plan.watts) == {"a": 960.0, "b": 100.0}
    assert plan.unmet == 0.0


def test_one_that_cannot_hold_what_it_can_give_leaves_it_to_the_others():
    weak = {"soc": 80.0, "min_power": 200.0, "can_discharge": 150.0, "proven_discharge": 150.0}
    plan = settled(view(240.0, left=weak, right={"min_power": 100.0}))
    assert dict(plan.watts) == pytest.approx({"left": 0.0, "right": 240.0})
    assert plan.reasons["left"] == "cannot hold 150W: less than its minimum power"


def test_little_is_given_by_one_that_can_hold_it():
    fleet = {"left": {"soc": 80.0, "min_power": 200.0}, "right": {"min_power": 50.0}}
    assert shared(view(90.0, **fleet)) == {"left": 0.0, "right": 90.0}


def test_what_may_only_be_tried_is_left_alone_while_nobody_needs_it():
    """Cut at 6 W, and free to be tried with all: the other one can give it, and is known to."""
    doubtful = {"soc": 80.0, "can_discharge": 2500.0, "proven_discharge": 6.0}
    assert shared(view(900.0, left=doubtful, right=60.0))["left"] == pytest.approx(6.0)
    spent = settled(view(900.0, left=doubtful, right=9.0))
    assert spent.watts["left"] == pytest.approx(900.0)
    assert spent.unmet == pytest.approx(894.0)


def story(**settings):
    """1000 W are imported by two batteries of which the second comes to give 300 W only."""
    cells = {"left": Cell(), "right": Cell()}
    house = SmallHouse(cells, lambda t: 1000.0 if t < 60 else 1400.0, **settings)
    return cells, house


def test_the_missing_200_and_the_400_that_come_go_to_the_one_that_delivers():
    cells, house = story()
    house.run(40)
    assert house.given == pytest.approx({"left": 500.0, "right": 500.0}, abs=30)
    cells["right"].most = 300.0
    house.run(19.9)
    assert house.given == pytest.approx({"left": 700.0, "right": 300.0}, abs=30)
    house.run(15)
    assert house.given == pytest.approx({"left": 1100.0, "right": 300.0}, abs=30)
    assert house.plans[-1].reasons["right"].startswith("delivers 3")
    assert house.mean(3) < 30


def test_a_recovered_battery_gets_its_share_again():
    cells, house = story()
    cells["right"].most = 300.0
    house.run(100)
    cells["right"].most = 2500.0
    house.run(250)
    assert house.given == pytest.approx({"left": 700.0, "right": 700.0}, abs=60)


def test_a_battery_that_falls_silent_is_replaced():
    cells, house = story()
    house.run(30)
    cells["left"].silent, cells["left"].most = True, 0.0
    house.run(25)
    assert house.given == pytest.approx({"left": 0.0, "right": 1000.0}, abs=40)
    assert "left" not in house.plans[-1].watts
    cells["left"].silent, cells["left"].most = False, 2500.0
    house.run(30)
    assert house.given["left"] == pytest.approx(700.0, abs=60)


@pytest.mark.parametrize(("most", "load"), [(400.0, 2000.0), (500.0, 3000.0), (800.0, 3000.0)])
def test_nothing_winds_up_while_nobody_can_give(most, load):
    cells = {"left": Cell(most=most), "right": Cell(most=most)}
    house = SmallHouse(cells, lambda t: load if t < 60 else 600.0).run(59)
    assert sum(house.given.values()) == pytest.approx(2 * most, abs=20)
    assert house.plans[-1].unmet > 0
    house.run(30)
    assert house.mean(5) < 60


def test_a_dead_meter_stops_the_plans():
    _, house = story()
    house.run(30)
    house.meter_works, count = False, len(house.plans)
    house.run(9)
    last = house.plans[-1]
    assert count < len(house.plans) < count + 20
    house.run(20)
    assert house.plans[-1] is last
    assert house.given == pytest.approx({"left": 0.0, "right": 0.0}, abs=5)
    house.meter_works = True
    house.run(25)
    assert sum(house.given.values()) == pytest.approx(1400.0, abs=60)


@settings(max_examples=15)
@given(
    timings=st.lists(
        st.tuples(st.floats(0.4, 6), st.floats(0.3, 3), st.sampled_from([800.0, 2500.0])),
        min_size=1,
        max_size=4,
    ),
    loads=st.lists(st.sampled_from([-1500.0, -300.0, 0.0, 400.0, 1200.0]), min_size=3, max_size=3),
)
def test_any_house_comes_to_rest(timings, loads):
    cells = {f"b{k}": Cell(dead, lag, most) for k, (dead, lag, most) in enumerate(timings)}
    house = SmallHouse(cells, lambda t: loads[min(2, int(t / 90))]).run(270)
    needed, able = loads[-1], sum(cell.most for cell in cells.values())
    missing = max(0.0, abs(needed) - able)
    assert house.mean(15) == pytest.approx(missing, abs=90)


def test_the_same_readings_make_the_same_plans():
    one, two = story()[1].run(50), story()[1].run(50)
    assert one.plans == two.plans
    assert isinstance(one.outlooks[0], Outlook)


def sunny(**panels):
    """A house of one battery with panels on its DC side, at its reserve, and an ordinary one."""
    cells = {"hybrid": Cell(**panels), "left": Cell(soc=60.0)}
    return cells, SmallHouse(cells, lambda t: 900.0, reserve=12.0)


def test_at_its_reserve_a_battery_gives_what_its_own_panels_make_and_no_more():
    cells, house = sunny(soc=8.0, sun=400.0)
    cells["left"].most = 700.0
    house.run(60)
    assert house.given == pytest.approx({"hybrid": 200.0, "left": 700.0}, abs=60)
    cells["hybrid"].sun = 0.0
    house.run(40)
    assert house.given["hybrid"] == pytest.approx(0.0, abs=5)
    assert house.plans[-1].reasons["hybrid"] == "at its reserve of 12%"


def test_the_sun_on_a_full_battery_is_not_lost_while_the_house_needs_it():
    cells, house = sunny(soc=100.0, sun=600.0)
    house.run(60)
    assert house.given["hybrid"] >= 600.0 - 30
    assert house.mean(20) < 30
    cells["hybrid"].sun = 2000.0
    house.run(60)
    assert house.given == pytest.approx({"hybrid": 900.0, "left": 0.0}, abs=60)
