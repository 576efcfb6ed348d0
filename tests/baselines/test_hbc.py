"""Home Battery Control: a PID without a sense of time, batteries filled in order."""

import pytest

from flowctl.language.check import load
from tests.baselines.present import FOLDER, Present

PLAIN = {"kp": "0.3", "ki": "0", "kd": "0s", "calm_in": "0%"}


def house(left=50.0, right=50.0, **sets):
    return Present("hbc", follows=False, left={"soc": left}, right={"soc": right}, **sets)


def outputs(present):
    return [(t, round(watts, 3)) for t, watts in present.bench.stream("plan/ema#2")]


def test_rule_1_a_change_beyond_20_w_and_2_percent_passes_at_most_once_a_second():
    present = house()
    present.read(100, 200, 300, 400, every=0.5)
    assert [t for t, _ in outputs(present)] == [0, 1, 2]


@pytest.mark.parametrize(("first", "second"), [(100, 121), (2000, 2041)])
def test_rule_1_that_is_both_20_w_and_2_percent(first, second):
    present = house()
    present.read(first, second)
    assert [t for t, _ in outputs(present)] == [0, 1]


@pytest.mark.parametrize(("first", "second"), [(100, 119), (2000, 2039)])
def test_rule_1_otherwise_one_passes_every_three_seconds(first, second):
    present = house()
    present.read(first, *[second] * 6)
    assert [t for t, _ in outputs(present)] == [0, 3, 6]


def test_rule_2_the_error_is_damped_by_the_one_before():
    present = house(**PLAIN | {"calm_in": "20%"})
    present.read(1000, 0)
    assert [watts for _, watts in outputs(present)] == [300, 60]


@pytest.mark.parametrize(("error", "moves"), [(14, False), (-14, False), (16, True)])
def test_rule_2_below_15_w_outputs_stay(error, moves):
    present = house(**PLAIN)
    present.read(1000, error)
    assert (outputs(present)[-1][1] != 300) is moves


def test_rule_2_the_error_is_counted_from_the_target():
    present = house(**PLAIN, target="-100W")
    present.read(1000)
    assert outputs(present) == [(0, 330)]


@pytest.mark.parametrize("every", [1.0, 5.0])
def test_rule_3_i_and_d_count_executions_and_not_time(every):
    present = house(**PLAIN | {"ki": "0.3", "kd": "0.1s"})
    present.read(1000, 800, every=every)
    assert [watts for _, watts in outputs(present)] == [
        300 + 300, 240 + 300 + 240 - 20,
    ]  # fmt: skip


def test_rule_3_the_integral_is_limited_to_what_can_be_assigned():
    present = house(**PLAIN | {"ki": "0.3"}, high="1kW")
    present.read(*[2000, 2100] * 10)
    present.read(-1000)
    assert outputs(present)[-1][1] == 1000 - 300 - 300


def test_rules_2_3_and_4_with_the_numbers_of_the_safe_preset():
    present = house()
    present.read(1000, 0)
    assert [watts for _, watts in outputs(present)] == [
        0.3 * 1000 + 0.3 * 1000, 0.3 * 200 + 0.3 * 1200 - 0.1 * 800,
    ]  # fmt: skip


def test_rule_4_the_output_is_damped_too():
    present = house(**PLAIN, calm_out="10%")
    present.read(1000, 100)
    assert [watts for _, watts in outputs(present)] == [300, 57]


def test_rule_6_batteries_are_filled_in_order_and_discharge_in_reverse():
    present = house(kp="1", ki="0", kd="0s", calm_in="0%", high="9kW")
    present.read(3000, every=2.0)
    assert present.both == (500, 2500)
    present.read(-3000, every=2.0)
    assert present.both == (-2500, -500)


def test_rule_6_the_order_moves_on():
    present = house(kp="1", ki="0", kd="0s", calm_in="0%", turn="20s")
    present.read(*[-1000] * 15)
    assert present.both == (-1000, 0)
    present.read(*[-1000] * 15)
    assert present.both == (-1, -1000)


def test_rule_6_it_does_so_every_half_hour():
    present = house(kp="1", ki="0", kd="0s", calm_in="0%")
    for minutes, both in ((29, (-1000, 0)), (2, (-1, -1000))):
        present.read(*[-1000] * (60 * minutes))
        assert present.both == both


@pytest.mark.parametrize("charge", [94, 95, 99, 100])
def test_rule_7_so_does_the_other_one(charge):
    present = house(100, charge, kp="1", ki="0", kd="0s", calm_in="0%")
    present.read(-3000, every=2.0)
    assert present.both == (0, {94: -2500, 95: -1500, 99: -1000, 100: 0}[charge])


def test_rule_7_one_that_does_not_answer_is_skipped():
    present = house(kp="1", ki="0", kd="0s", calm_in="0%")
    present.tell(right={"online": False})
    present.read(1000, every=2.0)
    assert present.last("left") == 1000


@pytest.mark.parametrize(
    ("left", "both"),
    [(94, (-2500, -500)), (95, (-1500, -1500)), (99, (-1000, -2000)), (100, (0, -2500))],
)
def test_rule_7_near_full_a_battery_takes_less_and_the_next_one_more(left, both):
    present = house(left, kp="1", ki="0", kd="0s", calm_in="0%")
    present.read(-3000, every=2.0)
    assert present.both == both


@pytest.mark.parametrize(("right", "both"), [(11, (1000, 0)), (12, (0, 1000))])
def test_rule_7_an_empty_one_is_skipped(right, both):
    present = house(right=right, kp="1", ki="0", kd="0s", calm_in="0%")
    present.read(1000, every=2.0)
    assert present.both == both


def test_rule_8_the_mode_is_asserted_again_every_five_minutes():
    """By the device: here that it is told to; `test_marstek_modbus.py` shows that it does."""
    assert load(FOLDER / "hbc.yaml").edge("left").settings["reassert"] == 300.0


def test_rule_8_at_zero_a_watt_keeps_the_relay_closed_for_five_minutes():
    present = house(kp="1", ki="0", kd="0s", calm_in="0%")
    present.read(1000, -1000, every=2.0)
    assert present.both == (-1000, 1)
    for _ in range(7):
        present.tell(left={"power": 0.0}, right={"power": 0.0})
        present.read(*[-1000] * 45)
    assert present.both == (-1000, 0)


def test_rule_5_with_its_output_hysteresis_changes_below_200_w_are_held():
    edits = {"# - deadband: 200W": "- deadband: 200W"}
    present = Present("hbc", follows=False, kp="1", ki="0", kd="0s", calm_in="0%", edits=edits)
    present.read(500, 620, 680, 720)
    assert [round(total) for _, total in present.totals()] == [500, 500, 500, 720]


def test_rule_5_no_more_is_asked_than_all_can_do():
    present = house(kp="1", ki="0", kd="0s", calm_in="0%")
    present.read(9000, -9000, every=2.0)
    assert [watts for _, watts in outputs(present)] == [5000, -5000]


def shaving(ki="0"):
    return house(kp="1", ki=ki, kd="0s", calm_in="0%", beyond="2kW")


def test_rule_9_only_what_is_beyond_the_limit_is_served():
    present = shaving()
    present.read(1900, 2600, every=3.0)
    assert [watts for _, watts in outputs(present)] == [0, 600]
    exports = shaving()
    exports.read(-1900, -2600, every=3.0)
    assert [watts for _, watts in outputs(exports)] == [0, -600]


@pytest.mark.parametrize("side", [1, -1])
def test_rule_9_however_little_is_beyond_it_is_served(side):
    present = house(kp="0.1", ki="0", kd="0s", calm_in="0%", beyond="2kW")
    present.read(side * 2050)
    assert present.total == pytest.approx(side * 5)


def test_rule_9_the_side_is_latched_and_let_go_after_ten_seconds():
    present = shaving(ki="0.3")
    present.read(3000)
    present.read(*[1980, 2000] * 4)
    assert present.total > 200
    present.read(*[1980, 2000] * 2)
    assert present.total == pytest.approx(0, abs=2)
    assert [side for _, side in present.bench.stream("side")] == [1, 0]


def test_rule_9_while_it_is_latched_nothing_is_done_the_other_way():
    present = shaving()
    present.read(3000, -1500, every=3.0)
    assert present.total == pytest.approx(0, abs=2)
    present.read(-4500, every=3.0)
    assert present.total == pytest.approx(-2500, abs=2)
