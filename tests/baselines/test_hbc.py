"""Home Battery Control: a PID without a sense of time, batteries filled in order."""

import pytest

from tests.baselines.present import Present

PLAIN = {"kp": "0.3", "ki": "0", "kd": "0s", "calm_in": "0%"}


def house(left=50.0, right=50.0, **sets):
    return Present("hbc", follows=False, left={"soc": left}, right={"soc": right}, **sets)


def outputs(present):
    return [(t, round(watts, 3)) for t, watts in present.bench.stream("plan/ema#2")]


def test_rule_1_a_change_beyond_20_w_and_2_percent_passes_at_most_once_a_second():
    present = house()
    present.read(100, 200, 300, 400, every=0.5)
    assert [t for t, _ in outputs(present)] == [0, 1, 2]


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


@pytest.mark.parametrize(
    ("left", "both"),
    [(94, (-2500, -500)), (95, (-1500, -1500)), (99, (-1000, -2000)), (100, (0, -2500))],
)
def test_rule_7_near_full_a_battery_takes_less_and_the_next_one_more(left, both):
    present = house(left, kp="1", ki="0", kd="0s", calm_in="0%")
    present.read(-3000, every=2.0)
    assert present.both == both


def test_rule_7_an_empty_one_is_skipped():
    present = house(right=11, kp="1", ki="0", kd="0s", calm_in="0%")
    present.read(1000, every=2.0)
    assert present.both == (1000, 0)


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
