"""load_priority: the surplus goes to the most important load; the rules of the balancer by number.

In the tables, what the meters show (consumption, production) and what the loads draw gives the
surplus, as `response_predictor` would see it.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reactivex import Subject

from flowctl import Ability, Log, Outlook, Store
from flowctl.testing import play
from flowctl.virtual.clock import VirtualClock
from nodes._helpers.load_walk import Load, Moment, Policy, Trial, Walk, step
from nodes.load_priority import load_priority

HEATER = Load(most=2300.0, least=101.0)
RELAY = Load(most=596.0, least=596.0)
BIG = Load(most=1000.0, least=1000.0)
POLICY = Policy()


def decide(cons, prod, draws, loads, policy=POLICY, at=1000.0, **more):
    """One evaluation; `more` is what else the walk or the moment knows."""
    walk = Walk(
        draws=draws,
        free=frozenset(loads) - set(more.get("forced", ())) - more.get("full", frozenset()),
        **{name: more.pop(name) for name in list(more) if name in Walk._fields},
    )
    surplus = None if prod is None else prod - cons + sum(draws.values())
    return step(walk, Moment(at, surplus, loads, **more), policy)[1].draws


def two(one=0.0, other=0.0):
    return {"ecs": one, "resille": other}


LOADS = {"ecs": HEATER, "resille": RELAY}
REVERSED = {"resille": RELAY, "ecs": HEATER}


@pytest.mark.parametrize(
    ("cons", "prod", "had", "given"),
    [
        (1000, 1019, two(700), two(699)),  # one watt over the margin: give way by one
        (1000, 900, two(700), two(580)),
        (1000, 500, two(700), two(180)),
        (1000, 400, two(700), two(0)),  # 80 W are less than its least
        (3000, 2900, two(2300, 596), two(2300, 0)),  # lowest priority first, all or nothing
        (3000, 2000, two(2300, 596), two(1876, 0)),
        (3000, 0, two(2300, 596), two(0, 0)),
    ],
)
def test_rule_3_too_much_consumption_lowers_loads_from_the_lowest_priority_up(
    cons, prod, had, given
):
    assert decide(cons, prod, had, LOADS) == given


@pytest.mark.parametrize("rest", [0, 1, 19.9])
@pytest.mark.parametrize("had", [two(), two(1500), two(2300, 596)])
def test_rule_4_within_the_balance_nothing_changes(rest, had):
    assert decide(800, 800 + 20 + rest, had, LOADS) == had


@pytest.mark.parametrize(
    ("cons", "prod", "had", "given"),
    [
        (300, 1000, two(), two(680)),  # the highest priority first
        (300, 3300, two(), two(2300, 596)),
        (300, 3215, two(), two(2300, 0)),  # 595 W are left
        (300, 3216, two(), two(2300, 596)),
        (1000, 1100, two(500), two(580)),
        (300, 340, two(), two(0)),  # 20 W: less than its least
    ],
)
def test_rule_5_a_surplus_goes_to_loads_from_the_highest_priority_down(cons, prod, had, given):
    assert decide(cons, prod, had, LOADS) == {**two(), **given}


@pytest.mark.parametrize(
    ("cons", "prod", "had", "given"),
    [
        (1500, 1540, {"resille": 0.0, "ecs": 580.0}, {"resille": 596.0, "ecs": 0.0}),
        (1500, 1700, {"resille": 0.0, "ecs": 600.0}, {"resille": 596.0, "ecs": 184.0}),
        (1500, 1540, {"resille": 0.0, "ecs": 500.0}, {"resille": 0.0, "ecs": 520.0}),  # not enough
    ],
)
def test_rule_6_a_bigger_load_takes_power_back_from_lower_priorities(cons, prod, had, given):
    assert decide(cons, prod, had, REVERSED) == given


def test_rule_6_several_lower_loads_give_way_as_far_as_needed():
    loads = {"big": BIG, "ecs": HEATER, "resille": RELAY}
    had = {"big": 0.0, "ecs": 500.0, "resille": 596.0}
    given = decide(1500, 1600, had, loads)
    assert given == {"big": 1000.0, "ecs": 176.0, "resille": 0.0}


def test_rule_6_a_load_never_takes_power_from_a_higher_priority():
    loads = {"ecs": HEATER, "big": BIG}
    given = decide(2500, 2600, {"ecs": 2000.0, "big": 0.0}, loads)
    assert given == {"ecs": 2080.0, "big": 0.0}


@pytest.mark.parametrize(
    ("surplus", "draws"), [(120, 0), (121, 101), (500, 480), (2320, 2300), (5000, 2300)]
)
def test_rule_7_a_variable_load_keeps_within_its_least_and_most(surplus, draws):
    assert decide(0, surplus, {"ecs": 0.0}, {"ecs": HEATER}) == {"ecs": draws}


@pytest.mark.parametrize(("available", "draws"), [(595, 0), (595.9, 0), (596, 596), (3000, 596)])
def test_rule_8_a_constant_load_gets_all_or_nothing(available, draws):
    assert decide(0, available + 20, {"resille": 0.0}, {"resille": RELAY}) == {"resille": draws}


@pytest.mark.parametrize(
    ("forced", "given"),
    [
        ({"ecs": 1500.0}, two(1500, 0)),
        ({"ecs": 9000.0}, two(2300, 0)),
        ({"ecs": 0.0}, two(0, 596)),
        ({"resille": 596.0}, two(384, 596)),
        ({"resille": 500.0}, two(980, 0)),  # less than it draws: off
    ],
)
def test_rule_9_a_forced_load_takes_no_part(forced, given):
    assert decide(0, 1000, two(), LOADS, forced=forced) == given


def test_rule_9_what_a_forced_load_draws_is_no_surplus_for_the_others():
    had = two(1500, 596)
    given = decide(2500, 1000, had, LOADS, forced={"ecs": 1500.0})
    assert given == two(1500, 0)


def test_rule_10_a_full_load_gets_nothing_and_the_next_one_gets_its_power():
    assert decide(300, 2000, two(), LOADS, full=frozenset({"ecs"})) == two(0, 596)


def test_rule_2_while_a_meter_is_silent_all_are_off_but_those_that_are_forced():
    assert decide(0, None, two(1500, 596), LOADS) == two(0, 0)
    assert decide(0, None, two(1500, 596), LOADS, forced={"ecs": 2000.0}) == two(2000, 0)


def test_a_load_that_went_away_gets_one_zero_and_is_left_out_then():
    gone = LOADS | {"ecs": HEATER._replace(available=False)}
    walk, verdict = step(Walk(draws=two(1500, 0)), Moment(0, 1000, gone), POLICY)
    assert verdict.draws == two(0, 596)
    assert step(walk, Moment(3, 1000, gone), POLICY)[1].draws == {"resille": 596}


def test_a_relay_keeps_its_least_time_on_and_the_heater_above_it_makes_room():
    policy = Policy(least_on=60.0)
    had, since = two(1404, 596), {"resille": 970.0}
    given = decide(2000, 1500, had, LOADS, policy, switched_at=since)
    assert given == two(884, 596)
    assert decide(2000, 1500, had, LOADS, policy, at=1030.0, switched_at=since) == two(1480, 0)


def test_a_relay_keeps_its_least_time_off():
    policy, since = Policy(least_off=30.0), {"resille": 990.0}
    assert decide(0, 3000, two(), LOADS, policy, switched_at=since) == two(2300, 0)
    assert decide(0, 3000, two(), LOADS, policy, at=1020.0, switched_at=since) == two(2300, 596)


def test_a_load_that_had_to_wait_is_switched_when_its_time_has_come_though_all_is_balanced():
    policy = Policy(least_off=30.0)
    walk = Walk(switched_at={"resille": 990.0})
    loads = {"resille": RELAY, "ecs": HEATER}
    walk, verdict = step(walk, Moment(1000.0, 1020.0, loads), policy)
    assert verdict.draws == {"resille": 0.0, "ecs": 1000.0}
    walk, verdict = step(walk, Moment(1021.0, 1020.0, loads), policy)
    assert verdict.draws == {"resille": 596.0, "ecs": 404.0}


PUMP = Policy(unknown={"pump": 300.0}, settle=8.0)
WITH_PUMP = {"ecs": HEATER._replace(most=1000.0), "pump": Load(2500.0), "resille": RELAY}


def test_rule_5_after_an_unknown_load_was_switched_on_the_rest_wait_for_what_it_makes():
    walk, verdict = step(Walk(), Moment(0.0, 3020.0, WITH_PUMP), PUMP)
    assert verdict.draws == {"ecs": 1000, "pump": 300, "resille": 0}
    walk, verdict = step(walk, Moment(3.0, 2620.0, WITH_PUMP), PUMP)
    assert verdict.draws == {"ecs": 1000, "pump": 300, "resille": 0}
    assert set(verdict.reasons.values()) == {"waits for pump"}
    walk, verdict = step(walk, Moment(8.0, 2620.0, WITH_PUMP), PUMP)
    assert verdict.draws == {"ecs": 1000, "pump": 700, "resille": 596}
    assert walk.learned == {"pump": 700.0}


def test_rule_3_after_an_unknown_load_was_switched_off_those_above_wait_for_what_it_makes():
    had = {"ecs": 1000.0, "pump": 300.0, "resille": 0.0}
    walk = Walk(draws=had, free=frozenset(had), learned={"pump": 300.0})
    walk, verdict = step(walk, Moment(0.0, 900.0, WITH_PUMP), PUMP)
    assert verdict.draws == {"ecs": 1000, "pump": 0, "resille": 0}
    assert walk.trial == Trial("pump", 900.0, 8.0)
    walk, verdict = step(walk, Moment(9.0, 1300.0, WITH_PUMP), PUMP)
    assert walk.learned == {"pump": 500.0}  # 400 W more came back than believed: half of it
    assert verdict.draws["ecs"] == 1000


def test_only_one_unknown_load_is_switched_at_a_time():
    policy = Policy(unknown={"a": 300.0, "b": 300.0})
    loads = {"a": Load(2500.0), "b": Load(2500.0)}
    assert decide(0, 1000, {"a": 0.0, "b": 0.0}, loads, policy) == {"a": 300, "b": 0}
    assert decide(1000, 0, {"a": 300.0, "b": 300.0}, loads, policy) == {"a": 300, "b": 0}


def outlook(surplus, *, at=0.0, ecs=0.0, resille=0.0):
    def load(most, least, draws):
        return Ability(
            setpoint=-draws, dead_time=1.0, lag=1.0, can_charge=most, can_discharge=0.0,
            min_power=least,
        )  # fmt: skip

    loads = {"ecs": load(2300.0, 101.0, ecs), "resille": load(596.0, 596.0, resille)}
    return Outlook(at=at, meter=0.0, load=-surplus, target=-surplus, batteries=loads)


def told(said):
    return [(at, dict(plan.watts)) for at, plan in said]


def test_a_load_draws_so_its_share_is_negative_and_what_nobody_takes_is_unmet():
    ((_, plan),) = play(load_priority, [(0, outlook(3500.0))], rest=1)
    assert plan.watts == {"ecs": -2300.0, "resille": -596.0}
    assert plan.unmet == -584.0
    assert plan.reasons["ecs"] == "all it takes"


def test_rule_1_however_often_meters_speak_it_decides_once_per_period():
    line = [(n * 0.5, outlook(500.0 + 100 * n)) for n in range(13)]
    assert [at for at, _ in play(load_priority, line, period="3s", rest=0)] == [0, 3, 6]


def test_rule_2_it_decides_by_itself_when_all_meters_fall_silent():
    said = told(play(load_priority, [(0, outlook(1000.0))], period=4.0, timeout=20.0, rest=30))
    assert [at for at, _ in said] == [0, 6, 12, 18, 24, 30]
    assert [watts["ecs"] for _, watts in said] == [-980, -980, -980, -980, 0, 0]


def test_rule_2_each_of_the_meters_must_be_heard():
    production = [(t, 1.0) for t in range(5)]
    consumption = [(t, 1.0) for t in range(60)]
    line = [(t, outlook(1000.0)) for t in range(60)]
    said = told(play(load_priority, line, meters=[consumption, production], rest=0))
    assert [watts["ecs"] for at, watts in said if 6 <= at <= 24] == [-980] * 7
    assert [watts["ecs"] for at, watts in said if at > 24] == [0] * 11


def test_beside_a_meter_of_consumption_what_the_roof_makes_is_heard_apart():
    line = [(0, outlook(-300.0)), (4, outlook(-300.0)), (8, outlook(-300.0))]
    said = told(play(load_priority, line, production=[(2, 1320.0), (7, 820.0)], rest=0))
    assert [(at, watts["ecs"]) for at, watts in said] == [(0, 0), (4, -1000), (8, -500)]


def test_meters_that_were_never_heard_are_silent():
    said = told(play(load_priority, [(0, outlook(1000.0))], meters=[[]], rest=0))
    assert said == [(0, {"ecs": 0, "resille": 0})]


def test_what_is_forced_or_full_counts_at_once():
    line = [(0, outlook(1000.0))]
    forced = [(1, {"resille": 596.0}), (2, {})]
    said = told(play(load_priority, line, forced=forced, full={"ecs": [(2.5, True)]}, rest=1))
    assert said == [
        (0, {"ecs": -980, "resille": 0}),
        (1, {"ecs": -384, "resille": -596}),
        (2, {"ecs": -980, "resille": 0}),
        (2.5, {"ecs": 0, "resille": -596}),
    ]


def test_what_an_unknown_load_draws_is_kept_over_restarts():
    store, clock, source = Store({"learned": {"resille": 750.0}}), VirtualClock(), Subject()
    said = []
    load_priority(
        source, unknown={"resille": 300.0}, clock=clock, store=store, log=Log("x")
    ).subscribe(said.append, scheduler=clock)
    clock.turn(source.on_next, outlook(2300.0 + 20 + 749))
    assert said[-1].watts["resille"] == 0
    clock.advance(3)
    clock.turn(source.on_next, outlook(2300.0 + 20 + 770))
    assert said[-1].watts["resille"] == -750


surpluses = st.lists(st.floats(-5000, 9000), min_size=1, max_size=20)


@given(surpluses, st.floats(0, 100), st.floats(0, 60), st.floats(0, 60))
def test_whatever_the_sun_does_no_load_leaves_its_limits_and_none_draws_more_than_there_is(
    surpluses, margin, least_on, least_off
):
    policy, walk = Policy(margin=margin, least_on=least_on, least_off=least_off), Walk()
    for number, surplus in enumerate(surpluses):
        walk, verdict = step(walk, Moment(3.0 * number, surplus, REVERSED), policy)
        assert verdict.draws["resille"] in (0, 596)
        ecs = verdict.draws["ecs"]
        assert ecs == 0 or 101 <= ecs <= 2300
        held = "on for" in verdict.reasons["resille"]
        assert held or sum(verdict.draws.values()) <= max(0.0, surplus - margin) + 1e-6


@given(surpluses)
def test_a_higher_priority_is_never_off_while_a_lower_one_draws_what_it_needs(surpluses):
    walk, loads = Walk(), {"big": BIG, "ecs": HEATER, "resille": RELAY}
    for number, surplus in enumerate(surpluses):
        walk, verdict = step(walk, Moment(3.0 * number, surplus, loads), POLICY)
        if verdict.draws["big"] == 0 and verdict.reasons["big"] != "balanced":
            assert verdict.draws["ecs"] + verdict.draws["resille"] < BIG.most
