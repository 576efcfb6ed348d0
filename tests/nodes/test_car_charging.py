"""`car_charging` says what a car may draw; negative as it flows out of the house wiring."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowctl import Battery
from flowctl.testing import play
from nodes._helpers.car import car_draw
from nodes.car_charging import car_charging
from tests.nodes.outlooks import view
from tests.nodes.timelines import NUMBERS


@pytest.mark.parametrize(
    ("load", "charges", "cheap", "draw"),
    [
        (-2000.0, (50, 60), False, 1700.0),  # 85 % of the surplus
        (-2000.0, (90, 95), False, 2000.0),  # all of it when the batteries are full
        (-2000.0, (89, 95), False, 1700.0),
        (500.0, (50, 60), False, 0.0),  # no surplus while energy is dear
        (500.0, (50, 60), True, 1400.0),
        (500.0, (20, 20), True, 0.0),  # all empty
        (500.0, (20, 21), True, 1400.0),
        (500.0, (95, 95), True, 1400.0),
        (0.0, (), True, 1400.0),
        (-100.0, (50, 50), True, 85.0),
    ],
)
def test_the_rules_of_the_car(load, charges, cheap, draw):
    assert car_draw(load, charges, cheap=cheap) == pytest.approx(draw)


def once(load, *, connected=True, cheap=False, draws=None, wishes=None, **batteries):
    given_ = {"connected": [(0, connected)], "cheap": [(0, cheap)]}
    if draws is not None:
        given_["draws"] = [(0, draws)]
    told = {name: [(0, Battery(**fields))] for name, fields in batteries.items()}
    [(_, watts)] = play(car_charging, [(1, view(load))], batteries=told, **given_, **(wishes or {}))
    return watts


def test_no_car_no_power():
    assert once(-3000.0, connected=False, left={"soc": 50.0}) == 0.0


def test_it_draws_and_so_it_is_negative():
    assert once(-2000.0, left={"soc": 50.0}) == pytest.approx(-1700.0)


def test_what_a_battery_in_auto_takes_is_surplus():
    own = {"soc": 50.0, "power": -1500.0, "self_regulating": True, "online": True}
    assert once(-500.0, left=own) == pytest.approx(-1700.0)
    assert once(-500.0, left={**own, "online": False}) == pytest.approx(-425.0)


def test_what_the_car_draws_already_is_no_load():
    assert once(-300.0, draws=1700.0, left={"soc": 50.0}) == pytest.approx(-1700.0)
    assert once(-300.0, draws=float("nan"), left={"soc": 50.0}) == pytest.approx(-255.0)


def test_a_charger_that_takes_no_less_gets_nothing_of_a_small_surplus():
    assert once(-1000.0, wishes={"least": "1.4kW"}, left={"soc": 50.0}) == 0.0
    assert once(-1000.0, cheap=True, wishes={"least": "1.4kW"}, left={"soc": 50.0}) == -1400.0


@given(NUMBERS, st.booleans(), st.booleans(), st.floats(0, 100))
def test_it_never_gives(load, connected, cheap, soc):
    assert once(load, connected=connected, cheap=cheap, left={"soc": soc}) <= 0.0
