"""`strategy: efficiency` in closed loop: few work, nothing is lost at the meter, none flickers."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.loop import Loop

FEW = "    - rebalance: {reserve: 12%, strategy: efficiency}\n"
LAW = "    - rebalance: {reserve: 12%}\n"
TWO = """
house: {profile: quiet}
meter: {}
left: {kind: wired, soc: 60%}
right: {kind: udp, soc: 60%}
"""
WARM = [(0.0, 300.0), (40.0, 2400.0), (80.0, 300.0), (120.0, 2400.0), (160.0, 600.0)]


def switches(loop: Loop) -> int:
    """How often a battery began to work, or ceased to."""
    count = 0
    for name in loop.plant.batteries:
        works = [abs(watts) > 0 for _, watts in loop.bench.heard(name) if watts is not None]
        count += sum(before != after for before, after in pairwise(works))
    return count


def test_from_two_to_one_without_a_gap_at_the_meter(tmp_path: Path) -> None:
    loop = Loop.of(tmp_path, TWO, WARM, FEW)
    loop.until(335)
    both = dict(loop.powers)[330.0]
    assert min(both.values()) > 150
    loop.until(420)
    assert sorted(round(watts, -2) for watts in loop.powers[-1][1].values()) == [0, 600]
    handing = [watts for second, watts in loop.grid if 335 <= second < 400]
    assert max(map(abs, handing)) < 130
    assert loop.mean_grid(335, 400) < 40


def test_half_an_hour_of_small_loads_loses_less_with_few_switches(tmp_path: Path) -> None:
    load = [*WARM, *[(200.0 + 60 * k, 300.0 + 250 * (k % 4)) for k in range(30)]]
    lost, count = [], []
    for law in ("    - rebalance: {reserve: 12%, share: 0}\n", FEW):
        loop = Loop.of(tmp_path, TWO, load, law)
        loop.until(2000)
        lost.append(sum(unit.cells.lost for unit in loop.plant.batteries.values()))
        count.append(switches(loop))
        assert loop.mean_grid(240, 2000) < 60
    assert lost[1] < 0.95 * lost[0]
    assert count[1] <= 4


BATTERY = st.builds(
    "{{kind: {}, soc: {}%, spread: 20%}}".format,
    st.sampled_from(["wired", "udp", "cloud", "hybrid"]),
    st.integers(30, 85),
)


@settings(
    max_examples=8, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(BATTERY, min_size=1, max_size=4),
    st.lists(st.integers(-12, 14), min_size=2, max_size=4),
    st.integers(0, 99),
)
def test_in_any_house_few_come_to_rest_where_all_do(
    tmp_path: Path, batteries: list[str], hundreds: list[int], seed: int
) -> None:
    text = f"house: {{profile: quiet, seed: {seed}}}\nmeter: {{}}\n"
    text += "".join(f"b{index}: {battery}\n" for index, battery in enumerate(batteries))
    load = [*WARM, *[(200.0 + 80 * k, 100.0 * watts) for k, watts in enumerate(hundreds)]]
    end = 200.0 + 80 * len(hundreds)
    few, all_ = (Loop.of(tmp_path, text, load, law) for law in (FEW, LAW))
    few.until(end)
    all_.until(end)
    assert few.mean_grid(end - 20, end) <= all_.mean_grid(end - 20, end) + 110
    for _, plan in few.bench.stream("plan/rebalance"):
        for name, watts in plan.watts.items():
            rated = few.plant.batteries[name].setup
            assert -rated.max_charge - 1e-6 <= watts <= rated.max_discharge + 1e-6
        assert set(plan.reasons) >= set(plan.watts)


@pytest.mark.parametrize("law", [LAW, FEW])
def test_a_battery_that_dies_while_it_works_alone_is_replaced(tmp_path: Path, law: str) -> None:
    fault = "60%, faults: [{after: 260s, lasts: 300s, offline: true}]}"
    plant = TWO.replace("60%}", fault, 1)
    loop = Loop.of(tmp_path, plant, [*WARM, (200.0, 900.0)], law)
    loop.until(320)
    assert loop.mean_grid(295, 320) < 40
    assert loop.powers[-1][1]["right"] == pytest.approx(900, abs=60)
