"""fronius: powers by the Solar API."""

import json
from contextlib import suppress
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from flowctl import Log
from nodes._helpers.fronius import power
from nodes.fronius import fronius
from tests.nodes.web import saying, take, website

LOG = Log("meter")


def flow(code: int = 0, **site: Any) -> str:
    status = {"Code": code, "Reason": "no data" if code else "", "UserMessage": ""}
    inverters = {"1": {"DT": 1, "P": 2100, "SOC": 61.5}}
    return json.dumps(
        {
            "Body": {"Data": {"Inverters": inverters, "Site": {"Mode": "bidirectional", **site}}},
            "Head": {"RequestArguments": {}, "Status": status},
        }
    )


DAY = flow(P_Grid=-1533.2, P_PV=2912.5, P_Akku=-300.25, P_Load=-1079.05)
NIGHT = flow(P_Grid=12, P_PV=None, P_Akku=410.5, P_Load=-422.5)


@pytest.mark.parametrize(
    ("said", "of", "watts"),
    [
        (DAY, "grid", -1533.2),
        (DAY, "solar", 2912.5),
        (DAY, "battery", -300.25),
        (NIGHT, "grid", 12.0),
        (NIGHT, "solar", 0.0),
        (NIGHT, "battery", 410.5),
    ],
)
async def test_powers_are_positive_into_the_house(said, of, watts):
    asked: list[web.Request] = []
    async with website(saying(said, asked=asked)) as host:
        assert await take(fronius(host=host, of=of, every=0.01, log=LOG), 2) == [watts, watts]
    assert asked[0].path == "/solar_api/v1/GetPowerFlowRealtimeData.fcgi"


@pytest.mark.parametrize(
    "nonsense",
    [
        "",
        DAY[:120],
        flow(8, P_Grid=12),
        flow(P_PV=300),
        flow(P_Grid=None),
        flow(P_Grid=True),
        flow(P_Grid="12"),
        flow(P_Grid=float("nan")),
        '{"Head": {"Status": {"Code": 0}}, "Body": {"Data": []}}',
        '{"Head": []}',
        "null",
        "[" * 100_000,
        "x" * 2_000_000,
    ],
)
async def test_nonsense_is_told_once_and_passed_over(nonsense, caplog):
    async with website(saying(nonsense, nonsense, DAY)) as host:
        assert await take(fronius(host=host, every=0.01, log=LOG), 1) == [-1533.2]
    told = [record.message for record in caplog.records if record.name == "meter"]
    assert len(told) == 2
    assert told[1].endswith("makes sense again, after 2 odd ones")


async def test_a_fault_is_told_in_its_words(caplog):
    async with website(saying(flow(8), DAY)) as host:
        await take(fronius(host=host, every=0.01, log=LOG), 1)
    assert "talks nonsense: fault 8: no data" in caplog.text


async def test_an_api_that_is_off_says_where_to_enable_it():
    async with website(saying(web.Response(status=404))) as host:
        with pytest.raises(OSError, match=r"404.*its Solar API enabled"):
            await take(fronius(host=host, log=LOG), 1)


PARTS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3)


@given(PARTS, PARTS, st.sampled_from(["grid", "solar", "battery"]))
def test_whatever_it_says_gives_a_number_or_is_refused(code, value, of):
    site = {"P_Grid": value, "P_PV": value, "P_Akku": value}
    said = {"Head": {"Status": {"Code": code, "Reason": ""}}, "Body": {"Data": {"Site": site}}}
    with suppress(ValueError):
        assert abs(power(said, of)) < float("inf")
    for torn in (code, [value], {"Head": value}, {**said, "Body": value}):
        with pytest.raises(ValueError, match=r"no field|fault"):
            power(torn, of)
