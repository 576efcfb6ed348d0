"""The negative control: grid + last command."""

from tests.baselines.present import Present


def test_rule_1_the_reading_is_added_to_the_last_command_each_time():
    house = Present("naive", follows=False)
    house.read(1000, 1000, -500)
    assert [total for _, total in house.totals()] == [1000, 2000, 1500]


def test_rule_1_so_it_swings_where_an_answer_takes_longer_than_a_reading():
    house = Present("naive", follows=False)
    for second in range(6):
        delivered = house.totals()[second - 3][1] if second >= 3 else 0.0
        house.read(1000 - delivered)
    assert max(total for _, total in house.totals()) == 3000
