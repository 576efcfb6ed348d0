"""OpenEMS: a PID on grid + output."""

import pytest

from flowctl import Battery
from tests.baselines.present import Present


def test_rule_1_it_acts_every_second_whether_or_not_the_meter_spoke():
    house = Present("openems", follows=False)
    house.read(100, every=3.0)
    assert [t for t, _ in house.totals()] == [1, 2, 3]


def test_rule_2_p_is_three_tenths_and_i_three_tenths_a_second():
    house = Present("openems", follows=False)
    house.read(1000, 1000, 1000, 0)
    totals = [total for _, total in house.totals()]
    assert totals == pytest.approx([600, 900, 1200, 900])


def test_rule_2_d_is_a_tenth_of_the_change_of_output_and_against_it():
    house = Present("openems", follows=False)
    house.read(0, 0)
    house.bench.say("left", Battery(power=500.0))
    house.read(0)
    assert house.totals()[-1] == (3, pytest.approx(-50))


def test_rule_3_the_integral_winds_up_to_far_beyond_the_range():
    house = Present("openems", follows=False)
    house.read(*[9000] * 30)
    assert house.total == 5000
    house.read(*[-1000] * 30)
    assert house.total == 5000
    house.read(*[-1000] * 10)
    assert house.total < 5000


def test_rule_4_all_get_the_same():
    house = Present("openems", follows=False)
    house.read(1000, 1000)
    assert dict(house.bench.stream("plan")[-1][1].watts) == {"left": 450, "right": 450}
