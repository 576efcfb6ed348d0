"""b2500-power-balancer: what the house needs, shared by charge. With the limits of a B2500."""

import pytest

from tests.baselines.present import Present


def house(left=50.0, right=50.0, **fields):
    return Present("b2p", follows=False, high="400W", left={"soc": left, **fields},
                   right={"soc": right})  # fmt: skip


def test_rule_1_what_is_wanted_is_telemetry_plus_net_with_each_reading():
    present = house(power=150.0)
    present.read(100, 200)
    assert [t for t, _ in present.totals()] == [0, 1]
    assert present.both == (175, 175)


@pytest.mark.parametrize(
    ("grid", "both"), [(800, (500, 500)), (2000, (500, 500)), (80, (40, 40)), (-500, (40, 40))]
)
@pytest.mark.parametrize("right", [50, 90])
def test_rule_1_at_the_ends_both_are_at_their_most_with_a_boost_or_at_their_least(
    grid, both, right
):
    present = house(right=right)
    present.read(grid)
    assert present.both == both


@pytest.mark.parametrize(
    ("left", "right", "both"),
    [
        (50, 52, (200, 200)),
        (52, 48, (224, 176)),
        (60, 40, (320, 80)),
        (40, 60, (80, 320)),
        (95, 5, (360, 40)),
        (5, 95, (40, 360)),
    ],
)
def test_rule_2_shares_follow_the_charge_between_a_tenth_and_nine_tenths(left, right, both):
    present = house(left, right)
    present.read(400)
    assert present.both == pytest.approx(both)


def test_rule_2_each_is_clamped_and_what_is_clipped_is_lost():
    present = house(60, 40)
    present.read(600)
    assert present.both == pytest.approx((400, 120))


def test_rule_2_one_that_is_offline_leaves_all_to_the_other():
    present = house()
    present.tell(right={"online": False})
    present.read(350)
    assert present.last("left") == 350


def test_rule_3_the_smallest_change_is_written():
    present = house()
    present.read(300, 301, 302)
    assert [watts for _, watts in present.bench.heard("left")] == [150, 150.5, 151]


def test_rule_1_at_their_least_nothing_is_shared_however_little_that_is():
    present = Present("b2p", follows=False, low="1W", right={"soc": 90.0})
    present.read(2)
    assert present.both == (1, 1)
    assert present.bench.stream("wanted")[-1][1] == 0


def test_rule_1_just_above_the_least_it_is_shared():
    present = house()
    present.read(100)
    assert present.both == (50, 50)


def test_rule_1_where_nobody_says_otherwise_the_most_is_2500_w():
    present = Present("b2p", follows=False)
    present.read(4999)
    assert present.both == (2499.5, 2499.5)
    present.read(5000)
    assert present.both == (2600, 2600)
