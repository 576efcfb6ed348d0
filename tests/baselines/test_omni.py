"""Omnibattery: a PD regulator that adds to its last command."""

import pytest

from tests.baselines.present import Present


def house(kd="0", follows=True, left=None, right=None, **sets):
    return Present("omni", follows=follows, kd=kd, left=left, right=right, **sets)


def test_rule_1_it_runs_at_most_once_a_second():
    present = house()
    present.read(*[300] * 30, every=0.1)
    assert [t for t, _ in present.totals()] == [0, 1, 2, 3]


def test_rule_1_its_watchdog_finds_nothing_new_and_holds():
    present = house()
    present.read(300, every=9.0)
    assert len(present.totals()) == 1


def test_rule_2_the_error_is_averaged_over_two_seconds():
    present = house()
    present.read(100, 200)
    assert [round(error, 1) for _, error in present.bench.stream("error")] == [100, 139.3]


@pytest.mark.parametrize(("jump", "said"), [(190, 174.8), (350, 350)])
def test_rule_2_a_jump_beyond_200_w_is_not_averaged(jump, said):
    present = house()
    present.read(*[100] * 3, 100 + jump if jump < 200 else jump)
    assert present.bench.stream("error")[-1][1] == pytest.approx(said, abs=0.1)


@pytest.mark.parametrize("error", [40, -40])
def test_rule_2_within_40_w_the_last_command_stands(error):
    present = house(kd="0.3")
    present.read(*[300] * 5)
    before = present.total
    present.read(*[error] * 9)
    assert present.total == pytest.approx(before, abs=150)
    held = present.total
    present.read(*[error] * 9)
    assert present.total == held


@pytest.mark.parametrize(("every", "part"), [(1.0, 0.175), (2.0, 0.35), (10.0, 1.0)])
def test_rule_3_a_part_of_the_error_is_added_by_the_time_up_to_all_of_it(every, part):
    present = house()
    present.read(0, 300, every=every)
    assert present.totals()[-1][1] == pytest.approx(300 * part, abs=5)


def test_rule_3_the_change_of_the_error_is_added_behind_a_low_pass():
    present = house(kd="0.3")
    present.read(100, 280)
    error = [error for _, error in present.bench.stream("error/smooth")]
    lead = 0.3 * (error[1] - error[0]) * 1 / (3 + 1)
    assert present.bench.stream("lead")[-1][1] == pytest.approx(lead)


def test_rule_4_a_step_is_at_most_800_w_in_two_seconds():
    present = house(follows=False, kp="3")
    present.read(350, 350, 350)
    assert [total for _, total in present.totals()] == [400, 800, 1200]


def test_rule_4_a_change_of_direction_rests_five_seconds_at_zero():
    present = house()
    present.read(*[500] * 4)
    present.read(*[-390] * 16)
    signs = [(total > 0) - (total < 0) for _, total in present.totals()]
    assert signs.count(0) == 5
    assert signs[-1] == -1


def test_rule_5_a_confirmed_jump_is_met_in_one_go():
    present = house()
    present.read(0, 0, 900)
    assert present.total < 250
    present.read(900 - present.total)
    assert present.total == pytest.approx(900, abs=5)


def test_rule_5_then_it_waits_ten_seconds_and_thirty_for_the_way_back():
    present = house(follows=False)
    present.read(0, 900, 900, 0, 0, 900, 900)
    jumps = [at for at, jumped in present.bench.stream("jumped") if jumped]
    assert jumps == [2]


def test_rule_6_a_command_that_is_not_delivered_for_15_s_is_let_go():
    present = house(follows=False)
    present.tell(left={"power": 300.0}, right={"power": 0.0})
    present.read(*[300] * 6)
    wound = present.total
    assert wound > 450
    present.read(*[300] * 13)
    assert min(total for _, total in present.totals()[6:]) < 400


def test_rule_6_with_all_at_their_limit_after_three_seconds():
    present = house(follows=False, unit="400W")
    present.tell(left={"power": 100.0}, right={"power": 0.0})
    present.read(*[300] * 18)
    totals = [total for _, total in present.totals()]
    top = totals.index(800.0)
    assert min(totals[top : top + 6]) < 300


@pytest.mark.parametrize(
    ("left", "right", "total", "units"),
    [(50, 60, 1400, 1), (50, 60, 1600, 2), (60, 50, -1700, 1), (60, 50, -1800, 2)],
)
def test_rule_8_the_next_unit_is_added_at_1500_w_and_1750_w(left, right, total, units):
    present = house(left={"soc": left}, right={"soc": right})
    present.read(0, total, total)
    plan = present.bench.stream("plan")[-1][1].watts
    assert sum(plan.values()) == pytest.approx(total, abs=5)
    assert sum(watts != 0 for watts in plan.values()) == units


def test_rule_8_the_fuller_one_gives_with_five_points_for_the_one_that_is_on():
    present = house(left={"soc": 50.0}, right={"soc": 52.0})
    present.read(0, 900, 900)
    assert present.both[0] == 0 < present.both[1]
    present.tell(left={"soc": 55.0})
    present.read(*[0] * 9)
    assert present.both[0] == 0 < present.both[1]
    present.tell(left={"soc": 58.0})
    present.read(*[0] * 130)
    assert present.both[1] == 0 < present.both[0]


def test_rule_8_an_added_unit_stays_for_two_minutes():
    present = house(left={"soc": 50.0}, right={"soc": 60.0})
    present.read(0, 2000, 2000)
    present.read(*[-1000] * 2, *[0] * 60)
    assert min(present.both) > 0
    present.read(*[0] * 80)
    assert min(present.both) == 0


def test_rule_9_shares_are_multiples_of_5_w():
    present = house(left={"max_discharge": 800.0})
    present.read(0, 2311, 2311)
    assert all(watts % 5 == 0 for watts in present.both)
    assert present.both[1] / present.both[0] == pytest.approx(2500 / 800, abs=0.05)


def test_rule_10_one_that_ignores_its_command_is_left_alone_for_five_minutes():
    present = house(follows=False, left={"soc": 60.0})
    present.read(0, 900, 900, *[900] * 3)
    for _ in range(3):
        present.tell(left={"power": 0.0}, right={"power": 0.0})
        present.read(900)
    present.read(900)
    assert "left" not in present.bench.stream("plan")[-1][1].watts
    assert present.last("right") > 0


def test_rule_11_a_silent_meter_holds_the_last_command():
    present = house()
    present.read(0, 900, 900)
    held = present.both
    present.bench.advance(300)
    assert present.both == held


def test_rule_7_three_turns_leave_no_integral_behind():
    """Its presets have none: after turns it goes on from its last command alone."""
    turned, fresh = house(follows=False), house(follows=False)
    turned.read(*[100, -100] * 2, *[0] * 30)
    fresh.read(*[0] * 34)
    before = turned.total
    turned.read(150), fresh.read(150)
    assert turned.total - before == pytest.approx(fresh.total, abs=5)
