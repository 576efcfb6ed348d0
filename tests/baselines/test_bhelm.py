"""bhelm: a balancer that adds errors up, and a manager that shares by capacity."""

from itertools import pairwise

import pytest

from tests.baselines.present import Present


def house(**batteries):
    return Present("bhelm", follows=False, **batteries)


def targets(present):
    return [(t, target) for t, target in present.bench.stream("target")]


def test_rule_1_the_error_and_a_buffer_are_added_to_the_last_target():
    present = house()
    present.read(*[100] * 14)
    assert [target for _, target in targets(present)] == [150, 300, 450]


def test_rule_1_the_target_stays_within_7500_w_and_winds_up_to_it():
    present = house()
    present.read(*[5000] * 40)
    assert targets(present)[-1][1] == 7500
    assert present.total == 5000
    present.read(*[-2000] * 7)
    assert present.total == 5000
    present.read(*[-9000] * 40)
    assert targets(present)[-1][1] == -7500


def test_rule_2_between_two_adjustments_there_are_six_seconds():
    present = house()
    present.read(*range(100, 130))
    times = [t for t, _ in targets(present)]
    assert [later - t for t, later in pairwise(times)] == [6.0] * 4


def test_rule_1_a_slow_meter_is_counted_again():
    present = house()
    present.read(1000, every=19.0)
    assert [target for _, target in targets(present)] == [1050, 2100, 3150, 4200]


SHOWS = "# - await_effect: {part: 40%"
WORSE = "# - await_effect: {part: 100%"
OLDER = {"- throttle: ${cooldown}": "# - throttle: ${cooldown}"}


@pytest.mark.parametrize(
    ("grids", "times"),
    [
        ([1000, 600, 350, 300], [0.5, 1.5, 2.5]),  # 40 % of it are gone
        ([1000] * 5, [0.5, 2.5, 4.5]),  # or two seconds have passed
        ([99] * 2, [0.5, 1, 1.5, 2]),  # a small one is not waited for
    ],
)
def test_rule_3_an_older_one_goes_on_when_the_last_change_shows_or_after_two_seconds(grids, times):
    present = Present("bhelm", follows=False, edits=OLDER | {SHOWS: SHOWS[2:]})
    present.read(*grids)
    assert [t for t, _ in targets(present)] == times


def test_rule_3_another_one_waits_four_seconds_unless_it_got_worse():
    present = Present("bhelm", follows=False, edits=OLDER | {WORSE: WORSE[2:]})
    present.read(*[500] * 9)
    assert [t for t, _ in targets(present)] == [0.5, 4.5, 8.5]
    present.read(*[800] * 3)
    assert [t for t, _ in targets(present)][3:] == [9.5]


def test_rule_4_a_load_that_pulses_shifts_it_towards_discharge():
    present = house()
    present.read(*[0, 0, 2000, 2000] * 5)
    swing = [watts for _, watts in present.bench.stream("swing")]
    assert swing[0] == 0
    assert swing[-1] == pytest.approx(0.275 * 2000)
    assert targets(present)[-1][1] - targets(present)[-2][1] >= 0.275 * 2000 + 50


@pytest.mark.parametrize(
    ("pulses", "swings"),
    [
        ([0, 0, 1100, 1100] * 5, True),
        ([0, 0, 900, 900] * 5, False),
        ([*[0] * 5, *[2000] * 5] * 4, True),
        ([*[0] * 6, *[2000] * 6] * 4, False),
    ],
)
def test_rule_4_from_1_kw_and_up_to_ten_seconds_a_cycle(pulses, swings):
    present = house()
    present.read(*pulses)
    assert (present.bench.stream("swing")[-1][1] > 0) is swings


def test_rule_4_it_is_forgotten_after_30_s():
    present = house()
    present.read(*[0, 0, 2000, 2000] * 5, *[0] * 35)
    swing = [watts for _, watts in present.bench.stream("swing")]
    assert swing[-17] > 0 == swing[-1]


@pytest.mark.parametrize(
    ("left", "right", "grid", "both"),
    [
        ({"capacity": 5000.0}, {"capacity": 15000.0}, 950, (250, 750)),
        ({"soc": 100.0}, {"soc": 50.0}, -1050, (0, -1000)),
        ({"soc": 5.0}, {"soc": 50.0}, 950, (0, 1000)),
        ({"soc": 6.0}, {"soc": 99.0}, 950, (500, 500)),
        ({"soc": 6.0}, {"soc": 99.0}, -1050, (-500, -500)),
        ({"max_discharge": 300.0}, {}, 950, (300, 500)),
    ],
)
def test_rule_6_shares_follow_capacity_and_what_is_clamped_is_dropped(left, right, grid, both):
    present = house(left=left, right=right)
    present.read(*[grid] * 3)
    assert present.both == both


def test_rule_6_the_manager_looks_every_two_seconds_and_writes_nothing_within_5_w():
    present = house()
    present.read(*[950] * 5, *[-49] * 13)
    assert [t for t, _ in present.totals()][:3] == [2, 4, 6]
    assert len(present.bench.heard("left")) == 1


def test_rule_5_the_wallbox_is_not_fed_where_that_line_is_written():
    line = "# - sum: {others: [wallbox]} "
    sources = "\nstreams:\n  wallbox:\n    - homewizard_p1: {host: car}\n"
    present = Present("bhelm", follows=False, edits={line: line[2:], "\nstreams:\n": sources})
    present.bench.say("wallbox", -3000.0)
    present.read(*[3400] * 8)
    assert [target for _, target in targets(present)] == [450, 900]
