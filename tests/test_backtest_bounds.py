"""Bounds: nobody passes them, and they come near what is known by hand."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowctl.backtest.bounds import FEW, POLICIES, Bounds, Cache, best, key, policies, reached
from flowctl.backtest.candidates import Candidate
from flowctl.backtest.guesses import Expert, Guess, Middle, Rhythm
from flowctl.backtest.limits import clairvoyant
from flowctl.backtest.oracle import Policy, filled
from flowctl.backtest.trial import Setting, try_out
from tests.plants import HOME, QUICK, ZERO, flow, plant, world
from tests.typed import typed

LOADS = st.lists(st.integers(-9, 9), min_size=1, max_size=12)


def by_force(loads, low, high, change):
    """Try every whole power at every moment."""
    powers = range(low, high + 1)
    costs = dict.fromkeys(powers, 0)
    for place, load in enumerate(loads):
        near = {
            power: min(costs[other] for other in powers if abs(other - power) <= change)
            if place
            else 0
            for power in powers
        }
        costs = {power: near[power] + abs(load - power) for power in powers}
    return min(costs.values()) / len(loads)


@given(LOADS, st.integers(-6, 0), st.integers(0, 6), st.integers(0, 5))
def test_the_clairvoyant_bound_is_exact_between_fixed_limits(loads, low, high, change):
    found = clairvoyant([(float(load), low, high) for load in loads], change)
    assert found == pytest.approx(by_force(loads, low, high, change))


@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(-6, 0), st.integers(0, 6)), max_size=9))
def test_changing_limits_only_raise_it(wanted):
    widest = [(load, -6.0, 6.0) for load, _, _ in wanted]
    assert clairvoyant(wanted, 2.0) >= clairvoyant(widest, 2.0) - 1e-9


@given(
    st.floats(0, 5000),
    st.lists(st.tuples(st.floats(0, 3000), st.floats(0.1, 9)), min_size=1, max_size=5),
    st.booleans(),
)
def test_sharing_gives_all_that_can_be_given(total, batteries, weighted):
    limits = [limit for limit, _ in batteries]
    shares = filled(total, limits, [weight for _, weight in batteries] if weighted else None)
    assert sum(shares) == pytest.approx(min(total, sum(limits)), abs=1e-6)
    assert all(0 <= share <= limit + 1e-9 for share, limit in zip(shares, limits, strict=True))


def test_the_fastest_is_filled_first_without_weights():
    assert filled(1500, [1000, 1000, 1000], None) == [1000, 500, 0]


def test_guesses_see_what_they_are_made_for():
    guesses = Guess(3, 1), Middle(3, 1, 8.0), Expert(3, 1), Rhythm(3, 1)
    for second in range(60):
        load = 1600.0 if second % 4 == 0 else 400.0
        last, middle, expert, rhythm = (guess.hear(float(second), load) for guess in guesses)
    assert second % 4 == 3
    assert (last, middle, expert) == (400, 400, 400)
    assert rhythm == 400  # three seconds on: 62 % 4 is 2
    assert guesses[3].hear(60.0, 1600.0) == 400
    assert guesses[3].hear(61.0, 400.0) == 1600


def test_the_oracle_reaches_zero_when_everything_happens_at_once(tmp_path):
    made = reached(world(tmp_path, QUICK, seconds=120.0, warm_up=5.0), Policy("last"))
    assert made.causal == pytest.approx(0, abs=8)
    assert made.clairvoyant == pytest.approx(0, abs=1)


def test_it_waits_for_what_slower_ones_owe_and_lets_the_fastest_help(tmp_path):
    policy = Policy("last", "rating")
    both = reached(world(tmp_path, HOME, seconds=320.0, warm_up=60.0), policy)
    slow = HOME.replace("left: {}", "")
    alone = reached(world(tmp_path, slow, seconds=320.0, warm_up=60.0), policy)
    assert both.causal < 0.8 * alone.causal


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(1, 99))
def test_no_flow_passes_the_clairvoyant_bound(tmp_path_factory, seed):
    folder = tmp_path_factory.mktemp("bounds")
    made = world(folder, HOME, seconds=240.0, seed=seed)
    bounds = best([reached(made, policy) for policy in POLICIES[:3]])
    text = flow(folder).read_text().replace("[left.setpoint]", "[left.setpoint, right.setpoint]")
    text = text.replace("0.8", "0.5") + text[text.index("  left:") :].replace("left:", "right:")
    figures = try_out(Candidate("it", flow(folder, text)), Setting(made)).figures
    assert bounds.clairvoyant <= bounds.causal
    assert bounds.clairvoyant <= figures["grid_w"]


def test_who_spends_gently_may_pass_where_batteries_run_empty_but_not_what_they_hold(tmp_path):
    """Told by the full load it loses much, and is empty soon; a fifth of that costs less."""
    losses = "losses: {standing: 10W, proportional: 3.5%, at_full_power: 2kW}"
    text = QUICK.replace("left: {", f"left: {{capacity: 200Wh, soc: 30%, {losses}, ")
    text = text.replace("base: 300W", "base: 1kW")
    made = world(tmp_path, text, seconds=600.0)
    bounds = best([reached(made, policy) for policy in POLICIES[:3]])
    gently = flow(tmp_path, ZERO.replace("    - bat", "    - clamp: {high: 200W}\n    - bat"))
    watts = try_out(Candidate("it", gently), Setting(made)).figures["grid_w"]
    assert bounds.always is not None
    assert bounds.always <= watts < bounds.clairvoyant
    words = (gently, "--plant", plant(tmp_path, text), "--for", "10m", "--cache", tmp_path / "kept")
    code, out, told = typed("backtest", *words)
    assert (code, "clairvoyant" in out) == (0, True)
    assert f"may pass it; nobody passes {bounds.always:.0f} W" in told


def test_where_batteries_are_neither_full_nor_empty_nobody_passes_the_clairvoyant_bound(tmp_path):
    made = world(tmp_path, HOME, seconds=240.0)
    assert best([reached(made, policy) for policy in POLICIES[:2]]).always is None


def test_one_that_may_be_told_at_any_time_has_bounds_too(tmp_path):
    at_once = QUICK.replace("lag: 10ms", "lag: 2s, write_every: 0s")
    made = reached(world(tmp_path, at_once, seconds=60.0), Policy("last", lead=True))
    assert made.causal < 40  # of 300 W
    load = QUICK.replace("left: {", "left: {kind: load, ")
    assert reached(world(tmp_path, load, seconds=60.0), Policy("last", lead=True)).causal >= 300


def test_a_battery_that_comes_back_is_told_again(tmp_path):
    away = QUICK.replace(
        "resolution: 0W,\n",
        "resolution: 0W,\n  faults: [{after: 30s, lasts: 30s, offline: true}],\n",
    )
    made = reached(world(tmp_path, away, seconds=90.0), Policy("last"))
    assert made.causal == pytest.approx(300 * 30 / 90, abs=15)


def test_long_runs_are_tried_with_few_policies():
    assert policies(3600.0) == POLICIES
    assert len(POLICIES) == 17
    assert policies(86400.0) == FEW
    assert len({str(policy) for policy in POLICIES}) == 17


def test_bounds_are_kept_by_all_that_they_follow_from(tmp_path):
    one = world(tmp_path, HOME, seconds=60.0)
    kept = Cache(tmp_path / "kept", one)
    assert kept.get() is None
    kept.put(Bounds(1.0, 2.0, "it"))
    assert Cache(tmp_path / "kept", one).get() == Bounds(1.0, 2.0, "it")
    others = [
        world(tmp_path, HOME, seconds=61.0),
        world(tmp_path, HOME, seconds=60.0, seed=2),
        world(tmp_path, HOME, seconds=60.0, warm_up=5.0),
        world(tmp_path, HOME, seconds=60.0, known={"left": {"lag": 3.0}}),
        world(tmp_path, HOME, seconds=60.0, house=[(0.0, 5.0), (60.0, 5.0)]),
    ]
    keys = {key(one), *map(key, others)}
    assert len(keys) == 6
    assert key(world(tmp_path, HOME, seconds=60.0)) == key(one)


def test_what_panels_of_a_battery_make_is_part_of_what_bounds_follow_from(tmp_path):
    """They shine by the clock, and by their trace; the load of the house is the same."""
    sunny = QUICK.replace("left: {", "left: {panels: {trace: sun.csv, peak: 1kW}, ")
    clear = QUICK.replace("left: {", "left: {panels: {peak: 1kW}, ")

    def keyed(text, **given):
        return key(world(tmp_path, text, house=[(0.0, 500.0), (60.0, 500.0)], **given))

    noon, night = (datetime(2026, 6, 1, hour, tzinfo=UTC) for hour in (12, 2))
    assert keyed(QUICK, at=noon) == keyed(QUICK, at=night)
    assert keyed(clear, at=noon) != keyed(clear, at=night)
    (tmp_path / "sun.csv").write_text("t,pv_w\n0,100\n60,100\n")
    before = keyed(sunny)
    (tmp_path / "sun.csv").write_text("t,pv_w\n0,100\n30,50\n60,100\n")
    assert keyed(sunny) != before


@pytest.mark.parametrize("text", ["", "{", json.dumps({"causal": 1})])
def test_a_broken_cache_is_as_good_as_none(tmp_path, text):
    made = world(tmp_path, HOME, seconds=60.0)
    (tmp_path / f"{key(made)}.json").write_text(text)
    assert Cache(tmp_path, made).get() is None


def test_bounds_that_cannot_be_kept_are_told(tmp_path, caplog):
    (tmp_path / "file").touch()
    words = (flow(tmp_path), "--plant", plant(tmp_path), "--for", "1m")
    code, out, _ = typed("backtest", *words, "--cache", tmp_path / "file")
    assert (code, "causal" in out) == (0, True)
    assert caplog.messages == [f"the bounds are not kept: {tmp_path / 'file'}: File exists"]
