"""solar_status: sixteen fields that charts know, one record per plan."""

import json

from hypothesis import given
from hypothesis import strategies as st

from flowctl import Plan
from flowctl.testing import play
from nodes._helpers.days import DayEnergy
from nodes._helpers.payload import encoder
from nodes._helpers.sky import Sky
from nodes.solar_status import solar_status
from tests.nodes.timelines import timelines

PLAN = Plan(watts={"ecs": -1500.0})


def said(at=5.0, **given):
    streams = {
        "consumption": [(0, 1812.6)],
        "production": [(0, 2100.2)],
        "loads": {"ecs": [(1, 1480.0)], "resille": []},
        **given,
    }
    ((_, told),) = play(solar_status, [(at, PLAN)], zone="Europe/Paris", rest=0, **streams)
    return dict(told)


def test_all_sixteen_fields_are_told():
    told = said(
        energy={"ecs": [(1, DayEnergy(today=2500.4))]},
        full={"ecs": [(1, True)]},
        forced=[(1, {"resille": 596.0})],
        produced=[(1, DayEnergy(today=9000.0))],
        sky=[(1, Sky(day="2026-01-01", clouds=57.5))],
        fallback=[(1, {"yesterday": 7000.0, "why": "because"})],
    )
    assert told == {
        "date": 1767225605,
        "date_str": "2026-01-01 01:00:05",
        "power_consumption": 1813,
        "power_production": 2100,
        "production_energy": 9000,
        "injection": -287,
        "grid": 0,
        "CLOUD_forecast": 58,
        "ECS_energy_yesterday": 7000,
        "power_equipments": 1480,
        "power_house": 333,
        "equipments": [
            {"name": "ecs", "current_power": 1480, "energy": 2500, "overed": True, "forced": False},
            {"name": "resille", "current_power": 0, "energy": 0, "overed": False, "forced": True},
        ],
    }


def test_what_is_imported_is_the_grid_and_what_is_exported_the_injection():
    told = said(consumption=[(0, 2600.0)])
    assert (told["grid"], told["injection"]) == (500, 0)


def test_while_a_meter_is_silent_both_powers_are_zero():
    told = said(at=25.0, production=[(4, 2100.0)])
    assert (told["power_consumption"], told["power_production"], told["grid"]) == (0, 0, 0)


def test_what_is_not_known_is_null_in_json_and_not_a_number():
    told = json.loads(encoder("plain")(said(sky=[(1, Sky(day="2026-01-01"))])))
    assert told["CLOUD_forecast"] is None
    assert told["ECS_energy_yesterday"] == 0


watts = timelines(st.floats(0, 1e4))


@given(watts, watts, watts)
def test_its_powers_always_add_up(consumption, production, drawn):
    told = said(at=70.0, consumption=consumption, production=production, loads={"ecs": drawn})
    assert told["power_consumption"] - told["power_production"] == told["grid"] + told["injection"]
    assert told["power_house"] + told["power_equipments"] == told["power_consumption"]
    assert told["injection"] <= 0 <= told["grid"]
