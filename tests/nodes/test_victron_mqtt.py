"""victron_mqtt: powers from the broker of a GX device, which must be kept talking."""

import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodes._helpers.victron import QUIETLY, Powers, filters
from nodes.victron_mqtt import victron_mqtt
from tests.nodes.mqtt import Peer, peer
from tests.nodes.streams import LOG, Heard, hearing, until

SYSTEM = {
    "Ac/Grid/L1/Power": 700,
    "Ac/Grid/L2/Power": -250.5,
    "Ac/Grid/L3/Power": 50,
    "Ac/Grid/NumberOfPhases": 3,
    "Ac/PvOnGrid/L1/Power": 1200,
    "Ac/PvOnGrid/L2/Power": None,
    "Ac/PvOnOutput/L1/Power": 300,
    "Dc/Pv/Power": 55.5,
    "Dc/Battery/Power": 640,
    "Ac/Consumption/L1/Power": 900,
    "Ac/Consumption/Total/Power": 900,
}


class Gx:
    """A GX device: tells all when it is asked to, and notes each keep-alive."""

    def __init__(self, link: Peer, portal: str) -> None:
        self.link, self.portal = link, portal

    async def tell(self, path: str, value: Any) -> None:
        await self.raw(path, json.dumps({"value": value}))

    async def raw(self, path: str, payload: bytes | str | None) -> None:
        await self.link.publish(f"N/{self.portal}/system/0/{path}", payload)

    async def tell_all(self, system: dict[str, Any] = SYSTEM) -> None:
        for path, value in system.items():
            await self.tell(path, value)
        await self.link.publish(f"N/{self.portal}/full_publish_completed", '{"value": 1}')

    async def asked(self, *payloads: bytes) -> None:
        await until(lambda: len(self.link.said) >= len(payloads))
        assert [payload for _, payload in self.link.said[: len(payloads)]] == list(payloads)


@asynccontextmanager
async def system(broker: str, **settings: Any) -> AsyncIterator[tuple[Gx, Heard]]:
    portal = uuid.uuid4().hex[:12]
    async with peer(broker, f"R/{portal}/keepalive") as link:
        source = victron_mqtt(broker=broker, portal=portal, log=LOG, **settings)
        async with hearing(source) as heard:
            gx = Gx(link, portal)
            await gx.asked(b"")
            yield gx, heard


@pytest.mark.parametrize(
    ("of", "watts"), [("grid", 499.5), ("solar", 1555.5), ("battery", -640.0), ("load", -900.0)]
)
async def test_powers_are_positive_into_the_house(mosquitto, of, watts):
    async with system(mosquitto, of=of) as (gx, heard):
        await gx.tell_all()
        await heard.until(watts)


async def test_nothing_is_said_of_a_part_of_the_phases(mosquitto):
    async with system(mosquitto) as (gx, heard):
        await gx.tell("Ac/Grid/L1/Power", 700)
        await gx.tell("Ac/Grid/L2/Power", 100)
        await gx.tell_all()
        await gx.tell("Ac/Grid/L1/Power", 600)
        await heard.until(499.5, 399.5)


async def test_a_phase_that_goes_is_not_counted(mosquitto):
    async with system(mosquitto) as (gx, heard):
        await gx.tell_all()
        await gx.tell("Ac/Grid/L2/Power", None)
        await gx.raw("Ac/Grid/L3/Power", None)
        await gx.raw("Ac/Grid/L1/Power", None)
        await gx.tell("Ac/Grid/L1/Power", 5)
        await heard.until(499.5, 750.0, 700.0, 5.0)


async def test_it_is_kept_talking_and_asked_for_all_until_all_is_told(mosquitto):
    async with system(mosquitto, beat=0.05) as (gx, heard):
        await gx.asked(b"", b"", b"")
        await gx.tell_all()
        await heard.until(499.5)
        await until(lambda: gx.link.said[-1][1] == QUIETLY)
        assert json.loads(QUIETLY) == {"keepalive-options": ["suppress-republish"]}


async def test_after_an_outage_of_the_broker_all_is_asked_again(own_mosquitto):
    portal = "c0619ab91234"
    source = victron_mqtt(broker=own_mosquitto.url, portal=portal, beat=0.05, log=LOG)
    async with hearing(source) as heard:
        async with peer(own_mosquitto.url, f"R/{portal}/keepalive") as link:
            gx = Gx(link, portal)
            await gx.asked(b"")
            await gx.tell_all()
            await heard.until(499.5)
            await until(lambda: link.said[-1][1] == QUIETLY)
            own_mosquitto.stop()
            with suppress(Exception):
                await link.task  # it ends with the connection
        own_mosquitto.start()
        async with peer(own_mosquitto.url, f"R/{portal}/keepalive") as link:
            gx = Gx(link, portal)
            await until(lambda: link.said and link.said[-1][1] == b"")
            await gx.tell_all({"Ac/Grid/L1/Power": 12})
            await heard.until(499.5, 12.0)


NONSENSE = [
    b"watt",
    b'{"value": 1',
    b"[]",
    b'{"value": NaN}',
    b'{"value": "1"}',
    b'{"value": true}',
    b'{"max": 1}',
    b"\xff\xfe",
    b"[" * 60_000,
    b'{"value": 1}' + b" " * 2_000_000,
]


async def test_nonsense_is_passed_over_and_told_once(mosquitto, caplog):
    async with system(mosquitto) as (gx, heard):
        await gx.tell_all()
        await heard.until(499.5)
        for payload in NONSENSE:
            await gx.raw("Ac/Grid/L1/Power", payload)
            await until(lambda: caplog.records)
        await gx.tell("Ac/Grid/L1/Power", 600)
        await heard.until(499.5, 399.5)
    told = [record.message for record in caplog.records if record.name == LOG.name]
    assert len(told) == 2
    assert "makes sense again" in told[1]


@pytest.mark.parametrize("payload", NONSENSE)
def test_nonsense_changes_nothing(payload):
    with pytest.raises(ValueError, match=r"not? |not finite"):
        Powers().told("N/x/system/0/Ac/Grid/L1/Power", payload)


@given(st.lists(st.tuples(st.sampled_from(["L1", "L2", "L3", "Total"]), st.floats(-1e4, 1e4))))
def test_the_sum_is_of_the_newest_of_each_phase(messages):
    powers, newest = Powers(complete=True), dict[str, float]()
    for phase, watts in messages:
        topic = f"N/x/system/0/Ac/Grid/{phase}/Power"
        powers = powers.told(topic, json.dumps({"value": watts}).encode())
        newest |= {phase: watts} if phase != "Total" else {}
    assert powers.power("grid") == (pytest.approx(sum(newest.values())) if newest else None)


def test_the_topics_are_those_of_its_own_portal():
    assert filters("abc", "battery") == [
        "N/abc/system/0/Dc/Battery/Power",
        "N/abc/full_publish_completed",
    ]
