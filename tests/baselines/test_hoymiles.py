"""HoymilesZeroExport: a limit that moves to a band of export, and jumps at the first import."""

import pytest

from tests.baselines.present import Present


def house(limit=2000.0):
    return Present("hoymiles", follows=False, left={"setpoint": limit / 2},
                   right={"setpoint": limit / 2})  # fmt: skip


def test_rule_1_it_loops_every_20_s():
    present = house()
    present.read(*[-300] * 65)
    assert [t for t, _ in present.totals()] == [20, 40, 60]


@pytest.mark.parametrize(("grid", "total"), [(-75, 2000), (-100, 2000), (-50, 2000)])
def test_rule_2_within_the_band_nothing_changes(grid, total):
    present = house()
    present.read(*[grid] * 21)
    assert present.totals() == [(20, total)]


@pytest.mark.parametrize(("grid", "total"), [(-200, 1875), (-110, 1965), (-20, 2055), (0, 2075)])
def test_rule_2_outside_it_the_limit_goes_to_its_middle(grid, total):
    present = house()
    present.read(*[grid] * 21)
    assert present.totals() == [(20, total)]


def test_rule_3_at_the_first_import_the_limit_is_100_percent():
    present = house()
    present.read(*[1] * 21)
    assert present.totals() == [(20, 5000)]


@pytest.mark.parametrize(("grid", "total"), [(-1075, 1000), (-1575, 800)])
def test_rule_4_large_steps_down_are_cut_to_80_percent(grid, total):
    present = house()
    present.read(*[grid] * 21)
    assert present.totals() == [(20, total)]


def test_rule_5_it_only_gives():
    present = house(limit=100.0)
    present.read(*[-900] * 21)
    assert present.totals() == [(20, 0)]
