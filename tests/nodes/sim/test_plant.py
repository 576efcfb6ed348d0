"""The whole plant: house, meter and batteries in one loop."""

import time
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowctl import Battery
from nodes.sim.plant import Plant
from nodes.sim.plant_file import read_plant_text
from nodes.sim.trace import Trace
from nodes.sim.twins import Twins

EXACT = "{latency: 0s, jitter: 0%, noise: 0W, resolution: 0W}"
TWO = f"""
house: {{profile: evening, seed: 3}}
meter: {EXACT}
left: {{kind: wired, wake: 0s}}
right: {{kind: udp, faults: [{{after: 100s, lasts: 50s, cap: 300W}}]}}
"""


def plant(text: str, **given: Any) -> Plant:
    return Plant(read_plant_text(text), **given)


def drive(text: str, seconds: float, seed: int | None = None) -> list[Any]:
    """A crude law: half of the meter each, at every reading. What everybody said."""
    twins = Twins(plant(text, seed=seed))
    said = []
    wanted = dict.fromkeys(twins.names[1:], 0.0)
    while (due := twins.next_due()) <= seconds:
        for item in twins.advance(due):
            said.append(item)
            if item[1] == twins.names[0]:
                for name in wanted:
                    wanted[name] += 0.1 * float(item[2])
                    twins.twin(name).command(wanted[name])
    return said


def test_the_meter_tells_the_mean_of_each_second() -> None:
    house = Trace([0, 10.25], [100, 500], length=100)
    one = plant(f"meter: {EXACT}", house=house)
    one.advance(30.0)
    said = one.meter()
    assert [round(b[0] - a[0], 9) for a, b in pairwise(said)] == [1.0] * 29
    assert {round(watts) for at, watts in said if at <= 10.25} == {100}
    assert {round(watts) for at, watts in said if at >= 11.25} == {500}
    [(at, watts)] = [item for item in said if 10.25 < item[0] < 11.25]
    assert watts == pytest.approx(100 + 400 * (at - 10.25))
    assert one.meter() == []


def test_the_meter_is_late_noisy_and_rounded() -> None:
    text = "{kind: dsmr4, every: 10s, latency: 1s, jitter: 50%, noise: 30W, resolution: 10W}"
    one = plant(f"meter: {text}", house=Trace([0, 1], [400, 400]))
    first = one.next_due()
    one.advance(first + 0.4)
    assert one.meter() == []
    one.advance(2000.0)
    said = one.meter()
    late = [(at - first) % 10 for at, _ in said]
    assert 0.5 <= min(late) < 0.7
    assert 1.3 < max(late) <= 1.5
    assert {watts % 10 for _, watts in said} == {0}
    powers = [watts for _, watts in said]
    assert sum(powers) / len(powers) == pytest.approx(400, abs=10)
    assert 15 < max(abs(watts - 400) for watts in powers) < 150


def test_a_meter_falls_silent_or_freezes() -> None:
    faults = "[{after: 20s, lasts: 10s, silent: true}, {after: 40s, lasts: 10s, frozen: true}]"
    one = plant(f"meter: {EXACT[:-1]}, faults: {faults}}}\nhouse: {{seed: 5}}")
    one.advance(60.0)
    said = one.meter()
    assert not [at for at, _ in said if 20 <= at < 30]
    assert len({watts for at, watts in said if 40 <= at < 50}) == 1
    assert len({watts for at, watts in said if at < 20}) == 20


def test_a_meter_that_is_asked_more_often_says_the_last_one_again() -> None:
    fault = "{after: 40s, lasts: 4s, silent: true}"
    text = f"meter: {{kind: dsmr4, jitter: 0%, polled: 1s, faults: [{fault}]}}"
    one = plant(f"{text}\nhouse: {{seed: 5}}")
    one.advance(60.0)
    said = one.meter()
    new = [k for k, (_, watts) in enumerate(said) if not k or watts != said[k - 1][1]]
    assert {round(said[b][0] - said[a][0], 6) for a, b in pairwise(new)} <= {10.0, 20.0}
    assert not [at for at, _ in said if 40 <= at < 44]
    assert {round(b[0] - a[0], 6) for a, b in pairwise(said) if b[0] < 40} <= {1.0}
    seldom = plant("meter: {every: 1s, polled: 800ms}\nhouse: {seed: 5}")
    seldom.advance(60.0)
    assert len(seldom.meter()) < 62  # about as often: none comes twice


@pytest.mark.parametrize(("polled", "count"), [("3s", 20), ("10s", 6), ("1500ms", 40)])
def test_a_meter_that_is_asked_more_seldom_says_its_newest_reading(polled: str, count: int) -> None:
    settings = "kind: dsmr5, jitter: 0%"
    one, all_of_them = (
        plant(f"meter: {{{settings}{more}}}\nhouse: {{seed: 5}}")
        for more in (f", polled: {polled}", "")
    )
    one.advance(60.0)
    all_of_them.advance(60.0)
    said, readings = one.meter(), all_of_them.meter()
    assert len(said) == pytest.approx(count, abs=1)
    for now, watts in said:
        assert watts == [told for at, told in readings if at <= now][-1]


def test_grid_is_load_less_sun_less_batteries() -> None:
    one = plant(TWO, pv=Trace([0, 1], [1000, 1000]))
    one.batteries["left"].command(600.0)
    one.batteries["right"].command(-400.0)
    one.advance(15.0)
    assert one.pv(15.0) == 1000
    assert one.grid(15.0) == pytest.approx(one.load(15.0) - 1000 - 600 + 400)


def test_appliances_run_by_time() -> None:
    loads = "[{after: 5s, lasts: 10s, power: 1kW, every: 60s}, {after: 8s, lasts: 4s, power: -2kW}]"
    one = plant(f"meter: {{}}\nhouse: {{profile: quiet, base: 0W, noise: 0W, loads: {loads}}}")
    found = {at: one.load(at) for at in (0, 5, 9, 13, 15, 65, 69, 75)}
    assert found == {0: 0, 5: 1000, 9: -1000, 13: 1000, 15: 0, 65: 1000, 69: 1000, 75: 0}


def test_a_self_regulating_battery_keeps_the_meter_near_zero_by_itself() -> None:
    own = "{kind: hybrid, self_regulating: true, soc: 50%}"
    one = plant(f"meter: {{}}\nleft: {own}", house=Trace([0, 1], [700, 700]))
    one.advance(60.0)
    assert abs(one.grid(60.0)) < 25
    assert {record.self_regulating for _, _, record in one.told()} == {True}


def test_telemetry_comes_at_its_times_and_acceptance_at_once() -> None:
    twins = Twins(plant(TWO))
    twins.advance(10.0)
    twins.twin("left").command(500.0)
    assert twins.twin("left").told() == [(10.0, Battery(setpoint=500.0, self_regulating=False))]
    twins.twin("left").command(600.0)  # within the write interval: taken a second later
    assert twins.twin("left").told() == []
    assert twins.next_due() <= 11.0
    told = [(at, value) for at, name, value in twins.advance(20.0) if name == "left"]
    assert [at for at, record in told if record.setpoint is not None] == [11.0]  # type: ignore[union-attr]
    polls = [at for at, record in told if record.power is not None]  # type: ignore[union-attr]
    assert {round(b - a, 9) for a, b in pairwise(polls)} == {2.0}
    assert twins.names == ("meter", "left", "right")


def test_no_telemetry_where_none_is_wanted() -> None:
    one = plant("meter: {}\nleft: {telemetry: {every: 0s}}")
    one.advance(60.0)
    assert one.told() == []


def test_the_same_seed_says_the_same_and_another_something_else() -> None:
    first, again, other = (drive(TWO, 120.0, seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other


@settings(max_examples=20)
@given(st.lists(st.floats(0.01, 7.0), min_size=1, max_size=30), st.integers(0, 99))
def test_what_is_said_does_not_depend_on_how_often_one_asks(steps: list[float], seed: int) -> None:
    often, once = plant(TWO, seed=seed), plant(TWO, seed=seed)
    for one in (often, once):
        one.batteries["left"].command(700.0)
    heard, told, now = [], [], 0.0
    for step in steps:
        now += step
        often.advance(now)
        heard += often.meter()
        told += often.told()
    once.advance(now)
    assert heard == once.meter()
    assert sorted(told, key=lambda item: item[:2]) == sorted(once.told(), key=lambda item: item[:2])


@settings(max_examples=20)
@given(st.integers(0, 999), st.lists(st.floats(-3000, 3000), min_size=6, max_size=6))
def test_the_energy_at_the_meter_is_the_energy_of_its_parts(
    seed: int, commands: list[float]
) -> None:
    one = plant(TWO, seed=seed)
    before = one.grid_energy(0.0), one.load_energy(0.0)
    for index, watts in enumerate(commands):
        list(one.batteries.values())[index % 2].command(watts)
        one.advance(one.time + 9.0)
    now = one.time
    batteries = sum(battery.energy(now) for battery in one.batteries.values())
    drawn = one.load_energy(now) - before[1]
    assert one.grid_energy(now) - before[0] == pytest.approx(drawn - batteries, abs=1e-3)
    said = [watts for _, watts in one.meter()]
    assert sum(said) == pytest.approx(one.grid_energy(one.gauge.taken), rel=0.05, abs=400)


def test_an_hour_of_two_batteries_costs_less_than_a_second_of_cpu() -> None:
    begun = time.process_time()
    said = drive(TWO, 3600.0)
    assert len(said) > 8000
    assert time.process_time() - begun < 3.0  # 0.25 s here; room for a busy machine
