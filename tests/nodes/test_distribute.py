"""distribute: one total among one-way storages, by charge, within floor and ceiling."""

import logging
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowctl import Ability, Outlook
from flowctl.testing import play
from nodes._helpers.distribution import Rules, Storage, fill, weights
from nodes._helpers.distribution import distribute as law
from nodes.distribute import distribute

AS_IT_WAS = {"idle": "floor", "smooth": False}
VECTORS = [  # as B2500 Load Distributor reckons: charges, outputs, net -> targets
    ((80, 78), (200, 200), 100, (250, 250)),
    ((80, 77), (200, 200), 100, (270, 230)),
    ((80, 60), (200, 200), 100, (386, 114)),
    ((80, 20), (200, 200), 100, (400, 100)),
    ((80, 60), (390, 390), 19, (400, 399)),
    ((80, 60), (390, 390), 20, (500, 500)),
    ((80, 60), (40, 40), -300, (40, 40)),
]


def outlook(net=0.0, socs=(80.0, 80.0), outputs=(200.0, 200.0), at=0.0, **more):
    batteries = {
        str(number): Ability(
            setpoint=float(output),
            dead_time=2.0,
            lag=1.0,
            can_charge=0.0,
            can_discharge=800.0,
            soc=None if soc is None else float(soc),
            available=str(number) not in more.get("away", ()),
            capacity=more.get("capacities", {}).get(str(number)),
        )
        for number, (soc, output) in enumerate(zip(socs, outputs, strict=True), 1)
    }
    load = net + sum(float(output) for output in outputs)
    return Outlook(at=at, meter=net, load=load, target=load, batteries=batteries, valid_until=9.0)


def planned(*outlooks, **settings):
    line = [(float(second), view) for second, view in enumerate(outlooks)]
    return [plan for _, plan in play(distribute, line, rest=0.0, **settings)]


def targets(*given, **settings):
    plan = planned(outlook(*given), **settings)[0]
    return [plan.watts[name] for name in sorted(plan.watts)]


@pytest.mark.parametrize(("socs", "outputs", "net", "expected"), VECTORS)
def test_the_targets_of_the_original(socs, outputs, net, expected):
    made = targets(net, socs, outputs, **AS_IT_WAS)
    assert [round(watts) for watts in made] == list(expected)


@pytest.mark.parametrize(("socs", "outputs", "net", "expected"), VECTORS)
def test_without_jumps_only_the_boost_differs(socs, outputs, net, expected):
    made = targets(net, socs, outputs, idle="floor")
    wanted = (400, 400) if expected == (500, 500) else expected
    assert [round(watts) for watts in made] == list(wanted)


def test_equal_charges_share_equally_among_any_number():
    assert targets(300.0, (70, 70, 70), (100, 100, 100)) == [200.0, 200.0, 200.0]


def test_the_fuller_of_three_give_more():
    first, second, third = targets(0.0, (90, 60, 30), (200, 200, 200))
    assert first > second > third > 0
    assert first + second + third == pytest.approx(600.0)


def test_a_larger_storage_of_the_same_charge_gives_more():
    view = outlook(200.0, capacities={"1": 4480.0, "2": 2240.0})
    watts = planned(view)[0].watts
    assert watts["1"] == pytest.approx(400.0)
    assert watts["2"] == pytest.approx(200.0)


@pytest.mark.parametrize("rate", [0.0, 1.0, 2.0])
def test_the_rate_says_how_much_more(rate):
    first, second = targets(0.0, (80, 60), (200, 200), rate=rate, max_power=800.0)
    assert first / 400 == pytest.approx(min(0.9, 80 / 140 + 0.2 * rate), abs=1e-6)
    assert first + second == pytest.approx(400.0)


def test_the_threshold_says_when():
    assert targets(100.0, (80, 70), (200, 200), threshold=11.0) == [250.0, 250.0]


def test_one_that_is_away_gets_one_zero_and_its_part_goes_to_the_other():
    both = outlook(100.0)
    one = outlook(100.0, away=("2",))
    plans = planned(both, one, one)
    assert plans[0].watts == {"1": 250.0, "2": 250.0}
    assert plans[1].watts == {"1": 500.0, "2": 0.0}
    assert plans[1].reasons["2"] == "not available"
    assert plans[2].watts == {"1": 500.0}


def test_a_lone_one_is_held_within_its_limits():
    one = outlook(5000.0, away=("2",))
    assert planned(one)[0].watts == {"1": 500.0}
    assert planned(one)[0].unmet == pytest.approx(4900.0)


def test_with_nobody_there_all_is_unmet():
    plan = planned(outlook(100.0, away=("1", "2")))[0]
    assert plan.watts == {}
    assert plan.unmet == 500.0


def test_one_at_its_reserve_is_not_asked_and_comes_back_a_little_above():
    plans = planned(*(outlook(0.0, (80, soc), (150, 150)) for soc in (9, 10, 10.5, 11)))
    assert [plan.watts["2"] for plan in plans[:3]] == [0.0, 0.0, 0.0]
    assert plans[3].watts["2"] > 0
    assert plans[0].watts["1"] == 300.0
    assert plans[0].reasons["2"] == "at its reserve of 10%"


def test_one_that_does_not_tell_its_charge_counts_as_the_default():
    assert targets(0.0, (80, None), (200, 200)) == [200.0, 200.0]


def test_a_surplus_stops_all_but_with_a_floor():
    assert targets(-1000.0) == [0.0, 0.0]
    assert targets(-1000.0, idle="floor") == [40.0, 40.0]


def test_little_to_do_is_done_by_one_and_it_stays_the_same_one():
    idle = outlook(50.0, (80, 60), (0, 0))
    assert planned(idle)[0].watts == {"1": 50.0, "2": 0.0}
    running = outlook(-10.0, (60, 80), (60, 0))
    assert planned(running)[0].watts == {"1": 50.0, "2": 0.0}


def test_a_small_need_that_wavers_starts_and_stops_nobody():
    last, changes = 0.0, 0
    for load in [30.0, 48.0, 35.0, 49.0, 31.0, 47.0] * 5:
        now = sum(law(load, _pair(last), Rules())[0].values()) > 0
        changes += now != (last > 0)
        last = 40.0 if now else 0.0
    assert changes == 0


def _pair(output):
    return {"1": Storage(80, 800, running=output > 20), "2": Storage(80, 800, running=False)}


def test_what_a_learned_ceiling_refuses_the_other_gives():
    storages = {"1": Storage(80, 150.0), "2": Storage(80, 800.0)}
    assert law(500.0, storages, Rules())[0] == {"1": 150.0, "2": 350.0}


def test_one_that_can_hold_no_less_is_asked_for_no_less():
    one, other = Storage(80, 800.0, least=80.0, running=False), Storage(60, 800.0, running=False)
    assert law(110.0, {"1": one, "2": other}, Rules())[0] == {"1": 110.0, "2": 0.0}
    assert law(160.0, {"1": one, "2": other}, Rules())[0]["1"] >= 80.0
    assert law(0.0, {"1": one, "2": other}, Rules(idle="floor"))[0] == {"1": 80.0, "2": 40.0}


def test_modes_presence_and_totals_are_told(caplog):
    caplog.set_level(logging.INFO)
    planned(
        outlook(100.0),
        outlook(100.0, (80, 60)),
        outlook(2000.0),
        outlook(-2000.0),
        outlook(0.0, away=("1",)),
        outlook(0.0, away=("1", "2")),
        outlook(100.0),
    )
    for line in (
        "mode: balanced",
        "mode: rebalancing",
        "mode: max power",
        "mode: idle",
        "1 is offline: its part goes to the others",
        "no storage is online",
        "1 is online",
        "load 500 W: 1 SoC 80% 200 -> 250 W, 2 SoC 80% 200 -> 250 W, total 400 -> 500 W",
    ):
        assert line in caplog.text


def test_a_mode_that_lasts_is_told_once(caplog):
    caplog.set_level(logging.INFO)
    planned(*[outlook(100.0)] * 5)
    assert caplog.text.count("mode: balanced") == 1
    assert caplog.text.count("load 500 W") == 1


def test_a_plan_holds_as_long_as_its_outlook():
    assert planned(outlook())[0].valid_until == 9.0


def test_no_small_change_of_the_load_makes_a_jump():
    for low, high in pairwise(range(-100, 2200)):
        now = law(float(low), _two(80, 60), Rules(idle="floor"))[0]
        then = law(float(high), _two(80, 60), Rules(idle="floor"))[0]
        assert max(abs(now[name] - then[name]) for name in now) <= 2.0


def test_no_small_change_of_charge_makes_a_jump():
    socs = [70 + tenth / 100 for tenth in range(1500)]
    for low, high in pairwise(socs):
        now, then = (law(500.0, _two(soc, 70), Rules())[0] for soc in (low, high))
        assert max(abs(now[name] - then[name]) for name in now) <= 1.0


def _two(first, second):
    return {"1": Storage(first, 800.0), "2": Storage(second, 800.0)}


storage = st.builds(
    Storage,
    st.floats(0, 100),
    st.floats(0, 800),
    st.one_of(st.none(), st.floats(500, 10_000)),
    st.booleans(),
    st.sampled_from([0.0, 40.0, 80.0]),
)


@given(
    st.floats(-5000, 5000),
    st.lists(storage, min_size=1, max_size=6),
    st.sampled_from(["stop", "floor"]),
    st.booleans(),
)
def test_shares_stay_within_limits_and_serve_what_they_can(want, storages, idle, smooth):
    rules = Rules(idle=idle, smooth=smooth)
    named = {str(number): one for number, one in enumerate(storages)}
    shares, _ = law(want, named, rules)
    assert shares.keys() == named.keys()
    for name, watts in shares.items():
        assert 0 <= watts <= min(500.0, named[name].most) + 1e-6
    able = sum(min(400.0, one.most) for one in storages)
    if 1.25 * 80 * len(storages) < want < able and min(one.most for one in storages) >= 80:
        assert sum(shares.values()) == pytest.approx(want)


@given(st.lists(storage, min_size=1, max_size=6), st.booleans())
def test_parts_make_a_whole(storages, smooth):
    parts, _ = weights(storages, Rules(smooth=smooth))
    assert sum(parts) == pytest.approx(1.0)
    assert min(parts) > 0


@given(st.floats(0, 5000), st.lists(st.tuples(st.floats(0.01, 1), st.floats(0, 50)), min_size=1))
def test_dividing_ends_and_keeps_to_the_limits(total, rows):
    parts, lows = [part for part, _ in rows], [low for _, low in rows]
    highs = [low + 300 for low in lows]
    shares = fill(total, parts, lows, highs)
    for share, low, high in zip(shares, lows, highs, strict=True):
        assert low - 1e-6 <= share <= high + 1e-6
    assert sum(shares) == pytest.approx(min(max(total, sum(lows)), sum(highs)), abs=1e-3)


@given(st.lists(st.tuples(st.floats(-3000, 3000), st.floats(0, 100), st.floats(0, 100))))
def test_the_same_outlooks_give_the_same_plans(rows):
    views = [outlook(net, (one, two)) for net, one, two in rows]
    assert planned(*views) == planned(*views)
