"""What a battery tells of itself, and what of that is believed."""

import math

import pytest

from flowctl import Battery
from nodes._helpers.law.knowing.facts import Facts, updated


def charges(*told: float | None) -> list[float | None]:
    """What is believed of its charge after each record."""
    facts, found = Facts(2500.0, 2500.0), []
    for soc in told:
        facts = updated(facts, Battery(power=0.0, soc=soc))
        found.append(facts.soc)
    return found


@pytest.mark.parametrize(
    ("told", "believed"),
    [
        ((55.0, 0.0, 55.0, 55.0), [55, 55, 55, 55]),  # a lone zero
        ((55.0, 0.0, 0.0), [55, 55, 0]),  # told twice
        ((55.0, 0.0, None, 0.0), [55, 55, 55, 0]),  # a record without it lies between
        ((55.0, 0.0, 55.0, 0.0, 54.0), [55, 55, 55, 55, 54]),  # twice, but not one after the other
        ((0.0, 55.0, 55.0), [0, 0, 55]),
        ((60.0, 65.0, 60.0, 50.0), [60, 65, 60, 50]),  # a gauge in steps of 5 %
        ((math.nan, 55.0), [None, 55]),
    ],
)
def test_a_charge_that_jumps_is_believed_when_it_is_told_twice(told, believed) -> None:
    assert charges(*told) == believed


def test_what_is_told_again_is_no_news() -> None:
    told = Battery(power=100.0, soc=55.0, capacity=5120.0)
    facts = updated(Facts(2500.0, 2500.0), told)
    for again in (told, Battery(setpoint=200.0), Battery(power=300.0, soc=55.0, capacity=5120.0)):
        assert updated(facts, again) is facts


def test_one_that_was_away_is_there_again_when_it_tells_what_it_told_before() -> None:
    told = Battery(power=100.0, soc=55.0)
    away = updated(updated(Facts(2500.0, 2500.0), told), Battery(online=False))
    assert away.online is False
    assert updated(away, told).online
