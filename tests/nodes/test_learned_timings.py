"""Timings are learned where the meter tells of them, and only there."""

import math
import random

import pytest

from tests.nodes.small_house import GRAIN, Cell, SmallHouse


@pytest.mark.parametrize("period", [3.5, 5.0, 10.0])
def test_a_slow_battery_comes_to_rest_also_behind_a_slow_meter(period):
    """Believed to answer in 5 s, one that takes 12 s would swing by kilowatts for ever."""
    house = SmallHouse(
        {"left": Cell(dead=11.0, lag=1.0)}, lambda t: 400.0 + 1200.0 * (t % 240 > 120)
    )
    house.meter_every = period
    house.run(960)
    assert house.mean(60) < 50
    assert 9.0 <= house.outlooks[-1].batteries["left"].dead_time <= 15.0


@pytest.mark.parametrize("every", [11.0, 13.0])
def test_pulses_teach_no_timing(every):
    """The end of a pulse comes as long after the command as a quick answer would."""
    house = SmallHouse(
        {"left": Cell(dead=4.7, lag=3.0)},
        lambda t: 1300.0 * (t % 60 < 30) if t < 240 else 500.0 + 1500.0 * (t % every < every / 2),
    )
    house.run(900)
    assert 4.0 <= house.outlooks[-1].batteries["left"].dead_time <= 7.0


@pytest.mark.parametrize("count", [1, 2])
def test_a_battery_quicker_than_its_meter_is_not_taken_for_a_slow_one(count):
    """Who shows all within one reading would be taken for one that shows it over many."""

    def load(at):
        return 300.0 + 2000.0 * count * (at % 80 > 40) + 200.0 * (at < 200 and at % 7 < 3)

    house = SmallHouse({f"battery{k}": Cell(dead=0.1, lag=0.05) for k in range(count)}, load)
    house.meter_every = 0.5
    house.run(400)
    assert house.mean(200) < 140


def test_batteries_that_move_at_once_are_told_apart_by_what_they_say():
    """The meter alone takes `b` for quick; 140 W went to and fro then, too small to teach more."""
    timings = {"a": (0.5, 2.625, 2500.0), "b": (4.125, 0.625, 800.0), "c": (1.75, 0.875, 800.0)}
    cells = {name: Cell(dead, lag, most) for name, (dead, lag, most) in timings.items()}
    house = SmallHouse(cells, lambda t: -1500.0 if t < 180 else -300.0).run(270)
    assert house.mean(15) < 20


def test_a_battery_that_gives_a_part_is_not_taken_for_a_late_one():
    """It moves when it should, if not as far: that says nothing against its timing."""

    class Weak(Cell):
        def pass_time(self, now):
            told = [0.6 * watts for at, watts in self.sent if at + self.dead <= now]
            goal = told[-1] if told else 0.0
            self.power += (goal - self.power) * (1 - math.exp(-GRAIN / self.lag))

    house = SmallHouse({"left": Weak()}, lambda t: 400.0 + 900.0 * (t % 60 > 30)).run(300)
    assert house.outlooks[-1].batteries["left"].dead_time <= 3.0


def test_pulses_leave_no_swing_behind_in_a_battery_that_tells_nothing():
    """Taken for late it swung with 1.9 kW for ever: a swing looks like pulses, and none learned."""

    def load(at):
        if at < 150:
            return -300.0 if at < 60 else 400.0 if at < 120 else -1500.0
        return 300.0 + 600.0 * (at % 30 < 15) if at < 500 else 900.0

    house = SmallHouse({"left": Cell(dead=0.5, lag=1.78, silent=True)}, load).run(700)
    assert house.mean(60) < 20


@pytest.mark.parametrize("every", [2.0, 4.0, 8.0])
@pytest.mark.parametrize("seed", range(3))
def test_two_that_cannot_serve_a_step_are_not_taken_for_late_after_they_moved(every, seed):
    """The meter shows a third of it and no more: 15 s would explain that best."""
    chance = random.Random(seed)
    cells = {
        name: Cell(dead=chance.uniform(0.8, 4.0), lag=chance.uniform(0.5, 2.0), most=800.0)
        for name in "ab"
    }
    small = (300.0, 700.0, 150.0, 600.0)
    house = SmallHouse(cells, lambda t: small[int(t // 20) % 4] if t < 400 else 3000.0)
    house.tell_every = every
    house.run(400 + 12 + 2 * every)
    said = [
        ability for look in house.outlooks if look.at > 400 for ability in look.batteries.values()
    ]
    assert max(ability.dead_time for ability in said) <= 6.0
    assert all("delivers" in ability.note for ability in said[-2:])
