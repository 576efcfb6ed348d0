"""homewizard_v2: a meter behind HTTPS and a token, asked or heard."""

import json
import ssl
from contextlib import suppress

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from flowctl import Log, Secret
from nodes._helpers.homewizard_v2 import AUTHORITY, grid_power
from nodes._helpers.tls import trusted
from nodes.homewizard_v2 import homewizard_v2
from tests.nodes import homewizard
from tests.nodes.homewizard import FIXTURES, NAME, TOKEN, Device, fixture, message, serve
from tests.nodes.streams import hearing, until
from tests.nodes.web import saying, take, website

LOG = Log("meter")
P1 = (FIXTURES / "v2_p1_measurement.json").read_text()
KWH = (FIXTURES / "v2_kwh3_measurement.json").read_text()
OLD, NEW = fixture("p1_measurement"), {"power_w": 77.5}


@pytest.fixture(scope="module")
def papers(tmp_path_factory):
    return homewizard.papers(tmp_path_factory.mktemp("papers"))


def source(host, papers=None, **settings):
    given = {"token": TOKEN, "every": 0.01, "ca": str(papers / "ca.crt") if papers else "none"}
    return homewizard_v2(host=host, log=LOG, **(given | settings))


async def reading(host, count, papers=None, **settings):
    return await take(source(host, papers, **settings), count)


def told(caplog):
    return [record.message for record in caplog.records if record.name == "meter"]


async def test_import_is_positive_and_the_token_is_shown(papers):
    device = Device(measurement=P1)
    async with serve(device, papers) as host:
        assert await reading(host, 2, papers) == [-543.0, -543.0]
        device.pages["/api/measurement"] = KWH
        assert await reading(host, 1, papers) == [123.0]
    request = device.asked[0]
    assert request.path == "/api/measurement"
    assert request.headers["Authorization"] == f"Bearer {TOKEN.reveal()}"
    assert request.headers["X-Api-Version"] == "2"


NONSENSE = [
    "",
    P1[:180],
    '{"power_w": NaN}',
    '{"power_w": null}',
    '{"power_w": true}',
    '{"power_w": "5"}',
    '{"error": "telegram:no-telegram-received"}',
    "[]",
    "[" * 100_000,
]
HUGE = '{"power_w": 1, "junk": "' + "x" * 2_000_000 + '"}'


@pytest.mark.parametrize("nonsense", [*NONSENSE, HUGE])
async def test_nonsense_is_told_once_and_passed_over(nonsense, caplog):
    async with website(saying(nonsense, nonsense, P1)) as host:
        assert await reading(f"http://{host}", 1) == [-543.0]
    assert len(told(caplog)) == 2
    assert "makes sense again, after 2 odd ones" in told(caplog)[1]


async def test_a_token_that_is_not_known_says_how_to_get_one(papers, caplog):
    async with serve(Device(measurement=P1), papers) as host:
        for push in (False, True):
            wrong = Secret("wrong-token")
            with pytest.raises(OSError, match=r"flowctl pair homewizard") as raised:
                await reading(host, 1, papers, token=wrong, push=push)
            assert "wrong-token" not in str(raised.value) + caplog.text


async def test_with_push_each_value_comes_as_the_meter_has_it_but_for_the_kept_one(papers):
    device = Device(measurement=OLD)
    async with serve(device, papers) as host, hearing(source(host, papers, push=True)) as heard:
        await device.push(OLD, NEW, {"power_w": -1200})
        await heard.until(-543.0, 77.5, -1200.0)
    assert device.logins == [TOKEN.reveal()]


async def test_after_a_reconnect_what_the_dongle_kept_is_not_told_as_new(papers):
    device = Device(measurement=OLD)
    async with serve(device, papers) as host:
        for _ in range(2):
            async with hearing(source(host, papers, push=True)) as heard:
                await device.push(NEW)
                await heard.until(77.5)
                await device.hang_up()
                await until(heard.task.done)
            with pytest.raises(OSError, match="hung up"):
                heard.task.result()


async def test_with_push_silence_is_a_meter_that_is_away(papers):
    device = Device(measurement=OLD)
    async with serve(device, papers) as host:
        with pytest.raises(TimeoutError, match=r"said nothing for 0\.05s"):
            await reading(host, 1, papers, push=True, silence=0.05)


@pytest.mark.parametrize(
    "nonsense",
    [*NONSENSE, *(message("measurement", one) for one in (None, [], {}, {"power_w": None})), b"\0"],
)
async def test_with_push_nonsense_is_told_once_and_passed_over(papers, nonsense, caplog):
    device = Device(measurement=OLD)
    other = message("system", {"wifi_rssi_db": -70})
    async with serve(device, papers) as host, hearing(source(host, papers, push=True)) as heard:
        await device.push(nonsense, other, nonsense, NEW)
        await heard.until(77.5)
    assert len(told(caplog)) == 2
    assert "makes sense again, after 2 odd ones" in told(caplog)[1]


async def test_a_message_without_end_is_a_lost_connection_and_not_memory(papers):
    device = Device(measurement=OLD)
    async with serve(device, papers) as host, hearing(source(host, papers, push=True)) as heard:
        await device.push(HUGE)
        await until(heard.task.done)
        with pytest.raises(OSError, match="hung up"):
            heard.task.result()


@pytest.mark.parametrize("said", ["<html>", "[]", '{"no": "type"}'])
async def test_with_push_another_kind_of_peer_is_told(said):
    async def answer(request):
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str(said)
        await socket.close()
        return socket

    async with website(answer) as host:
        with pytest.raises(OSError, match="is it a HomeWizard device with API v2"):
            await reading(f"http://{host}", 1, push=True)


async def test_where_there_is_no_websocket_it_is_told():
    async with website(saying(P1)) as host:
        with pytest.raises(OSError, match="says 200 and does not open a WebSocket"):
            await reading(f"http://{host}", 1, push=True)
    with pytest.raises(OSError, match=r"does not answer: .*is it switched on"):
        await reading(host, 1, push=True)


@pytest.mark.parametrize("push", [False, True])
async def test_its_certificate_must_be_signed_by_who_was_named_and_bear_the_name(
    papers, tmp_path, push
):
    device = Device(measurement=OLD)
    others = homewizard.papers(tmp_path)
    async with serve(device, papers) as host:
        found = hearing(source(host, papers, identity=NAME, push=push))
        async with found as heard:
            await (device.push(OLD) if push else until(lambda: heard.values))
            await until(lambda: heard.values[:1] == [-543.0])
        thief = NAME.replace("5c2f", "ffff")
        for trust in ({"identity": thief}, {"ca": str(others / "ca.crt")}, {"ca": "homewizard"}):
            with pytest.raises(OSError, match="certificate is not accepted"):
                await reading(host, 1, papers, push=push, **trust)


async def test_a_name_without_an_authority_proves_nothing_and_is_refused():
    with pytest.raises(ValueError, match=r"whose certificate is that of appliance/p1dongle"):
        await reading("127.0.0.1:9", 1, identity=NAME)


def test_the_authority_of_homewizard_can_be_trusted_though_it_is_of_x509_version_1():
    context = trusted(AUTHORITY)
    [known] = context.get_ca_certs()
    assert known["version"] == 1
    assert (("commonName", "Appliance Access CA"),) in known["subject"]
    assert not context.verify_flags & ssl.VERIFY_X509_STRICT


async def test_an_authority_that_cannot_be_read_is_told(papers, tmp_path):
    with pytest.raises(OSError, match=r"no authority can be read from .*nowhere"):
        await reading("127.0.0.1:9", 1, ca=str(tmp_path / "nowhere"))
    with pytest.raises(OSError, match=r"no authority can be read from .*device\.key"):
        await reading("127.0.0.1:9", 1, ca=str(papers / "device.key"))


async def test_plain_http_may_be_named_for_a_proxy():
    async with website(saying(P1)) as host:
        assert await reading(f"http://{host}", 1) == [-543.0]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.just("power_w"), part),
)


@given(JSON)
def test_whatever_is_measured_is_a_number_or_refused(said):
    with suppress(ValueError):
        assert abs(grid_power(json.loads(json.dumps(said)))) < float("inf")
