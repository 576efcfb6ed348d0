"""The simulated house of the solar balancer: its energy adds up, and it speaks as the real one."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodes.sim.solar_house import Radiator, SolarHouse, WaterHeater, clear_day, phase_angle
from nodes.sim.solar_house_mqtt import serve
from tests.nodes.mqtt import peer
from tests.nodes.streams import until


def test_what_is_drawn_and_made_is_bought_and_sold():
    house = SolarHouse(loads={"ecs": WaterHeater(percent=50.0)})
    house.advance(3600.0)
    assert house.grid() == pytest.approx(300 + 1150 - 1500)
    assert (house.imported, house.exported) == (0.0, pytest.approx(50.0))


def test_the_thermostat_opens_when_the_water_is_hot_and_closes_when_it_has_cooled():
    heater = WaterHeater(percent=100.0, missing=2250.0)
    house = SolarHouse(loads={"ecs": heater})
    house.advance(3590.0)
    assert heater.draws() == 2300
    house.advance(3610.0)
    assert heater.draws() == 0
    house.advance(3610.0 + 20 * 3600 + 10)
    assert heater.draws() == 2300


def test_a_variator_draws_half_at_half_and_little_at_a_quarter():
    assert phase_angle(50) == pytest.approx(0.5)
    assert phase_angle(25) == pytest.approx(0.091, abs=1e-3)
    assert (phase_angle(0), phase_angle(100)) == (pytest.approx(0), 1)


@given(st.floats(0, 100), st.floats(0, 100))
def test_more_conduction_never_draws_less(one, other):
    low, high = sorted((one, other))
    assert phase_angle(low) <= phase_angle(high) + 1e-12


def test_a_day_has_its_peak_in_the_middle_and_no_sun_at_night():
    sun = clear_day(3500.0)
    assert sun(13.5 * 3600) == 3500
    assert sun(0.0) == sun(23 * 3600.0) == 0


async def test_on_mqtt_it_speaks_as_the_real_one(mosquitto):
    async with (
        peer(mosquitto, "smeter/#", "regul/vload/ECS") as other,
        serve(mosquitto, hurry=50.0) as live,
    ):
        await until(lambda: "smeter/pzem" in dict(other.said))
        with pytest.raises(ValueError, match="Expecting"):
            json.loads(dict(other.said)["smeter/pzem"])
        await other.publish("regul/vload/ECS/cmd", "50")
        await until(lambda: "regul/vload/ECS" in dict(other.said))
        assert json.loads(dict(other.said)["regul/vload/ECS"])["percent"] == 50.0
        switch = {"command": "switchlight", "idx": 359, "switchcmd": "On"}
        await other.publish("domoticz/in", json.dumps(switch))
        await until(lambda: live.radiator.is_on)

        def power(name):
            told = [p for t, p in other.said if t == f"smeter/pzem/{name}"]
            return json.loads(told[-1])["power"] if told else None

        await until(lambda: power("CONSOMMATION") == 300 + 1150 + 596)
        assert power("PRODUCTION") == 1500
        live.meters["ECS"].broken = True
        await until(lambda: other.said[-1][1] == b'{ "PZEM_READ_ERROR" } ')


def test_a_radiator_is_on_or_off():
    assert (Radiator().draws(), Radiator(is_on=True).draws()) == (0, 596)
