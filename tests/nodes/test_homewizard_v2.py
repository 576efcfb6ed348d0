"""homewizard_v2: a meter behind HTTPS and a token."""

import json
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from flowctl import Secret
from nodes.homewizard_v2 import homewizard_v2
from tests.nodes.mqtt import certificates
from tests.nodes.web import Handler, saying, take, website

LOG = logging.getLogger("meter")
FIXTURES = Path(__file__).parent.parent / "fixtures" / "homewizard"
P1 = (FIXTURES / "v2_p1_measurement.json").read_text()
KWH = (FIXTURES / "v2_kwh3_measurement.json").read_text()
TOKEN = Secret("0123456789ABCDEF0123456789ABCDEF")


@pytest.fixture(scope="module")
def papers(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("papers")
    certificates(folder)
    return folder


@asynccontextmanager
async def meter(papers: Path, handler: Handler) -> AsyncIterator[str]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(papers / "server.crt", papers / "server.key")
    async with website(handler, tls=context) as host:
        yield host


async def reading(host: str, count: int, **settings: str) -> list[float]:
    return await take(homewizard_v2(host=host, token=TOKEN, every=0.01, log=LOG, **settings), count)


async def test_import_is_positive_and_the_token_is_shown(papers):
    asked: list[web.Request] = []
    async with meter(papers, saying(P1, KWH, asked=asked)) as host:
        assert await reading(host, 2) == [-543.0, 123.0]
    request = asked[0]
    assert request.path == "/api/measurement"
    assert request.headers["Authorization"] == f"Bearer {TOKEN.reveal()}"
    assert request.headers["X-Api-Version"] == "2"


@pytest.mark.parametrize(
    "nonsense",
    [
        "",
        P1[:180],
        '{"power_w": NaN}',
        '{"power_w": null}',
        '{"power_w": true}',
        '{"power_w": "5"}',
        '{"error": "telegram:no-telegram-received"}',
        "[]",
        "[" * 100_000,
        '{"power_w": 1, "junk": "' + "x" * 2_000_000 + '"}',
    ],
)
async def test_nonsense_is_told_once_and_passed_over(papers, nonsense, caplog):
    async with meter(papers, saying(nonsense, nonsense, P1)) as host:
        assert await reading(host, 1) == [-543.0]
    told = [record.message for record in caplog.records if record.name == "meter"]
    assert len(told) == 2
    assert "makes sense again, after 2 odd ones" in told[1]


async def test_a_token_that_is_not_known_says_how_to_get_one(papers, caplog):
    refusal = web.Response(status=401, text=json.dumps({"error": "user:unauthorized"}))
    async with meter(papers, saying(refusal)) as host:
        with pytest.raises(OSError, match=r"401 .*user:unauthorized.*POST /api/user") as raised:
            await reading(host, 1)
    assert TOKEN.reveal() not in str(raised.value) + caplog.text


async def test_with_an_authority_only_what_it_signed_is_taken(papers, tmp_path):
    certificates(tmp_path)
    async with meter(papers, saying(P1)) as host:
        named = host.replace("127.0.0.1", "localhost")  # a name that the certificate does not bear
        assert await reading(named, 1, ca=str(papers / "ca.crt")) == [-543.0]
        with pytest.raises(OSError, match="certificate is not taken"):
            await reading(host, 1, ca=str(tmp_path / "ca.crt"))


async def test_an_authority_that_cannot_be_read_is_told(papers, tmp_path):
    with pytest.raises(OSError, match=r"no authority can be read from .*nowhere"):
        await reading("127.0.0.1:9", 1, ca=str(tmp_path / "nowhere"))
    with pytest.raises(OSError, match=r"no authority can be read from .*server\.key"):
        await reading("127.0.0.1:9", 1, ca=str(papers / "server.key"))


async def test_plain_http_may_be_named_for_a_proxy():
    async with website(saying(P1)) as host:
        assert await reading(f"http://{host}", 1) == [-543.0]
