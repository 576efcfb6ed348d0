"""AstraMeter's active control: corrections on top of what each battery measures."""

import pytest

from tests.baselines.present import Present


def house(left=None, right=None, follows=False):
    return Present("astra", follows=follows, left=left, right=right)


def shares(present, step="fair_share"):
    return dict(present.bench.stream(f"plan/{step}")[-1][1].watts)


def lefts(present, step="step_limit"):
    return [plan.watts["left"] for _, plan in present.bench.stream(f"plan/{step}")]


def test_rule_1_there_is_one_correction_a_second():
    present = house()
    present.read(*[100] * 8, every=0.5)
    assert [t for t, _ in present.totals()] == [1, 2, 3, 4]


def test_rule_2_a_change_of_output_is_taken_off_what_is_believed():
    present = house()
    present.read(500)
    present.tell(left={"power": 200.0})
    assert present.bench.stream("believed")[-1] == (1, 300)


def test_rule_2_a_reading_is_trusted_in_part_and_more_when_it_insists():
    present = house()
    present.read(0, 200, 200, 200)
    believed = [watts for _, watts in present.bench.stream("believed")]
    assert believed == pytest.approx([0, 100, 170, 170 + 30 * 0.7])


def test_rule_3_a_small_import_that_stays_gets_15_w_more():
    present = house()
    present.read(*[100] * 7)
    errors = [watts for _, watts in present.bench.stream("error")]
    assert errors == [100] * 5 + [115, 115]


@pytest.mark.parametrize("watts", [130, -50])
def test_rule_3_no_other_error_does(watts):
    present = house()
    present.read(*[watts] * 9)
    assert {error for _, error in present.bench.stream("error")} == {watts}


def test_rule_3_it_is_the_grid_as_believed_that_counts_and_not_the_reading():
    present = house()
    for second in range(1, 12):
        present.tell(left={"power": 200.0 * second})
        present.read(130)
    errors = [watts for _, watts in present.bench.stream("error")]
    believed = [watts for _, watts in present.bench.stream("believed")]
    assert errors[-1] == pytest.approx(believed[-1] + 15)


def test_rule_3_two_watts_are_a_small_import_too():
    present = house()
    present.read(*[2] * 7)
    assert present.bench.stream("error")[-1][1] == 17


def test_rule_4_the_error_is_shared_by_weight():
    present = house()
    present.read(300)
    assert shares(present) == {"left": 150, "right": 150}


@pytest.mark.parametrize(
    ("left", "right", "pull"), [(300, 340, 0), (300, 400, 10), (300, 700, 60), (0, 2000, 80)]
)
def test_rule_5_outputs_are_drawn_together(left, right, pull):
    present = house({"power": left}, {"power": right})
    present.read(0)
    assert shares(present) == pytest.approx({"left": left + pull, "right": right - pull})


def test_rule_6_no_share_of_the_error_has_another_sign_but_balance_passes():
    present = house({"power": 0.0}, {"power": 1000.0})
    present.read(20)
    assert shares(present)["left"] == 10 + 80
    assert shares(present)["right"] == 1000 + 10 - 80


def test_rule_7_a_small_correction_goes_to_the_most_active_battery():
    present = house({"power": 500.0}, {"power": 480.0})
    present.read(0, 50)
    made = shares(present, "concentrate")
    assert made["right"] == 480
    assert made["left"] > 500


@pytest.mark.parametrize(
    ("before", "now", "grid"), [((500, 480), (500, 480), 140), ((500, 100), (440, 160), 20)]
)
def test_rule_7_not_a_larger_one_nor_with_outputs_far_apart(before, now, grid):
    present = house({"power": before[0]}, {"power": before[1]})
    present.read(0)
    present.tell(left={"power": now[0]}, right={"power": now[1]})
    present.read(grid)
    assert shares(present, "concentrate") == shares(present)


@pytest.mark.parametrize(("grid", "right"), [(93, 480), (97, 480 + 18)])
def test_rule_7_small_is_less_than_60_w(grid, right):
    """The output rose by 25 W, so 25 W less are believed; half of the reading's news joins them."""
    present = house({"power": 500.0}, {"power": 480.0})
    present.read(0)
    present.tell(left={"power": 525.0})
    present.read(grid)
    believed = present.bench.stream("believed")[-1][1]
    assert 25 + believed == (59 if grid == 93 else 61)
    assert shares(present, "concentrate")["right"] == right


@pytest.mark.parametrize(("last", "right"), [(64, 480), (70, 480 + 31)])
def test_rule_7_balanced_is_within_30_w_of_its_part(last, right):
    """Its part rises by 9 W three times, and then comes to 29.5 W or 31 W above what it gives."""
    present = house({"power": 500.0}, {"power": 480.0})
    present.read(0, 36, 54, 72)
    assert shares(present, "concentrate")["right"] == 480
    present.read(last)
    assert shares(present, "concentrate")["right"] == right


def test_rule_8_corrections_that_turn_are_softened():
    present = house()
    present.read(200, -200, 200, -200, 200, -200, 200, -200)
    raw, soft = shares(present, "concentrate")["left"], shares(present, "damp_reversals")["left"]
    assert soft == pytest.approx(raw * (1 - 0.95 * 0.3))


def test_rule_8_not_with_more_than_300_w_at_the_grid():
    present = house()
    present.read(400, -400, 400, -400, 400, -400)
    assert shares(present, "concentrate") == shares(present, "damp_reversals")


def test_rule_9_steps_are_30_w_and_grow_to_100_w_while_the_battery_follows():
    present = house(follows=True)
    present.read(*[5000] * 6)
    assert lefts(present) == [30, 90, 190, 290, 390, 490]


def test_rule_9_where_it_turns_the_step_is_small_again():
    present = house(follows=True)
    present.read(*[5000] * 4, *[-9000] * 3)
    assert lefts(present)[3:6] == [290, 260, 200]


def test_rule_9_not_for_one_that_stands():
    present = house(follows=False)
    present.read(*[5000] * 6)
    assert set(lefts(present)) == {30}


def test_rule_10_one_that_does_nothing_gets_less_and_one_that_gives_300_of_700_does_not():
    for power, healthy in ((0.0, False), (300.0, True)):
        present = house()
        for _ in range(160):
            present.tell(left={"power": power, "setpoint": 700.0}, right={"power": power})
            present.read(200)
        plan = present.bench.stream("plan/fair_share")[-1][1]
        assert ("saturated" not in plan.reasons["left"]) is healthy


def test_rule_12_one_that_cannot_charge_takes_no_part_in_it():
    present = house({"max_charge": 0.0})
    present.read(-300)
    assert shares(present) == {"left": 0, "right": -300}


def test_rule_13_without_a_meter_it_holds():
    present = house(follows=True)
    present.read(*[500] * 5)
    for _ in range(10):
        present.bench.advance(1)
    held, plans = present.both, len(present.totals())
    for _ in range(60):
        present.tell(left={"power": held[0]}, right={"power": held[1]})
        present.bench.advance(1)
    assert present.both == held
    assert len(present.totals()) == plans


def test_rule_13_one_that_is_not_heard_for_two_polls_is_forgotten():
    present = house()
    for _ in range(14):
        present.tell(left={"power": 0.0})
        present.read(200)
    assert shares(present) == {"left": 200}


def test_rule_11_its_efficiency_mode_is_off_and_can_be_had_by_one_line():
    line = "# - unit_commit: {batteries: [left, right]}"
    thrifty = Present("astra", follows=True, edits={line: line[2:]})
    usual = house(follows=True)
    for present in (thrifty, usual):
        for _ in range(60):
            present.read(300.0 - present.total)
    assert sorted(map(bool, usual.both)) == [True, True]
    assert sorted(map(bool, thrifty.both)) == [False, True]
    assert thrifty.total > 200


LOOP = "- meter_follower: {batteries: [left, right]}    #"


@pytest.mark.parametrize(
    ("wishes", "setpoints"),
    [
        ("", [30, 60, 90, 120, 150]),
        (", band: 20W, first: 50W, most: 400W, wait: 50W", [30, 60, 90, 120, 150]),
        (", band: 13W, bias: 5W", [25, 50, 75, 100, 125]),
        (", part: 90%, first: 34W, base: measured", [27, 27, 27, 27, 27]),
    ],
)
def test_rule_14_the_loop_of_a_battery_adds_what_it_is_shown(wishes, setpoints):
    """Shown 30 W each time (rule 9), as nothing moves: Venus E, C, D and a B2500."""
    edits = {LOOP: LOOP.replace("right]}", f"right]{wishes}}}")}
    present = Present("astra", follows=False, edits=edits)
    present.read(*[5000] * 5)
    assert lefts(present, "meter_follower") == setpoints


def test_rule_14_a_small_reading_is_left_alone():
    present = house({"power": 100.0, "setpoint": 130.0}, {"power": 100.0, "setpoint": 130.0})
    present.read(20)
    assert shares(present, "step_limit") == {"left": 110, "right": 110}
    assert shares(present, "meter_follower") == {"left": 130, "right": 130}
