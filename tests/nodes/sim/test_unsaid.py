"""What a battery does not tell: left out on sockets, where its protocol has a way to."""

import asyncio
from contextlib import aclosing

import pytest

from flowctl import Latest
from flowctl.values import known
from nodes.marstek_udp import TERMS, marstek_udp
from nodes.sim import marstek_modbus_server, marstek_udp_server
from nodes.sim.plant_file import read_plant_text
from nodes.sim.unsaid import MEASURED, told_anyway, unsaid
from tests.nodes.streams import LOG, until
from tests.nodes.venus import Cell, driven

OURS = {"max_charge", "max_discharge", "write_every", "online", "mode", "self_regulating"}
"""What the node knows by itself, or of what it was told."""


def battery(text):
    return read_plant_text(f"meter: {{}}\nleft: {{speaks: marstek_modbus, {text}}}").batteries[
        "left"
    ]


def fields(records):
    return set().union(*map(known, records))


async def heard_over_modbus(family, untold):
    cell = Cell(power=700.0)
    async with (
        marstek_modbus_server.serve(cell, family=family, untold=untold, slot_rest=0.0) as venus,
        driven(venus.port, family=family) as device,
    ):
        await until(lambda: len(device.records) > 14)  # each question once, at least
        return fields(device.records), venus.sessions


async def heard_over_udp(untold):
    heard = []
    async with marstek_udp_server.serve(Cell(power=700.0), untold=untold) as venus:
        host = f"127.0.0.1:{venus.port}"
        told = marstek_udp(Latest(), host=host, poll=0.1, terms=TERMS, log=LOG)
        async with aclosing(told) as records, asyncio.timeout(20):
            async for record in records:
                heard.append(record)
                if len(heard) > 2:
                    return fields(heard)
    raise AssertionError


@pytest.mark.parametrize(
    ("telemetry", "names"),
    [
        ("{}", set()),
        ("{every: 0s}", MEASURED),
        ("{no_soc: true, untold: [power, min_power]}", {"soc", "power", "min_power"}),
    ],
)
def test_what_is_not_told_is_in_the_plant_file(telemetry, names):
    assert unsaid(battery(f"telemetry: {telemetry}")) == names


@pytest.mark.parametrize("family", ["v2", "v3", "a"])
@pytest.mark.parametrize("name", ["power", "soc", "capacity", "charged", "discharged"])
async def test_a_register_without_a_value_is_left_out_of_records(family, name):
    everything, _ = await heard_over_modbus(family, ())
    told, sessions = await heard_over_modbus(family, {name})
    assert everything - told == {name}
    assert sessions == 1  # the battery is not taken for one that is away


@pytest.mark.parametrize("family", ["v2", "v3", "a"])
async def test_a_battery_without_telemetry_tells_nothing_over_modbus_and_is_there(family):
    told, sessions = await heard_over_modbus(family, MEASURED)
    assert told <= OURS | {"temperature"}
    assert sessions == 1


async def test_panels_that_are_not_told_make_no_false_power_of_the_cells():
    everything, _ = await heard_over_modbus("a", ())
    told, _ = await heard_over_modbus("a", {"pv_power"})
    assert everything - told == {"pv_power", "cell_power"}  # of which they are a part


async def test_a_field_that_is_not_told_is_left_out_of_datagrams():
    names = {"soc", "capacity", "charged", "discharged", "pv_power"}
    assert await heard_over_udp(()) - await heard_over_udp(names) == names


async def test_a_power_that_is_not_told_is_not_found_by_that_of_the_cells():
    assert await heard_over_udp(()) - await heard_over_udp({"power"}) == {"power", "cell_power"}


async def test_a_battery_without_telemetry_tells_nothing_over_udp_and_is_there():
    assert await heard_over_udp(MEASURED) <= OURS | {"temperature"}


@pytest.mark.parametrize(
    ("speaks", "telemetry", "said"),
    [
        ("marstek_modbus", "{no_soc: true, untold: [power]}", ""),
        ("marstek_modbus", "{untold: [min_power]}", ""),
        ("marstek_modbus", "{every: 0s}", ""),
        ("marstek_modbus", "{untold: [max_charge, power]}", "left tells its max_charge on"),
        ("marstek_udp", "{untold: [cell_power]}", "left tells its cell_power on"),
        ("marstek_udp", "{untold: [cell_power, power]}", ""),
        ("b2500_mqtt", "{every: 0s}", "left tells its power, soc on"),
        ("b2500_ct", "{untold: [power]}", "left tells its power on"),
    ],
)
def test_what_is_told_all_the_same_is_said(speaks, telemetry, said):
    plant = read_plant_text(f"meter: {{}}\nleft: {{speaks: {speaks}, telemetry: {telemetry}}}")
    assert next(told_anyway(plant), "").startswith(said)
    assert bool(list(told_anyway(plant))) is bool(said)
