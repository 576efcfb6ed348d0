"""zendure against a simulated SolarFlow on a real socket."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from flowctl import RELEASE, Battery
from flowctl.signature.node import NodeKind, read_node
from nodes._helpers.zendure import order, read_report
from nodes.zendure import TERMS, zendure
from tests.nodes.driven import Driven, driven
from tests.nodes.streams import until
from tests.nodes.web import website


class SolarFlow:
    """A 2400 AC that obeys at once."""

    def __init__(self) -> None:
        self.properties: dict[str, Any] = {
            "electricLevel": 61,
            "acMode": 2,
            "inputLimit": 0,
            "outputLimit": 0,
            "smartMode": 0,
            "gridInputPower": 0,
            "outputHomePower": 0,
            "packInputPower": 0,
            "outputPackPower": 0,
            "solarInputPower": 0,
            "chargeMaxLimit": 2400,
            "inverseMaxPower": 1200,
            "heatState": 0,
        }
        self.written: list[dict[str, Any]] = []
        self.instead: list[str] = []
        """What it says in place of reports, first."""
        self.deaf = False

    def page(self) -> str:
        return json.dumps(
            {
                "sn": "HOA1234",
                "product": "solarFlow2400AC",
                "properties": self.properties,
                "packData": [],
            }
        )

    async def answer(self, request: web.Request) -> web.Response:
        if request.path == "/properties/report":
            return web.Response(text=self.instead.pop(0) if self.instead else self.page())
        if request.path != "/properties/write" or request.method != "POST":
            return web.Response(status=404)
        said = await request.json()
        assert said["sn"] == "HOA1234"
        self.written.append(said["properties"])
        if not self.deaf:
            self.obey(said["properties"])
        return web.json_response({"code": 200})

    def obey(self, properties: dict[str, Any]) -> None:
        self.properties |= properties
        charges = self.properties["acMode"] == 1
        self.properties["gridInputPower"] = self.properties["inputLimit"] if charges else 0
        self.properties["outputHomePower"] = 0 if charges else self.properties["outputLimit"]


@asynccontextmanager
async def steered(**settings: Any) -> AsyncIterator[tuple[SolarFlow, Driven]]:
    unit = SolarFlow()
    async with website(unit.answer) as host:
        more = {"poll": 0.02, "settle": 0.05, **settings}
        async with driven(zendure, host=host, **more) as node:
            yield unit, node


def test_it_is_a_device():
    assert read_node(zendure).kind is NodeKind.DEVICE


IDLE = {"acMode": 2, "outputLimit": 0, "smartMode": 1}


@pytest.mark.parametrize(
    ("watts", "held", "written"),
    [
        (500.4, 500.0, {"acMode": 2, "outputLimit": 500, "smartMode": 1}),
        (-800.0, -800.0, {"acMode": 1, "inputLimit": 800, "smartMode": 1}),
        (0.0, 0.0, IDLE),
        (-0.3, 0.0, IDLE),
        (2000.0, 1200.0, {"acMode": 2, "outputLimit": 1200, "smartMode": 1}),
        (-9000.0, -2400.0, {"acMode": 1, "inputLimit": 2400, "smartMode": 1}),
    ],
)
async def test_discharging_is_positive_and_nothing_goes_to_flash(watts, held, written):
    async with steered() as (unit, node):
        node.box.put(watts)
        await node.hears("setpoint", held)
        assert unit.written == [written]
        await node.hears("power", held)
        await node.hears("soc", 61.0)
        await node.hears("max_charge", 2400.0)
        await node.hears("write_every", TERMS.write_every)
    assert unit.written[-1] == IDLE


async def test_given_back_it_stands_and_is_left_alone():
    async with steered() as (unit, node):
        node.box.put(-800.0)
        await node.hears("setpoint", -800.0)
        node.box.put(RELEASE)
        await node.hears("setpoint", 0.0)
        assert unit.properties["gridInputPower"] == 0
    assert len(unit.written) == 2


async def test_at_the_end_it_is_given_back():
    async with steered() as (unit, node):
        node.box.put(300.0)
        await node.hears("setpoint", 300.0)
        await node.stop()
        assert unit.written[-1] == IDLE


async def test_one_that_does_not_stop_is_told():
    async with steered() as (unit, node):
        node.box.put(300.0)
        await node.hears("setpoint", 300.0)
        unit.deaf = True
        node.box.put(RELEASE)
        with pytest.raises(OSError, match="does not stop; is HEMS on"):
            await node.until(lambda: False)


async def test_a_setpoint_of_somebody_else_is_told():
    async with steered() as (unit, node):
        node.box.put(300.0)
        await node.hears("setpoint", 300.0)
        unit.obey({"acMode": 1, "inputLimit": 50})
        await node.hears("setpoint", -50.0)


NONSENSE = [
    "",
    "<html>",
    '{"sn": "HOA1234", "properties": {"electricLevel": 61',
    '{"sn": "HOA1234"}',
    '{"sn": 7, "properties": {}}',
    '{"sn": "HOA1234", "properties": []}',
    '{"sn": "HOA1234", "properties": {"electricLevel": NaN}}',
    '{"sn": "HOA1234", "properties": {"outputHomePower": "12"}}',
    '{"sn": "HOA1234", "properties": {"outputHomePower": 1e999}}',
    "[" * 100_000,
    "x" * 2_000_000,
]


async def test_nonsense_in_reports_is_told_once_and_passed_over(caplog):
    async with steered() as (unit, node):
        unit.instead = [*NONSENSE]
        await until(lambda: not unit.instead)
        await node.hears("soc", 61.0)
    told = [record.message for record in caplog.records if "sense" in record.message]
    assert len(told) == 2


async def test_nonsense_before_a_command_is_a_battery_that_is_away():
    async with steered(poll=10.0) as (unit, node):
        unit.instead = ["<html>"]
        node.box.put(300.0)
        with pytest.raises(OSError, match="answers nonsense: not JSON"):
            await node.until(lambda: False)
        assert unit.written == []


async def test_a_host_that_is_no_zendure_is_told():
    async def nothing(_: web.Request) -> web.Response:
        return web.Response(status=404)

    async with website(nothing) as host, driven(zendure, host=host, poll=0.01) as node:
        with pytest.raises(OSError, match=r"404.*enable HEMS"):
            await node.until(lambda: False)


def test_all_of_a_report_is_read():
    unit = SolarFlow()
    unit.properties |= {"packInputPower": 103, "solarInputPower": 14, "outputHomePower": 117}
    report = read_report(json.loads(unit.page()))
    assert report.battery == Battery(
        power=117.0,
        cell_power=103.0,
        pv_power=14.0,
        soc=61.0,
        max_charge=2400.0,
        max_discharge=1200.0,
        online=True,
    )
    assert report.setpoint == 0.0


@pytest.mark.parametrize("said", NONSENSE[:9])
def test_nonsense_is_no_report(said):
    with suppress(json.JSONDecodeError), pytest.raises(ValueError, match=r"not? |not finite"):
        read_report(json.loads(said) if said.endswith("}") else None)


@given(st.floats(-1e6, 1e6), st.none() | st.floats(0, 5000), st.none() | st.floats(0, 5000))
def test_an_order_keeps_to_the_limits_and_out_of_the_flash(watts, charge, discharge):
    held, written = order(watts, Battery(max_charge=charge, max_discharge=discharge))
    assert charge is None or held >= -charge - 0.5
    assert discharge is None or held <= discharge + 0.5
    assert written["smartMode"] == 1
    assert held == (-written["inputLimit"] if written["acMode"] == 1 else written["outputLimit"])
