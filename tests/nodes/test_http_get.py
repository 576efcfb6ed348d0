from contextlib import suppress
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from flowctl import Log, Secret
from flowctl.marks import UnitFrom
from flowctl.signature.node import NodeKind, read_node
from nodes._helpers.fields import frozen, pick, read_json
from nodes._helpers.hosts import Page
from nodes._helpers.http import origin_of, path_of
from nodes.http_get import http_get
from tests.nodes.web import saying, take, website

LOG = Log("meter")
SHELLY = '{"id": 0, "total_act_power": -412.3, "emeters": [{"power": 5}, {"power": "7.5"}]}'


async def getting(body: str, **settings: object) -> object:
    async with website(saying(body)) as host:
        source = http_get(url=Page(f"http://{host}/status"), every=0.01, log=LOG, **settings)
        return (await take(source, 1))[0]


def test_it_is_a_source_whose_unit_is_a_setting() -> None:
    spec = read_node(http_get)
    assert spec.kind is NodeKind.SOURCE
    assert spec.first_setting == "url"
    assert spec.output is not None
    assert spec.output.derived == UnitFrom("unit")


def test_headers_are_secrets() -> None:
    adapter = read_node(http_get).settings["headers"].adapter
    assert adapter.validate_python({"Authorization": "Bearer x"}) == {
        "Authorization": Secret("Bearer x")
    }


@pytest.mark.parametrize(
    ("body", "settings", "value"),
    [
        (SHELLY, {"field": "total_act_power"}, -412.3),
        (SHELLY, {"field": "emeters[0].power"}, 5.0),
        (SHELLY, {"field": "emeters.1.power"}, 7.5),
        (" 230.5\n", {}, 230.5),
        ("-7", {}, -7.0),
        (" on \n", {"format": "text"}, "on"),
        ('{"relay": "on"}', {"format": "text", "field": "relay"}, "on"),
        ('{"relay": true}', {"format": "text", "field": "relay"}, "true"),
        ('{"a": [1, {"b": 2}]}', {"format": "json"}, {"a": (1, {"b": 2})}),
        ('{"a.b": 3, "a": {"b": 4}}', {"field": "a.b"}, 3.0),
        ("[[1, 2], [3, 4]]", {"field": "[1][0]"}, 3.0),
    ],
)
async def test_values_are_found(body: str, settings: dict[str, object], value: object) -> None:
    assert await getting(body, **settings) == value


@pytest.mark.parametrize(
    ("body", "settings"),
    [
        ("<html>", {}),
        ("nan", {}),
        ("1_000", {}),
        ("1e999", {}),
        (SHELLY, {"field": "emeters[9].power"}),
        (SHELLY, {"field": "emeters.x"}),
        (SHELLY, {"field": "id.power"}),
        ('{"a": NaN}', {"format": "json"}),
        ('{"a": null}', {"field": "a"}),
        ('{"a": true}', {"field": "a"}),
        ('{"a": {}}', {"field": "a"}),
        ('{"a": ', {"field": "a"}),
    ],
)
async def test_nonsense_is_passed_over(body: str, settings: dict[str, Any]) -> None:
    good = '{"a": 1, "emeters": []}' if settings.get("format") == "json" else "5"
    good = f'{{"{settings["field"]}": 5}}' if "field" in settings else good
    async with website(saying(body, good)) as host:
        source = http_get(url=Page(f"{host}/x"), every=0.01, log=LOG, **settings)
        got = await take(source, 1)
    assert got in ([5.0], [{"a": 1, "emeters": ()}])


async def test_path_query_and_headers_are_sent() -> None:
    asked: list[web.Request] = []
    async with website(saying("5", asked=asked)) as host:
        headers = {"Authorization": Secret("Bearer hush")}
        page = Page(f"http://{host}/rpc/EM?id=0")
        await take(http_get(url=page, every=1, headers=headers, log=LOG), 1)
    assert asked[0].path_qs == "/rpc/EM?id=0"
    assert asked[0].headers["Authorization"] == "Bearer hush"


async def test_a_refusal_shows_no_secret() -> None:
    denied = web.Response(status=401, text="go away")
    async with website(saying(denied)) as host:
        source = http_get(url=Page(f"http://me:hush@{host}/x?key=hush"), every=1, log=LOG)
        with pytest.raises(OSError, match="says 401 go away; it wants a login") as caught:
            await take(source, 1)
    assert "hush" not in str(caught.value)


async def test_nonsense_shows_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    async with website(saying("<html>", "5")) as host:
        await take(http_get(url=Page(f"http://me:hush@{host}/x?key=hush"), every=0.01, log=LOG), 1)
    assert "talks nonsense" in caplog.text
    assert "hush" not in caplog.text


def test_an_address_that_is_none_shows_no_secret() -> None:
    with pytest.raises(ValueError, match=r"'meter \.lan' is not an address") as caught:
        origin_of("http://me:hush@meter .lan")
    assert "hush" not in str(caught.value)


async def test_a_redirect_is_not_followed_but_told() -> None:
    moved = web.Response(status=302, headers={"Location": "https://elsewhere/x"})
    async with website(saying(moved)) as host:
        with pytest.raises(OSError, match="it moved to https://elsewhere/x"):
            await take(http_get(url=Page(host), every=1, log=LOG), 1)


@pytest.mark.parametrize(
    ("address", "origin", "path"),
    [
        ("192.168.1.20", "http://192.168.1.20", "/"),
        ("meter.local:8080", "http://meter.local:8080", "/"),
        ("https://meter.local/a/b?c=1", "https://meter.local", "/a/b?c=1"),
        ("http://[::1]:80/x", "http://[::1]:80", "/x"),
    ],
)
def test_addresses_are_read(address: str, origin: str, path: str) -> None:
    assert (origin_of(address), path_of(address)) == (origin, path)


@pytest.mark.parametrize("login", ["basic", "digest"])
async def test_a_login_is_given_as_the_device_wants_it(login: str) -> None:
    asked: list[str] = []

    async def guarded(request: web.Request) -> web.Response:
        given = request.headers.get("Authorization", "")
        asked.append(given)
        if not given.lower().startswith(login):
            wants = {"basic": "Basic realm=x", "digest": 'Digest realm="x", nonce="1", qop="auth"'}
            return web.Response(status=401, headers={"WWW-Authenticate": wants[login]})
        return web.Response(text="5")

    async with website(guarded) as host:
        who = {"user": "me", "password": Secret("s3cret"), "login": login}
        assert await take(http_get(url=Page(host), every=0.01, log=LOG, **who), 2) == [5.0, 5.0]
        assert ('username="me"' in asked[-1]) == (login == "digest")
        other = "digest" if login == "basic" else "basic"
        with pytest.raises(OSError, match=r"401.*user and password") as caught:
            await take(http_get(url=Page(host), log=LOG, **(who | {"login": other})), 1)
        assert "s3cret" not in str(caught.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(JSON, st.text())
def test_no_json_and_no_path_does_more_than_a_value_error(data: object, path: str) -> None:
    for doing in (lambda: pick(data, path), lambda: frozen(data), lambda: read_json(path)):
        with suppress(ValueError):
            doing()
