"""`prometheus` shows the newest values on a page of metrics."""

import asyncio
import re
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowctl import Battery, Latest, Plan
from flowctl.signature.node import NodeKind, read_node
from nodes._helpers.metrics import Series, page, series_of
from nodes.prometheus import prometheus
from tests.brokers import free_port
from tests.chromium import dom
from tests.nodes.streams import LOG, saying, until

LINE = re.compile(
    r'[a-zA-Z_:][a-zA-Z0-9_:]*(\{\w+="(?:[^"\\\n]|\\.)*"(,\w+="(?:[^"\\\n]|\\.)*")*\})? \S+'
)


async def read(port: int, path: str = "metrics") -> tuple[str, str]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}/{path}") as reply,
    ):
        return await reply.text(), reply.headers["Content-Type"]


def sink(port: int, **settings: Any) -> Any:
    return saying(prometheus, listen="127.0.0.1", port=port, **settings)


async def shows(port: int, line: str, *, still: bool = True) -> str:
    """Read the page until a line stands there, or does not."""
    for _ in range(2000):
        with suppress(aiohttp.ClientError):
            told = (await read(port))[0]
            if (line in told.splitlines()) is still:
                return told
        await asyncio.sleep(0.005)
    pytest.fail(f"{line}: {still}")


def test_it_is_a_sink() -> None:
    assert read_node(prometheus).kind is NodeKind.SINK


async def test_numbers_and_records_share_a_page() -> None:
    port = free_port()
    async with (
        sink(port, name="grid_power_watts", about="import, W") as grid,
        sink(port, name="battery", labels={"battery": "left"}) as left,
    ):
        grid.put(-321.5)
        left.put(Battery(power=300.0, soc=60.5, charged=1.5e6, online=True, mode="remote"))
        await shows(port, "grid_power_watts -321.5")
        text = await shows(port, 'battery_soc_percent{battery="left"} 60.5')
        assert (await read(port))[1].startswith("text/plain; version=0.0.4")
        assert text.splitlines() == [
            "# TYPE battery_charged_watt_hours_total counter",
            'battery_charged_watt_hours_total{battery="left"} 1500000',
            "# TYPE battery_online gauge",
            'battery_online{battery="left"} 1',
            "# TYPE battery_power_watts gauge",
            'battery_power_watts{battery="left"} 300',
            "# TYPE battery_soc_percent gauge",
            'battery_soc_percent{battery="left"} 60.5',
            "# HELP grid_power_watts import, W",
            "# TYPE grid_power_watts gauge",
            "grid_power_watts -321.5",
        ]
        left.put(Battery(power=0.0))
        text = await shows(port, 'battery_power_watts{battery="left"} 0')
        assert 'battery_soc_percent{battery="left"} 60.5' in text
        assert "<table>" in (await read(port, ""))[0]


async def test_what_nobody_says_any_more_is_not_shown() -> None:
    port = free_port()
    async with sink(port, name="a", expire=0.02) as short, sink(port, name="b") as long:
        short.put(1.0)
        long.put(2.0)
        await shows(port, "b 2")
        assert await shows(port, "a 1", still=False) == "# TYPE b gauge\nb 2\n"


async def test_a_step_that_ends_takes_its_series_along() -> None:
    port = free_port()
    async with sink(port, name="a") as one:
        one.put(1.0)
        async with sink(port, name="b") as other:
            other.put(2.0)
            await shows(port, "b 2")
            await shows(port, "a 1")
        assert await shows(port, "b 2", still=False) == "# TYPE a gauge\na 1\n"


async def test_what_is_no_number_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    port = free_port()
    async with sink(port, name="a") as box:
        box.put("words")
        await until(lambda: "talks nonsense" in caplog.text)
        box.put(3.0)
        await shows(port, "a 3")
    assert "a talks nonsense: a str is not a number; count one of its fields" in caplog.text


async def test_a_port_that_is_taken_is_told() -> None:
    port = free_port()
    async with sink(port, name="a") as one:
        one.put(1.0)
        await shows(port, "a 1")
        with pytest.raises(OSError, match=rf"port {port} for metrics: .*another program"):
            await prometheus(Latest(), name="b", listen="0.0.0.0", port=port, log=LOG)


@pytest.mark.parametrize("bad", [{"name": "a b"}, {"name": "a", "labels": {"my-label": "x"}}])
async def test_names_that_prometheus_refuses_are_refused(bad: Any) -> None:
    with pytest.raises(ValueError, match=r"is not a name of a (metric|label)"):
        await prometheus(Latest(), **bad, log=LOG)


def test_a_plan_is_shown_by_battery_and_fields_may_be_chosen() -> None:
    plan = Plan(watts=MappingProxyType({"left": 300.0}), unmet=20.0, reasons={"left": "why"})
    assert list(series_of(plan, "plan", {})) == [
        Series("plan_watts", (("of", "left"),), 300.0),
        Series("plan_unmet_watts", (), 20.0),
    ]
    assert list(series_of(plan, "plan", {}, ["unmet"])) == [Series("plan_unmet_watts", (), 20.0)]


@given(st.dictionaries(st.sampled_from(["a", "b"]), st.text()), st.floats(allow_nan=False))
def test_every_line_of_a_page_is_well_formed(labels: dict[str, str], value: float) -> None:
    text = page(series_of(value, "it", labels), {"it": "a\nb\\"})
    assert text.endswith("\n")
    lines = text.removesuffix("\n").split("\n")
    assert lines[:2] == [r"# HELP it a\nb\\", "# TYPE it gauge"]
    assert len(lines) == 3
    assert LINE.fullmatch(lines[2])


async def test_a_browser_shows_it_to_people(tmp_path: Path) -> None:
    port = free_port()
    async with sink(port, name="battery", labels={"battery": "<left>"}) as left:
        left.put(Battery(power=300.0))
        await shows(port, 'battery_power_watts{battery="<left>"} 300')
        told = await dom(f"http://127.0.0.1:{port}/", tmp_path)
    assert '<td>battery_power_watts{battery="&lt;left&gt;"}</td><td>300</td>' in told
