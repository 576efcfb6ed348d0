import asyncio
import socket
import sys
from pathlib import Path

import pytest
from aiohttp import web

from flowctl import Log
from flowctl.signature.node import NodeKind, read_node
from nodes._helpers import homewizard
from nodes.homewizard_p1 import homewizard_p1
from tests.nodes.web import saying, take, website
from tests.nodes.zeroconf import HOME, P1, announced, fresh_kind

LOG = Log("meter")
FIXTURES = Path(__file__).parent.parent / "fixtures" / "homewizard"
DISABLED = '{"error": {"id": 202, "description": "API not enabled"}}'
EXPORTING = '{"smr_version": 50, "active_power_w": -543, "active_power_l1_w": -676}'


def reading(host: str, count: int, **settings: float | str):
    return take(homewizard_p1(host=host, every=0.01, log=LOG, **settings), count)


def test_it_is_a_source_of_watts() -> None:
    spec = read_node(homewizard_p1)
    assert spec.kind is NodeKind.SOURCE
    assert spec.first_setting == "host"
    assert spec.output is not None
    assert spec.output.unit == "W"


async def test_import_is_positive_and_export_negative() -> None:
    asked: list[web.Request] = []
    async with website(saying(EXPORTING, '{"active_power_w": 1200.5}', asked=asked)) as host:
        assert await reading(host, 2) == [-543.0, 1200.5]
    assert {request.path for request in asked} == {"/api/v1/data"}


@pytest.mark.parametrize(
    ("name", "watts"),
    [
        ("p1_data", -543.0),
        ("p1_data_minimal", -543.0),
        ("kwh3_data", 7100.278),
        ("skt_data", 123.0),
    ],
)
async def test_what_devices_of_the_wild_say_is_read(name: str, watts: float) -> None:
    said = (FIXTURES / f"v1_{name}.json").read_text()
    async with website(saying(said)) as host:
        assert await reading(host, 1) == [watts]


@pytest.mark.parametrize("name", ["wtr_data", "invalid_external"])
async def test_a_device_that_measures_no_power_is_told(name: str, caplog) -> None:
    said = (FIXTURES / f"v1_{name}.json").read_text()
    async with website(saying(said, EXPORTING)) as host:
        assert await reading(host, 1) == [-543.0]
    assert "no field active_power_w" in caplog.text


@pytest.mark.parametrize(
    "nonsense",
    [
        "",
        "<html><body>Starting...</body></html>",
        '{"active_power_w": 54',
        '{"active_power_w": NaN}',
        '{"active_power_w": Infinity}',
        '{"active_power_w": 1e999}',
        '{"active_power_w": ' + "9" * 400 + "}",
        '{"active_power_w": ' + "9" * 9000 + "}",
        '{"active_power_w": null}',
        '{"active_power_w": true}',
        '{"active_power_w": "543"}',
        '{"active_power_w": [1]}',
        '{"total_liter_m3": 3.2}',
        "[1, 2]",
        "7",
        "null",
        "[" * 100_000,
        '{"active_power_w": 1, "junk": "' + "x" * 2_000_000 + '"}',
    ],
)
async def test_nonsense_is_told_once_and_passed_over(
    nonsense: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with website(saying(nonsense, nonsense, EXPORTING)) as host:
        assert await reading(host, 1) == [-543.0]
    assert [record.message.split(": ")[0] for record in caplog.records] == [
        f"{host} talks nonsense",
        f"{host} makes sense again, after 2 odd ones",
    ]


async def test_bytes_that_are_no_text_are_nonsense_too() -> None:
    junk = web.Response(body=b"\xff\xfe\x00\x80")
    async with website(saying(junk, EXPORTING)) as host:
        assert await reading(host, 1) == [-543.0]


async def test_a_disabled_api_says_where_to_enable_it() -> None:
    async with website(saying(web.Response(status=403, text=DISABLED))) as host:
        with pytest.raises(OSError, match=r"API not enabled.*enable the local API in the Home"):
            await reading(host, 1)


async def test_a_server_error_is_a_device_that_is_away() -> None:
    async with website(saying(web.Response(status=503, text="busy"))) as host:
        with pytest.raises(OSError, match="says 503 busy"):
            await reading(host, 1)


async def test_nobody_there_is_a_device_that_is_away() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        with pytest.raises(
            OSError, match=r"does not answer: Connection refused; is it switched on"
        ):
            await reading(f"127.0.0.1:{held.getsockname()[1]}", 1)


async def test_a_silent_device_is_given_up_in_time() -> None:
    async def silent(_: web.Request) -> web.Response:
        await asyncio.sleep(5)
        return web.Response()

    async with website(silent) as host:
        with pytest.raises(TimeoutError, match=r"no answer in 0\.05s"):
            await reading(host, 1, patience=0.05)


async def test_a_half_sent_answer_is_a_device_that_is_away() -> None:
    async def half(request: web.Request) -> web.StreamResponse:
        reply = web.StreamResponse(headers={"Content-Length": "100"})
        await reply.prepare(request)
        await reply.write(b'{"active_power_w": 5')
        assert request.transport
        request.transport.close()
        return reply

    async with website(half) as host:
        with pytest.raises(OSError, match="does not answer"):
            await reading(host, 1)


async def test_two_steps_share_one_session() -> None:
    asked: list[web.Request] = []
    async with website(saying(EXPORTING, asked=asked)) as host:
        await asyncio.gather(reading(host, 3), reading(host, 3))
        assert len({id(request.transport) for request in asked}) <= 2


async def test_what_is_no_address_is_refused_with_an_example() -> None:
    with pytest.raises(ValueError, match=r"e\.g\. 192\.168\.1\.20"):
        await reading("http://", 1)


@pytest.mark.parametrize("host", ["", "none"])
async def test_without_a_host_nothing_is_said(host: str) -> None:
    assert await take(homewizard_p1(host=host, log=LOG), 1) == []


async def test_the_only_one_in_the_network_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    kind, socket_type = alone(monkeypatch), P1 | {"product_type": "HWE-SKT"}
    async with website(saying(EXPORTING)) as host:
        port = int(host.rpartition(":")[2])
        async with announced((kind, port, P1), (kind, 9, socket_type)):
            assert await reading("auto", 1, interface=HOME) == [-543.0]


async def test_none_in_the_network_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    alone(monkeypatch, wait=0.05)
    with pytest.raises(OSError, match="no HomeWizard P1 meter answers"):
        await reading("auto", 1, interface=HOME)


async def test_several_in_the_network_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    kind, said = alone(monkeypatch), r"more than one P1 meter: 127\.0\.0\.1:[12] \(3c39e7"
    async with announced((kind, 1, P1), (kind, 2, P1)):
        with pytest.raises(OSError, match=said):
            await reading("auto", 1, interface=HOME)


async def test_a_network_that_is_none_is_told() -> None:
    with pytest.raises(OSError, match=r"192\.0\.2\.1 cannot be searched"):
        await reading("auto", 1, interface="192.0.2.1")


async def test_what_is_missing_to_search_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zeroconf", None)
    with pytest.raises(OSError, match=r"zeroconf is missing; pip install zeroconf"):
        await reading("auto", 1, interface=HOME)


def alone(monkeypatch: pytest.MonkeyPatch, wait: float = 1.5) -> str:
    """Search a kind of service that no other test uses; answers are not repeated within 1 s."""
    kind = fresh_kind()
    monkeypatch.setattr(homewizard, "KIND", kind)
    monkeypatch.setattr(homewizard, "WAIT", wait)
    return kind
