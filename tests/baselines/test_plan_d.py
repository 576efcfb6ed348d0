"""plan-d-io: the mean of grid and output, every five seconds."""

from tests.baselines.present import Present


def test_rule_1_the_setpoint_is_mean_grid_plus_mean_output_over_five_seconds():
    house = Present("plan_d", follows=False, left={"power": None})
    for grid, power in ((100, 0), (200, 100), (300, 200), (400, 300), (500, 400)):
        house.tell(left={"power": power}, right={"power": 0.0})
        house.read(grid)
    assert house.totals() == [(5, 500)]


def test_rule_2_it_is_sent_every_five_seconds_and_by_halves():
    house = Present("plan_d", follows=False)
    house.read(*[600] * 16)
    assert [t for t, _ in house.totals()] == [5, 10, 15]
    assert house.both == (300, 300)


def test_rule_1_what_is_older_than_five_seconds_does_not_count():
    house = Present("plan_d", follows=False)
    house.tell(left={"power": 900.0}, right={"power": 100.0})
    house.read(*[800] * 6)
    house.tell(left={"power": 0.0}, right={"power": 100.0})
    for _ in range(11):
        house.tell(left={"power": 0.0}, right={"power": 100.0})
        house.read(200)
    assert house.totals()[-1] == (15, 300)


def test_rule_1_three_seconds_of_five_count_for_three_fifths():
    house = Present("plan_d", follows=False)
    house.read(*[0] * 12, *[500] * 4)
    assert house.totals()[-1] == (15, 300)
    house = Present("plan_d", follows=False)
    for second in range(16):
        house.tell(left={"power": 500.0 * (second >= 12)}, right={"power": 100.0})
        house.read(0)
    assert house.totals()[-1] == (15, 400)
