"""HomeEnergyController: a leader on its own, helpers in blocks."""

import pytest

from tests.baselines.present import Present


def house(leader=0.0, soc=50.0):
    return Present("jasper", follows=False, left={"power": leader}, right={"soc": soc})


def minute(present, grid):
    present.read(grid, every=60.0)


def test_rule_1_it_looks_once_a_minute():
    present = house(2400.0)
    present.read(*[0] * 130)
    assert [t for t, _ in present.totals()] == [60, 120]


def test_rule_2_the_leader_is_never_told_anything():
    present = house(2500.0)
    minute(present, 500)
    assert present.bench.heard("left") == []


@pytest.mark.parametrize(
    ("leader", "grid", "block"),
    [
        (1900, 0, 0),
        (2000, 0, 0),
        (2100, 0, 600),
        (2500, 500, 1500),
        (-2500, -400, -1400),
        (2500, 5000, 2500),
    ],
)
def test_rule_3_helpers_take_blocks_when_the_leader_is_near_its_limit(leader, grid, block):
    present = house(leader)
    minute(present, grid)
    assert present.last("right") == block


@pytest.mark.parametrize(("soc", "grid", "block"), [(20, 0, 0), (21, 0, 1000), (95, -5000, 0)])
def test_rule_4_the_charge_of_a_helper_stays_within_20_and_95_percent(soc, grid, block):
    present = house(2500.0, soc)
    minute(present, grid)
    assert present.last("right") == block
