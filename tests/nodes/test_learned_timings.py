"""Timings are learned where the meter tells of them, and only there."""

import pytest

from tests.nodes.small_house import Cell, SmallHouse


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
