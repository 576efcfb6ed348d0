"""OpenDTU-OnBattery: a target with hysteresis, and a base load for a silent meter."""

import pytest

from tests.baselines.present import Present


@pytest.mark.parametrize(
    ("grid", "target", "total"), [(500, "0", 700), (500, "100W", 600), (-900, "0", 0)]
)
def test_rule_1_the_limit_is_grid_plus_output_less_the_target(grid, target, total):
    present = Present("open_dtu", follows=False, left={"power": 200.0}, target=target)
    present.read(grid)
    assert present.totals() == [(0, total)]


def test_rule_2_small_changes_are_held():
    present = Present("open_dtu", follows=False)
    present.read(500, 520, 480, 530)
    assert [total for _, total in present.totals()] == [500, 500, 500, 530]


def test_rule_3_a_silent_meter_means_the_base_load():
    present = Present("open_dtu", follows=False, base="150W")
    present.read(500)
    present.bench.advance(40)
    assert present.totals()[1:] == [(30, 150), (35, 150), (40, 150)]


def test_rule_4_an_inverter_out_of_reach_is_left_as_it_shows_on_the_meter():
    present = Present("open_dtu", follows=False, left={"power": 300.0}, right={"power": 300.0})
    present.tell(right={"online": False})
    present.read(100)
    present.read(100)
    assert present.bench.stream("plan")[-1][1].watts == {"left": 400}


@pytest.mark.parametrize(("grid", "total"), [(9000, 5000), (4900, 4900)])
def test_rule_1_it_gives_what_all_inverters_can_at_most(grid, total):
    present = Present("open_dtu", follows=False)
    present.read(grid)
    assert present.total == total


def test_rule_3_the_base_load_is_200_w_where_nobody_says_otherwise():
    present = Present("open_dtu", follows=False)
    present.read(500)
    present.bench.advance(30)
    assert present.totals()[-1] == (30, 200)
