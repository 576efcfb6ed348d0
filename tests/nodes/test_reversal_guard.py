"""`reversal_guard` rests at zero before it turns."""

import pytest
from hypothesis import given, settings

from flowctl import Plan
from flowctl.testing import play
from nodes.reversal_guard import reversal_guard
from tests.nodes.timelines import NUMBERS, timelines


@pytest.mark.parametrize(
    ("line", "made"),
    [
        ([(0, 300.0), (1, 900.0)], [300, 900]),
        ([(0, -20.0)], [-20]),
        ([(0, 300.0), (1, -300.0), (5, -300.0), (6, -300.0)], [300, 0, 0, -300]),
        ([(0, 300.0), (1, -300.0), (2, 200.0)], [300, 0, 200]),
        ([(0, 300.0), (1, -30.0), (9, -30.0), (10, -60.0)], [300, 0, 0, -60]),
        ([(0, 300.0), (1, 0.0), (6, -300.0)], [300, 0, -300]),
        ([(0, 300.0), (1, 0.0), (3, -300.0), (6, -300.0)], [300, 0, 0, -300]),
    ],
)
def test_turning_takes_a_pause_and_a_worthwhile_power(line, made):
    assert [watts for _, watts in play(reversal_guard, line)] == made


def test_on_a_plan_each_battery_turns_by_itself():
    line = [(0, Plan(watts={"left": 300.0, "right": -300.0})),
            (1, Plan(watts={"left": -300.0, "right": -300.0}))]  # fmt: skip
    *_, (_, plan) = play(reversal_guard, line)
    assert plan.watts == {"left": 0.0, "right": -300.0}
    assert plan.reasons == {"left": "reversal_guard: rests 5s before it turns"}


@settings(deadline=None)
@given(timelines(NUMBERS))
def test_between_two_signs_there_is_a_pause(line):
    said = play(reversal_guard, line, pause=3.0, least=0.0)
    assert [at for at, _ in said] == [at for at, _ in line]
    rested, way = None, 0
    for at, watts in said:
        sign = (watts > 0) - (watts < 0)
        if sign and way and sign != way:
            assert rested is not None
            assert at - rested >= 3.0 - 1e-6
        rested = (at if rested is None else rested) if sign == 0 else None
        way = sign or way
