"""shelly: grid power of meters of all generations."""

import json
from base64 import b64encode
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from flowctl import Log, Secret
from nodes._helpers.shelly import first_ask, generation, rpc_ask
from nodes.shelly import shelly
from tests.nodes.web import take, website

LOG = Log("meter")
FIXTURES = Path(__file__).parent.parent / "fixtures" / "shelly"
PRO3EM = json.loads((FIXTURES / "pro3em_status.json").read_text())
GEN1 = {"type": "SHEM-3", "mac": "A4CF12F45678", "auth": False}
GEN2 = json.loads((FIXTURES / "pro3em_shelly.json").read_text())
EM3 = {
    "emeters": [
        {"power": 100.5, "is_valid": True},
        {"power": -400.0, "is_valid": True},
        {"power": 20.0, "is_valid": True},
    ],
    "total_power": -279.5,
}
EM = {"emeters": [{"power": 812.25, "is_valid": True}, {"power": -300.0, "is_valid": True}]}
EM50 = {"em1:0": {"id": 0, "act_power": -71.5}, "em1:1": {"id": 1, "act_power": 300.0}}
MONO = {f"em1:{n}": {"id": n, "act_power": 100.0 * n} for n in range(3)}


class Device:
    """A meter: what it says at each address."""

    def __init__(self, **pages: Any) -> None:
        self.pages = {f"/{name}": page for name, page in pages.items()}
        self.asked: list[web.Request] = []
        self.next: list[str] = []
        """What is said in place of a reading, first."""

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request)
        if self.next and len(self.asked) > 2:
            return web.Response(text=self.next.pop(0))
        page = self.pages.get(str(request.rel_url))
        if page is None:
            return web.Response(status=404, text="Not Found")
        response = web.json_response(page)
        response.force_close()  # as these devices do
        return response


def first(status: Any) -> Device:
    return Device(shelly=GEN1, status=status)


def later(status: dict[str, Any]) -> Device:
    pages = {"shelly": GEN2, "rpc/Shelly.GetStatus": status}
    for name, part in status.items():
        kind, _, number = name.partition(":")
        if kind in ("em", "em1"):
            pages[f"rpc/{kind.upper()}.GetStatus?id={number}"] = part
    return Device(**pages)


async def reading(device: Device, count: int = 1, **settings: Any) -> list[float]:
    async with website(device.answer) as host:
        return await take(shelly(host=host, every=0.01, log=LOG, **settings), count)


@pytest.mark.parametrize(
    ("device", "settings", "watts"),
    [
        (first(EM3), {}, -279.5),
        (first(EM3), {"clamp": "all"}, -279.5),
        (first(EM3), {"clamp": "b"}, -400.0),
        (first({"emeters": EM3["emeters"]}), {}, -279.5),
        (first(EM), {"clamp": "a"}, 812.25),
        (first(EM), {"clamp": "all"}, 512.25),
        (first(EM), {"clamp": "a", "gen": "1"}, 812.25),
        (later(PRO3EM), {}, 2413.825),
        (later(PRO3EM), {"clamp": "a"}, 2166.2),
        (later(PRO3EM), {"clamp": "c", "gen": "2"}, 244.0),
        (later(EM50), {"clamp": "a"}, -71.5),
        (later(EM50), {"clamp": "all"}, 228.5),
        (later(MONO), {}, 300.0),
        (later({"em1:0": {"act_power": 5}}), {}, 5.0),
    ],
)
async def test_import_is_positive_whatever_the_generation(device, settings, watts):
    assert await reading(device, 2, **settings) == [watts, watts]


@pytest.mark.parametrize(
    ("device", "clamp", "said"),
    [
        (first(EM), "auto", "two clamps"),
        (later(EM50), "auto", "two clamps"),
        (later(EM50), "c", "no clamp c"),
        (later({"switch:0": {}}), "auto", "no energy meter"),
        (first({"relays": []}), "auto", "no field emeters"),
        (first({"emeters": []}), "auto", "no energy meter"),
        (Device(shelly={"name": "printer"}), "auto", "does not say that it is a Shelly"),
        (Device(shelly=[]), "auto", "does not say that it is a Shelly"),
        (Device(), "auto", "404 Not Found; is this the address"),
    ],
)
async def test_what_it_cannot_measure_is_told_with_its_address(device, clamp, said):
    with pytest.raises(OSError, match=rf"127\.0\.0\.1:\d+.*{said}"):
        await reading(device, clamp=clamp)


NONSENSE = [
    "",
    "<html>",
    '{"total_act_power": 24',
    "[]",
    "null",
    '{"id": 0}',
    '{"total_act_power": null}',
    '{"total_act_power": NaN}',
    '{"total_act_power": "2413"}',
    '{"total_act_power": 1e999}',
    '{"total_act_power": 1, "errors": ["power_meter_failure"]}',
    "[" * 100_000,
    '{"total_act_power": 1, "junk": "' + "x" * 2_000_000 + '"}',
]


@pytest.mark.parametrize("nonsense", NONSENSE)
async def test_nonsense_is_told_once_and_passed_over(nonsense, caplog):
    device = later(PRO3EM)
    device.next = [nonsense, nonsense]
    assert await reading(device) == [2413.825]
    told = [record.message for record in caplog.records if record.name == "meter"]
    assert len(told) == 2
    assert "makes sense again, after 2 odd ones" in told[1]


async def test_a_clamp_that_is_not_valid_is_nonsense():
    device = first(EM3)
    broken = {"emeters": [{"power": 0, "is_valid": False}] * 3, "total_power": 0}
    device.next = [json.dumps(broken)]
    assert await reading(device) == [-279.5]


async def test_the_first_generation_is_given_its_basic_login():
    device = first(EM3)
    assert await reading(device, password=Secret("pass"), user="me") == [-279.5]
    wanted = "Basic " + b64encode(b"me:pass").decode()
    assert {r.headers.get("Authorization") for r in device.asked[1:]} == {wanted}


async def test_later_generations_are_given_their_digest_login():
    device = later(PRO3EM)
    logins = []

    async def guarded(request: web.Request) -> web.Response:
        login = request.headers.get("Authorization", "")
        if request.path != "/shelly" and not login.startswith("Digest "):
            wants = 'Digest qop="auth", realm="shelly", nonce="60dc2c69", algorithm=SHA-256'
            return web.Response(status=401, headers={"WWW-Authenticate": wants})
        logins.append(login)
        return await device.answer(request)

    async with website(guarded) as host:
        source = shelly(host=host, every=0.01, password=Secret("pass"), log=LOG)
        assert await take(source, 2) == [2413.825] * 2
        assert 'username="admin"' in logins[-1]
        assert "SHA-256" in logins[-1]
        with pytest.raises(OSError, match=r"401.*give it as password"):
            await take(shelly(host=host, log=LOG), 1)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda part: (
        st.lists(part, max_size=3)
        | st.dictionaries(
            st.sampled_from(["emeters", "power", "total_power", "em:0", "em1:0", "em1:1", "gen"]),
            part,
            max_size=4,
        )
    ),
)


@given(JSON, JSON, st.sampled_from(["auto", "all", "a", "b", "c"]))
def test_whatever_is_said_gives_a_number_or_is_refused(status, said, clamp):
    for choose in (first_ask, rpc_ask):
        with suppress(ValueError):
            assert abs(choose(status, clamp).read(said)) < float("inf")
    with suppress(ValueError):
        assert generation(status) in ("1", "2")


def test_a_status_that_changes_its_shape_is_refused():
    for choose, status in ((first_ask, EM3), (rpc_ask, EM50), (rpc_ask, PRO3EM)):
        for said in (None, [], 7, "text", {"em1:0": []}, {"emeters": {}}, {"emeters": [1]}):
            with pytest.raises(ValueError, match="no "):
                choose(status, "all").read(said)
