"""Zendure-HA: grid plus output, now and then, onto few units."""

import pytest

from tests.baselines.present import Present


def house(left=50.0, right=50.0, power=0.0):
    return Present("zendure", follows=False, left={"soc": left, "power": power},
                   right={"soc": right})  # fmt: skip


def test_rule_1_the_setpoint_is_grid_plus_output():
    present = house(power=-300.0)
    present.read(100)
    assert present.total == -200


def test_rule_2_it_runs_every_four_seconds():
    present = house()
    present.read(*[500, 501] * 6)
    assert [t for t, _ in present.totals()] == [0, 4, 8, 12]


def test_rule_2_after_something_unusual_it_runs_sooner():
    present = house()
    present.read(*[500, 501] * 5, 900, 905)
    assert [t for t, _ in present.totals()] == [0, 4, 8, 10.2]


@pytest.mark.parametrize(("grid", "both"), [(2000, (1500, 500)), (-2000, (-667, -1333))])
def test_rule_3_shares_follow_limit_times_charge_or_room(grid, both):
    present = house(60, 20)
    present.read(grid)
    assert present.both == pytest.approx(both, abs=1)


@pytest.mark.parametrize(("grid", "units"), [(1249, 1), (1251, 2), (-1249, 1), (-1251, 2)])
def test_rule_4_another_unit_starts_above_half_of_the_limit(grid, units):
    present = house()
    present.read(grid)
    assert sum(watts != 0 for watts in present.both) == units


def test_rule_5_five_watts_are_tolerated():
    present = house()
    present.read(*[800] * 4, *[804] * 4, *[806] * 4, *[806] * 4)
    assert [total for _, total in present.totals()] == [800, 800, 800, 806, 806]


@pytest.mark.parametrize(
    ("usual", "unusual", "sooner"),
    [
        ((500, 501), 560, True),
        ((500, 501), 545, False),  # 3.5 times 15 W at least
        ((480, 520), 578, True),
        ((480, 520), 562, False),  # 3.5 times 20 W
    ],
)
def test_rule_2_unusual_is_three_and_a_half_deviations_of_eight_samples(usual, unusual, sooner):
    present = house()
    present.read(*usual * 5, unusual, unusual)
    assert ([t for t, _ in present.totals()][3:] == [10.2]) is sooner


@pytest.mark.parametrize(
    ("high", "at"),
    [
        (2, [0, 2.2, 6.2, 10]),  # the 1000 W are nine samples ago, and 600 W unusual: at once
        (3, [0, 3, 7, 11]),  # eight samples ago they count, and 600 W wait for four seconds
    ],
)
def test_rule_2_what_is_longer_ago_than_eight_samples_is_forgotten(high, at):
    present = house()
    present.read(*[1000] * high, *[500] * (10 - high), 600, 600)
    assert [t for t, _ in present.totals()] == pytest.approx(at)


def test_rule_4_it_goes_back_to_one_at_once():
    present = house()
    present.read(*[1300] * 4, *[1200] * 6)
    assert sorted(present.both) == [0, 1200]
