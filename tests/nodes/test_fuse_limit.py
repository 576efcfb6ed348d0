"""`fuse_limit` keeps each phase under its fuse."""

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowctl import Plan
from flowctl.testing import Bench, play
from nodes.fuse_limit import fuse_limit
from tests.nodes.outlooks import view

ON = {"left": "l1", "right": "l2"}
FLOW = """
flow: f
streams:
  meter: [{homewizard_p1: {host: x}}]
  l1: [{http_get: {url: "http://x", unit: W, every: 1s}}]
  plan:
    - from: meter
    - response_predictor: {batteries: [left]}
    - rebalance
    - fuse_limit: {outlook: plan/response_predictor, phases: [l1], limit: 3kW, on: {left: l1}}
  left: [from: plan.left, marstek_modbus: {host: x}]
"""


def plan(**watts):
    return Plan(watts=watts, valid_until=60.0)


def limited(shares, shown, on=ON, limit=3000.0, **phases):
    outlook = view(0.0, **{name: {"setpoint": watts} for name, watts in shown.items()})
    lines = {name: [(0, watts)] for name, watts in phases.items()}
    how = {"on": on, "limit": limit, "phases": lines, "outlook": [(0, outlook)]}
    return play(fuse_limit, [(1, plan(**shares))], **how)[0][1]


@pytest.mark.parametrize(
    ("shares", "shown", "phases", "watts"),
    [
        # 2.5 kW are drawn on l1 beside the battery: it may take 500 W more
        ({"left": -2000, "right": -2000}, {}, {"l1": 2500}, {"left": -500, "right": -2000}),
        # the same when it takes 400 W already
        ({"left": -2000, "right": 0}, {"left": -400}, {"l1": 2900, "l2": 0}, {"left": -500}),
        # the phase is over its fuse without us: charging ends, discharging helps
        ({"left": -2000, "right": 0}, {}, {"l1": 3500, "l2": 0}, {"left": 0}),
        ({"left": 2000, "right": 0}, {}, {"l1": 5500, "l2": 0}, {"left": 2000}),
        # the way out has a fuse, too
        ({"left": 2000, "right": 0}, {}, {"l1": -2000, "l2": 0}, {"left": 1000}),
        # nothing is known of l2 but what its battery is given
        ({"left": 0, "right": -4000}, {}, {"l1": 2500}, {"right": -3000}),
        ({"left": 0, "right": 4000}, {}, {"l1": 2500, "l2": math.nan}, {"right": 3000}),
        ({"left": 0, "right": -2000}, {}, {"l1": 2500}, {"right": -2000}),
        ({"left": 0, "right": -2000}, {}, {"l1": 2500, "l2": math.nan}, {"right": -2000}),
    ],
)  # fmt: skip
def test_shares_that_overload_a_phase_give_way(shares, shown, phases, watts):
    known = {"left": 0.0, "right": 0.0} | shown
    lines = {"l2": math.nan} | phases
    told = limited(shares, known, **lines)
    assert {name: told.watts[name] for name in watts} == pytest.approx(watts)


def test_before_the_house_is_seen_batteries_alone_are_held():
    how = {"on": {"left": "l1", "right": "l1"}, "limit": 3000.0, "phases": {"l1": [(0, 5.0)]}}
    (_, told), *_ = play(fuse_limit, [(1, plan(left=-2000.0, right=-2000.0))], outlook=[], **how)
    assert dict(told.watts) == {"left": -1500, "right": -1500}


def test_a_phase_that_never_speaks_is_told_once(caplog):
    plans = [(at, plan(left=-2000.0)) for at in (1, 9, 11, 20)]
    how = {"on": {"left": "l1"}, "limit": 1500.0, "outlook": [(0, view(0.0, left={}))]}
    for l2, said in (([], ["l1", "l2"]), ([(0, 5.0)], ["l1"])):
        caplog.clear()
        told = play(fuse_limit, plans, phases={"l1": [], "l2": l2}, **how)
        assert [made.watts["left"] for _, made in told] == [-1500.0] * 4
        heard = [record.getMessage() for record in caplog.records]
        assert heard == [
            f"nothing is known of phase {name}; its batteries alone are held under 1500W"
            for name in said
        ]


def test_two_on_a_phase_give_way_in_proportion_and_say_why():
    told = limited(
        {"left": -2000, "right": -1000}, {"left": 0, "right": 0}, {"left": "l1", "right": "l1"},
        l1=1500,
    )  # fmt: skip
    assert dict(told.watts) == pytest.approx({"left": -1000, "right": -500})
    assert set(told.reasons.values()) == {"fuse_limit: 3000W on its phase"}
    assert (told.unmet, told.valid_until) == (pytest.approx(-1500), 60.0)


def test_a_battery_on_three_phases_counts_by_a_third_on_each():
    on = {"left": ["l1", "l2", "l3"]}
    told = limited({"left": -6000}, {"left": 0}, on, l1=2000, l2=0, l3=0)
    assert told.watts["left"] == pytest.approx(-3000)


def test_a_phase_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="left is on l4, which is not a phase here; phases are l1"):
        play(fuse_limit, [], phases={"l1": []}, outlook=[], on={"left": "l4"}, limit=1.0)


def test_in_a_flow_the_rest_is_missing_and_said():
    with Bench(FLOW) as bench:
        for _ in range(30):
            given_ = bench.heard("left")[-1][1] or 0.0 if bench.heard("left") else 0.0
            bench.say("l1", -2400.0 - given_)
            bench.say("meter", 2000.0 - given_)
            bench.advance(1.0)
        assert bench.heard("left")[-1][1] == pytest.approx(600, abs=30)
        assert bench.stream("plan")[-1][1].unmet == pytest.approx(1400, abs=60)


def test_commands_in_flight_are_no_news_of_the_phase():
    flying = {"setpoint": -500.0, "flights": ((0.5, -500.0),)}
    how = {"on": {"left": "l1"}, "limit": 3000.0}
    line = [(at, plan(left=-2000.0)) for at in (1, 2, 3)]
    for seen in (2500.0, 2700.0, 3000.0):  # not yet, on its way, there
        read = [(0, 2500.0), (1.5, seen)]
        house = [(0, view(0.0, left={"setpoint": 0.0})), (1.5, view(0.0, left=flying))]
        told = play(fuse_limit, line, phases={"l1": read}, outlook=house, **how)
        assert [made.watts["left"] for _, made in told] == pytest.approx([-500.0] * 3)


WATTS = st.floats(-5000, 5000)


@given(WATTS, WATTS, WATTS, WATTS, WATTS, st.floats(100, 6000))
@settings(max_examples=200)
def test_no_phase_is_driven_beyond_its_fuse(left, right, shown, one, two, limit):
    on = {"left": "l1", "right": "l1"}
    told = limited(
        {"left": left, "right": right}, {"left": shown, "right": 0}, on, limit, l1=one, l2=two
    )
    for name, asked in (("left", left), ("right", right)):
        assert 0 <= told.watts[name] * math.copysign(1, asked) <= abs(asked)
    needs = one + shown
    after = needs - sum(told.watts.values())
    alone = abs(needs - left - right)
    assert abs(after) <= max(limit, alone, abs(needs)) + 1e-6
    if abs(needs) <= limit:
        assert abs(after) <= limit + 1e-6


def silent_phase(*line, house=(), plans, **how):
    """What `left` is given on a phase that says this line, and what the house is seen to be."""
    seen = [(0, view(0.0, left={})), *house]
    how = {"on": {"left": "l1"}, "limit": 5000.0} | how
    told = play(fuse_limit, plans, phases={"l1": line}, outlook=seen, **how)
    return [made.watts["left"] for _, made in told]


def test_a_charge_that_lands_while_the_phase_is_silent_is_not_taken_for_a_load_that_went(caplog):
    line = [(at, 3000.0 + at % 2) for at in range(10)]
    landed = [(at, view(0.0, left={"setpoint": -2000.0})) for at in range(12, 90)]
    plans = [(at, plan(left=-4000.0)) for at in (11, 30, 80)]
    assert silent_phase(*line, house=landed, plans=plans) == pytest.approx([-2000.0] * 3, abs=1)
    assert caplog.messages == [
        "phase l1 is silent; beside its batteries it counts as before: 3000W to 3001W"
    ]


def test_a_silent_phase_counts_as_at_its_worst_in_its_last_minute(caplog):
    caplog.set_level("INFO")
    line = [(at, 3000.0 if at == 80 else 500.0 + at % 2) for at in range(100)]
    plans = [(at, plan(left=-4900.0)) for at in (99.5, 120, 200.5, 201.5)]
    given_ = silent_phase(*line, (200, 0.0), (201, 1.0), plans=plans)
    assert given_ == pytest.approx([-4499, -2000, -2000, -4900], abs=1.1)
    assert [message.split(";")[0] for message in caplog.messages] == [
        "phase l1 is silent", "phase l1 speaks",
    ]  # fmt: skip


@pytest.mark.parametrize("again", [(), (40, 60, 80)])
def test_a_word_put_in_the_place_of_a_silent_meter_frees_nothing(again):
    line = [(at, 3000.0 + at % 2) for at in range(10)]
    said = [(at, 0.0) for at in (20, *again)]
    plans = [(at, plan(left=-4000.0)) for at in (19, 21, 90)]
    assert silent_phase(*line, *said, plans=plans) == pytest.approx([-2000] * 3, abs=1)


def test_a_meter_that_stands_while_its_batteries_move_tells_nothing_of_the_phase():
    line = [(at, 3000.0) for at in range(100)]
    landed = [(at, view(0.0, left={"setpoint": -2000.0})) for at in range(5, 90)]
    plans = [(at, plan(left=-4000.0)) for at in (4, 30, 80)]
    assert silent_phase(*line, house=landed, plans=plans) == pytest.approx([-2000] * 3)


def test_a_slow_meter_is_not_silent(caplog):
    line = [(at, 3000.0 + at / 60) for at in range(0, 600, 60)]
    silent_phase(*line, plans=[(at, plan(left=-4000.0)) for at in range(600)])
    assert caplog.messages == []


def test_a_reading_before_the_house_is_seen_is_heard_as_soon_as_it_is():
    house = [(2, view(0.0, left={"setpoint": -500.0}))]
    how = {"on": {"left": "l1"}, "limit": 5000.0, "phases": {"l1": [(1, 3500.0)]}}
    (_, told), *_ = play(fuse_limit, [(3, plan(left=-4000.0))], outlook=house, **how)
    assert told.watts["left"] == -2000


def test_what_a_battery_that_the_plan_leaves_out_draws_counts_as_the_phase_s_own():
    on = {"left": "l1", "right": "l1"}
    told = limited({"left": -2000.0}, {"left": 0, "right": -1000.0}, on, l1=2500.0)
    assert dict(told.watts) == {"left": -500.0}


def test_an_outlook_that_ran_out_does_not_know_what_was_given_since():
    over = replace(view(0.0, left={}), valid_until=5.0)
    line = [(1, 3000.0), (20, 5000.0)]  # what was given since has landed
    plans = [(at, plan(left=-2000.0)) for at in (2, 21)]
    assert silent_phase(*line, house=[(1, over)], plans=plans) == [-2000, -2000]
