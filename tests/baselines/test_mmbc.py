"""MMBC: every five seconds onto as few batteries as can carry it."""

import pytest

from tests.baselines.present import Present


def house(left=50.0, right=60.0, power=0.0):
    return Present("mmbc", follows=False, left={"soc": left, "power": power}, right={"soc": right})


@pytest.mark.parametrize(("grid", "both"), [(30, (0, 0)), (-30, (0, 0)), (31, (0, 31))])
def test_rule_1_up_to_30_w_all_are_idle(grid, both):
    present = house()
    present.read(*[grid] * 6)
    assert present.both == both


def test_rule_1_every_five_seconds_it_adds_telemetry_to_the_grid():
    present = house(power=200.0)
    present.read(*[500] * 11)
    assert present.totals() == [(5, 700), (10, 700)]


@pytest.mark.parametrize(
    ("left", "right", "grid", "both"),
    [
        (50, 60, 1000, (0, 1000)),
        (70, 60, 1000, (1000, 0)),
        (50, 60, -1000, (-1000, 0)),
        (50, 60, 2499, (0, 2499)),
        (50, 60, 2500, (1250, 1250)),
        (50, 60, 4000, (2000, 2000)),
        (50, 11, 4000, (2500, 0)),
        (50, 12, 4000, (2000, 2000)),
        (100, 99, -4000, (0, -2500)),
        (100, 100, -1000, (0, 0)),
        (100, 60, -1000, (0, -1000)),
        (11, 11, 1000, (0, 0)),
    ],
)
def test_rule_2_as_few_as_can_carry_it_the_fullest_gives_and_the_emptiest_takes(
    left, right, grid, both
):
    present = house(left, right)
    present.read(*[grid] * 6)
    assert present.both == both


def test_rule_2_the_order_is_kept_for_five_minutes():
    present = house()
    present.read(*[1000] * 6)
    for both in ((0, 1000), (0, 1000), (1000, 0)):
        for _ in range(2):
            present.tell(left={"soc": 90.0, "power": 0.0}, right={"power": 0.0})
            present.read(*[1000] * 50)
        assert present.both == both


def test_rule_3_each_gets_the_same_part_and_at_most_2500_w():
    present = house()
    present.read(*[7000] * 6)
    assert present.both == (2500, 2500)


def test_rule_3_on_stop_batteries_are_released():
    present = house()
    present.read(*[1000] * 6)
    present.bench.close()
    assert present.bench.heard("right")[-1] == (6, None)


def test_rule_2_it_goes_back_to_fewer_at_once():
    present = house()
    present.read(*[2500] * 6, *[2450] * 5)
    assert present.both == (0, 2450)


def test_rule_2_one_point_of_charge_is_enough_to_be_called_first():
    present = house()
    present.read(*[1000] * 6)
    for _ in range(4):
        present.tell(left={"soc": 61.0, "power": 0.0}, right={"power": 0.0})
        present.read(*[1000] * 80)
    assert present.both == (1000, 0)
