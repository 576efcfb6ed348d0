"""The law of home.yaml in closed loop: the stories, and what must hold in any house."""

from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from flowctl import Plan
from tests.loop import Loop

DEADBAND = 25.0  # W; less than this is not written
TWO = """
house: {profile: quiet}
meter: {}
left: {kind: wired, soc: 60%}
right: {kind: udp, soc: 60%FAULT}
"""
CAPPED = ", faults: [{after: 200s, lasts: 300s, cap: 300W}]"
STEPS = [(0.0, 300.0), (60.0, 1000.0), (120.0, 300.0), (180.0, 1000.0), (260.0, 1400.0)]


def test_the_grid_comes_to_zero_after_each_step(tmp_path: Path) -> None:
    loop = Loop.of(tmp_path, TWO.replace("FAULT", ""), STEPS)
    loop.until(300.0)
    for start in (60.0, 120.0, 180.0, 260.0):
        assert loop.mean_grid(start + 20, start + 40) < 25.0


def test_a_battery_that_gives_less_is_noticed_and_the_other_takes_over(tmp_path: Path) -> None:
    """1000 W are wanted, the second gives 300 W only; then the load rises by 400 W more."""
    loop = Loop.of(tmp_path, TWO.replace("FAULT", CAPPED), STEPS)
    loop.until(300.0)
    assert loop.mean_grid(235.0, 260.0) < 40.0
    assert loop.mean_grid(285.0, 300.0) < 40.0
    _, plan = loop.bench.stream("plan")[-1]
    assert plan.watts["right"] <= 450.0
    assert plan.watts["left"] >= 900.0
    assert plan.reasons["right"]


def test_a_dead_meter_silences_the_plan_and_the_batteries_come_free(tmp_path: Path) -> None:
    loop = Loop.of(tmp_path, TWO.replace("FAULT", ""), STEPS)
    loop.until(100.0)
    loop.bench.advance(60.0)
    for name in ("left", "right"):
        time, watts = loop.bench.heard(name)[-1]
        assert watts is None
        assert time <= 100.0 + 10.0 + 3 + 5.5  # the plan ends 3 periods + 5 s after the meter


@pytest.mark.parametrize("lasts", ["9s", "10s"])
def test_a_battery_that_is_taken_again_while_it_still_stops_is_not_judged(
    tmp_path: Path, lasts: str
) -> None:
    """It was told to stop, which is in flight like any other setpoint."""
    fault = f"meter: {{faults: [{{after: 60s, lasts: {lasts}, every: 60s, silent: true}}]}}"
    text = TWO.replace("FAULT", "").replace("meter: {}", fault)
    loop = Loop.of(tmp_path, text, [(0.0, 2300.0)])
    loop.until(420.0)
    assert not _called_short(loop)


@pytest.mark.parametrize("every", ["300ms", "500ms", "1s", "2s"])
def test_a_healthy_battery_is_not_judged_however_often_it_tells(tmp_path: Path, every: str) -> None:
    telemetry = f"telemetry: {{every: {every}, age: 400ms, noise: 3W}}"
    text = TWO.replace("wired,", f"wired, {telemetry},").replace("FAULT", "")
    house = Random(1)
    load = [(20.0 * n, house.uniform(-1000.0, 3000.0)) for n in range(30)]
    loop = Loop.of(tmp_path, text, load)
    loop.until(600.0)
    assert not _called_short(loop)


def _called_short(loop: Loop) -> list[tuple[float, str]]:
    said = [(time, *plan.reasons.values()) for time, plan in loop.bench.stream("plan/rebalance")]
    return [(time, why) for time, *whys in said for why in whys if "delivers" in why]


def test_what_nobody_can_give_is_unmet_and_does_not_wind_up(tmp_path: Path) -> None:
    load = [(0.0, 300.0), (60.0, 8000.0), (160.0, 300.0)]
    loop = Loop.of(tmp_path, TWO.replace("FAULT", ""), load)
    loop.until(200.0)
    plans = [plan for time, plan in loop.bench.stream("plan") if 100 < time < 160]
    assert all(plan.unmet == pytest.approx(3000.0, abs=150.0) for plan in plans)
    assert all(sum(plan.watts.values()) <= 5000.0 for plan in plans)
    assert loop.mean_grid(180.0, 200.0) < 40.0


SLOW = "{kind: cloud, soc: 80%, telemetry: {every: 1s}}"


@pytest.mark.parametrize("seed", [1, 5, 6])
def test_a_slow_battery_serves_the_house_alone_beside_one_at_its_reserve(
    tmp_path: Path, seed: int
) -> None:
    """Polled each second it was taken for one that gives nothing, and then for hours."""
    text = f"house: {{seed: {seed}}}\nmeter: {{}}\nleft: {{kind: wired, soc: 9%}}\nright: {SLOW}\n"
    loop = Loop.of(tmp_path, text, [(0.0, 600.0)])
    loop.until(180.0)
    assert loop.mean_grid(90.0, 180.0) < 100.0


def test_all_that_a_battery_may_have_is_tried_while_nobody_else_can_give_it(tmp_path: Path) -> None:
    fault = ", faults: [{after: 60s, lasts: 60s, cap: 300W}]"
    text = TWO.replace("wired, soc: 60%", "wired, soc: 9%").replace("FAULT", fault)
    loop = Loop.of(tmp_path, text, [(0.0, 2000.0)])
    loop.until(150.0)
    assert loop.mean_grid(90.0, 120.0) > 1500.0
    assert loop.mean_grid(138.0, 150.0) < 100.0


def test_a_slow_battery_that_is_polled_often_keeps_its_good_name(tmp_path: Path) -> None:
    steps = [(30.0 * n, 200.0 + 700.0 * (n % 3)) for n in range(30)]
    text = f"house: {{seed: 4}}\nmeter: {{}}\nleft: {SLOW}\nright: {SLOW}\n"
    loop = Loop.of(tmp_path, text, steps)
    loop.until(900.0)
    looks = [outlook for _, outlook in loop.bench.stream("plan/response_predictor")]
    wronged = sum(
        min(one.can_discharge, one.can_charge) < one.min_power and one.available
        for outlook in looks
        for one in outlook.batteries.values()
    )
    assert wronged < 0.02 * 2 * len(looks)


def test_an_empty_battery_is_spared(tmp_path: Path) -> None:
    loop = Loop.of(tmp_path, TWO.replace("60%FAULT", "11%"), STEPS)
    loop.until(250.0)
    said = [watts for _, watts in loop.bench.heard("right") if watts is not None]
    assert all(watts <= 0.0 for watts in said)
    assert loop.mean_grid(220.0, 250.0) < 25.0


KINDS = st.sampled_from(["wired", "udp", "cloud", "hybrid"])
FAULTS = st.sampled_from(["cap: 300W", "gain: 60%", "offline: true", "deaf: true"])
BATTERY = st.builds(
    "{{kind: {}, soc: {}%, spread: 20%, faults: [{{after: {}s, lasts: {}s, {}}}]}}".format,
    KINDS,
    st.integers(5, 98),
    st.integers(20, 100),
    st.integers(20, 100),
    FAULTS,
)
LOADS = st.lists(st.integers(-2500, 5000), min_size=4, max_size=8)


@settings(
    max_examples=40, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(BATTERY, min_size=1, max_size=4), LOADS, st.integers(0, 99))
@example(  # the quick one took in what the slow one had not been told to stop
    [
        "{kind: hybrid, soc: 10%, spread: 20%, faults: [{after: 85s, lasts: 80s, deaf: true}]}",
        "{kind: wired, soc: 93%, spread: 20%, faults: [{after: 60s, lasts: 30s, offline: true}]}",
        "{kind: cloud, soc: 68%, spread: 20%, faults: [{after: 64s, lasts: 97s, offline: true}]}",
        "{kind: cloud, soc: 57%, spread: 20%, faults: [{after: 23s, lasts: 68s, deaf: true}]}",
    ],
    [3095, 1291, 3038, -873, -1422, -891, 4686, -1325],
    38,
)
def test_in_any_house_plans_keep_their_promises(
    tmp_path: Path, batteries: list[str], loads: list[int], seed: int
) -> None:
    text = f"house: {{profile: quiet, seed: {seed}}}\nmeter: {{}}\n"
    text += "".join(f"b{index}: {battery}\n" for index, battery in enumerate(batteries))
    loop = Loop.of(tmp_path, text, [(25.0 * n, float(load)) for n, load in enumerate(loads)])
    loop.until(25.0 * len(loads))
    plans = dict(loop.bench.stream("plan/rebalance"))
    assert plans
    for plan in plans.values():
        _keeps_its_promises(plan, loop)
    for time, outlook in loop.bench.stream("plan/response_predictor"):
        if time in plans and not any(ability.flights for ability in outlook.batteries.values()):
            _no_one_charges_another(plans[time])


def _no_one_charges_another(plan: Plan) -> None:
    """With nothing in flight; until then the quickest makes up for what slower ones still do."""
    signs = {watts > 0 for watts in plan.watts.values() if abs(watts) >= DEADBAND}
    assert len(signs) <= 1, f"one charges another: {plan}"


def _keeps_its_promises(plan: Plan, loop: Loop) -> None:
    for name, watts in plan.watts.items():
        rated = loop.plant.batteries[name].setup
        assert -rated.max_charge - 1e-6 <= watts <= rated.max_discharge + 1e-6
    assert plan.valid_until < float("inf")
    assert set(plan.reasons) >= set(plan.watts)
