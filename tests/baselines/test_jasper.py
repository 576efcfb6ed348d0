"""HomeEnergyController: a leader on its own, helpers in blocks."""

import pytest

from tests.baselines.present import Present


def house(leader=0.0, soc=50.0, **more):
    return Present("jasper", follows=False, left={"power": leader}, right={"soc": soc}, **more)


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
        (2130, 0, 600),
        (2160, 0, 700),
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


@pytest.mark.parametrize(("leader", "block"), [(1740, 0), (1860, 400)])
def test_rule_3_a_block_of_less_than_300_w_is_none(leader, block):
    present = house(leader, unit="1.9kW")
    minute(present, 0)
    assert present.last("right") == block


def test_rule_1_it_goes_by_a_reading_for_two_minutes_at_most():
    present = house(2500.0)
    present.read(0, every=400.0)
    assert [t for t, _ in present.totals()] == [60, 120]


@pytest.mark.parametrize(("grid", "watts"), [(-2000, 1700), (500, 0)])
def test_rule_5_a_car_gets_most_of_the_surplus_where_those_lines_are_written(grid, watts):
    lines = ["  # car:    ", "  #   - from: meter", '  #   - map: {to: "0.85']
    edits = {line: line.replace("# ", "", 1) for line in lines}
    present = house(edits=edits)
    present.read(grid)
    assert present.bench.stream("car") == [(0, watts)]
