"""lucavb: every 15 s towards an import of 50 W, in small steps."""

import pytest

from tests.baselines.present import Present


def house(left=0.0, follows=True):
    return Present("lucavb", follows=follows, left={"power": left, "setpoint": left}, high="800W",
                   low="80W")  # fmt: skip


def test_rule_1_it_runs_every_15_s():
    present = house()
    present.read(*[100] * 46)
    times = [t for t, _ in present.bench.stream("wanted")]
    assert times == [15, 30, 45]


def test_rule_2_readings_are_averaged_by_halves():
    present = house()
    present.read(*[100] * 15, *[300] * 15, *[300] * 15)
    assert [mean for _, mean in present.bench.stream("wanted/ema")] == [100, 200, 250]


def test_rule_3_the_target_is_output_plus_the_mean_less_50_w():
    present = house(left=200.0, follows=False)
    present.read(*[300] * 16)
    assert present.bench.stream("wanted") == [(15, 450)]


@pytest.mark.parametrize(
    ("left", "grid", "total"), [(200, 600, 350), (700, -100, 550), (700, -600, 80)]
)
def test_rule_4_steps_up_are_150_w_and_down_there_is_no_limit_while_exporting(left, grid, total):
    present = house(left=left, follows=False)
    present.read(*[grid] * 16)
    assert present.totals()[-1] == (15, total)


def test_rule_4_down_it_is_300_w_while_importing():
    present = house(left=750, follows=False)
    present.tell(left={"power": 300.0})
    present.read(*[2] * 16)
    assert present.totals() == [(15, 450)]


def test_rule_5_a_change_below_25_w_is_none():
    present = house(left=200.0, follows=False)
    present.read(*[70] * 61)
    assert {total for _, total in present.totals()} == {220}
    present.tell(left={"power": 220.0, "setpoint": 220.0})
    present.read(*[70] * 30)
    assert {total for _, total in present.totals()} == {220}


def test_rule_6_a_command_stands_for_30_s():
    present = house()
    present.read(*[400] * 61)
    changes = [t for t, total in present.totals()]
    values = [total for _, total in present.totals()]
    assert changes == [15, 30, 45, 60]
    assert values[0] == values[1] != values[2] == values[3]


@pytest.mark.parametrize(("grid", "total"), [(-900, 80), (5000, 800)])
def test_rule_7_it_stays_between_80_and_800_w(grid, total):
    present = house()
    present.read(*[grid] * 400)
    assert present.total == total


def test_rule_8_a_minute_without_a_reading_is_zero():
    present = house(left=300.0, follows=False)
    present.read(*[100] * 16)
    assert present.total == 350
    present.bench.advance(200)
    assert [watts for _, watts in present.bench.heard("left")][-2:] == [0, None]


def test_rule_5_one_of_30_w_is_one():
    present = house(left=200.0, follows=False)
    present.read(*[70] * 46)
    present.read(*[130] * 60)
    assert present.total == pytest.approx(280, abs=5)


@pytest.mark.parametrize(("grid", "total"), [(-900, 80), (9000, 5000)])
def test_rule_7_where_nobody_says_otherwise_up_to_what_two_batteries_give(grid, total):
    present = Present("lucavb")
    present.read(*[grid] * 1200)
    assert present.total == total


def test_rule_8_not_a_second_sooner_nor_later():
    present = house(left=300.0, follows=False)
    present.read(*[100] * 16)
    present.bench.advance(80)
    said = [t for t, total in present.totals() if total]
    assert [t for t, total in present.totals() if not total] == [said[-1] + 60]
