"""ha_sensor: a stream as a sensor of Home Assistant."""

import asyncio
import math
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowctl import Battery, Latest, Plan
from nodes._helpers import mqtt as mqtt_link
from nodes._helpers.ha import Entity, description, slug
from nodes._helpers.ha_values import Reader
from nodes._helpers.mqtt import mqtt
from nodes.ha_sensor import ha_sensor
from tests.nodes.entities import seen
from tests.nodes.streams import LOG, saying, until


async def test_a_sensor_is_described_and_its_state_kept(mosquitto, topic):
    settings: dict[str, Any] = {
        "broker": mosquitto, "name": "Combined SoC", "id": "combined_battery_soc", "unit": "%",
        "device": "Battery manager", "device_class": "battery", "state_class": "measurement",
        "topic": f"{topic}/soc", "prefix": topic, "decimals": 1, "expire": 90.0,
    }  # fmt: skip
    async with saying(ha_sensor, **settings) as box:
        box.put(61.26)
        async with seen(mosquitto, topic) as there:
            await there.shows(f"{topic}/soc", "61.3")
            told = await there.described("sensor", "combined_battery_soc", topic)
            await there.shows("flowctl/status", "online")
    assert told == {
        "name": "Combined SoC",
        "unique_id": "combined_battery_soc",
        "object_id": "combined_battery_soc",
        "default_entity_id": "sensor.combined_battery_soc",
        "availability_topic": "flowctl/status",
        "device": {"identifiers": ["battery_manager"], "name": "Battery manager"},
        "origin": {"name": "flowctl"},
        "state_topic": f"{topic}/soc",
        "unit_of_measurement": "%",
        "device_class": "battery",
        "state_class": "measurement",
        "suggested_display_precision": 1,
        "expire_after": 90,
    }


async def test_it_may_be_announced_with_its_first_state_or_never(mosquitto, topic):
    settings: dict[str, Any] = {"broker": mosquitto, "name": "A", "prefix": topic, "field": "soc"}
    shy = settings | {"id": "shy", "topic": f"{topic}/shy", "announce": "first"}
    mute = settings | {"id": "mute", "topic": f"{topic}/mute", "discovery": False}
    async with (
        seen(mosquitto, topic) as there,
        saying(ha_sensor, **mute) as other,
        saying(ha_sensor, **shy) as box,
    ):
        other.put(Battery(soc=50.0))
        await there.shows(f"{topic}/mute", "50")
        box.put(Battery(power=300.0))
        other.put(Battery(soc=60.0))
        await there.shows(f"{topic}/mute", "60")
        assert there.last(f"{topic}/sensor/shy/config") is None
        box.put(Battery(soc=70.0))
        await there.described("sensor", "shy", topic)
        await there.shows(f"{topic}/shy", "70")
        assert there.last(f"{topic}/sensor/mute/config") is None


async def test_it_is_unavailable_once_flowctl_has_gone(own_mosquitto, topic):
    url = own_mosquitto.url
    async with seen(url, topic) as there:
        async with saying(ha_sensor, broker=url, name="A", topic=f"{topic}/a", prefix=topic) as box:
            box.put(1.0)
            await there.shows("flowctl/status", "online")
        await there.shows("flowctl/status", "offline")
        assert there.last(f"{topic}/a") == "1"
        assert there.last(f"{topic}/sensor/flowctl_a/config")


async def test_after_a_restart_of_the_broker_all_is_said_again(own_mosquitto, topic, monkeypatch):
    monkeypatch.setattr(mqtt_link, "SHORTEST", 0.01)
    url = own_mosquitto.url
    settings = {"name": "A", "topic": f"{topic}/a", "prefix": topic, "retain": False}
    async with mqtt(url) as link, saying(ha_sensor, broker=url, **settings) as box:
        box.put(7.0)
        await until(lambda: link.outbox._newest.get(f"{topic}/a"))
        own_mosquitto.stop()
        await until(lambda: not link.online)
        own_mosquitto.start()
        async with seen(url, topic) as there:
            await there.described("sensor", "flowctl_a", topic)
            assert there.last(f"{topic}/a") in ("7", None)  # not kept: heard only if in time


async def test_attributes_are_what_else_is_known_of_a_record(mosquitto, topic):
    settings = {"field": "mode", "attributes": True, "topic": f"{topic}/left", "prefix": topic}
    async with (
        seen(mosquitto, topic) as there,
        saying(ha_sensor, broker=mosquitto, name="Left", **settings) as box,
    ):
        box.put(Battery(mode="auto", soc=60.0, power=-3.0))
        await there.shows(f"{topic}/left", "auto")
        await there.shows(f"{topic}/left/attributes", '{"power": -3, "soc": 60}')
        box.put(Battery(power=5.0))
        await there.shows(f"{topic}/left/attributes", '{"power": 5, "soc": 60}')
        assert there.last(f"{topic}/left") == "auto"
        told = await there.described("sensor", "flowctl_left", topic)
        assert told["json_attributes_topic"] == f"{topic}/left/attributes"


async def test_what_is_no_state_is_passed_over_and_told_once(mosquitto, topic, caplog):
    async with (
        seen(mosquitto, topic) as there,
        saying(ha_sensor, broker=mosquitto, name="A", topic=f"{topic}/a", prefix=topic) as box,
    ):
        for value in (math.nan, {"a": 1.0}, "x" * 300, 5.0):
            box.put(value)
            await until(lambda: not box._full.is_set())
        await there.shows(f"{topic}/a", "5")
    assert len([r for r in caplog.records if "nonsense" in r.message]) == 1


@pytest.mark.parametrize("settings", [{"id": "left/soc"}, {"topic": "a/#"}, {"id": "a b"}])
async def test_an_id_or_topic_that_cannot_be_used_is_refused(mosquitto, settings):
    with pytest.raises(ValueError, match=r"use letters|not a topic to publish"):
        await ha_sensor(Latest(), broker=mosquitto, name="A", log=LOG, **settings)


STATES = [
    (300.0, {}, b"300"),
    (-0.0, {}, b"0"),
    (300.0, {"sign": -1}, b"-300"),
    (0.0, {"sign": -1}, b"0"),
    (5120.0, {"unit": "kWh"}, b"5.12"),
    (5120.0, {"unit": "Wh"}, b"5120"),
    (90.0, {"unit": "min"}, b"1.5"),
    (12.345, {"unit": "%", "decimals": 1}, b"12.3"),
    (-0.2, {"decimals": 0}, b"0"),
    ("charging", {}, b"charging"),
    (True, {}, b"true"),
    (Battery(soc=60.0), {"field": "soc"}, b"60"),
    (Battery(power=60.0), {"field": "soc"}, None),
    (Battery(power=60.0), {"field": "nothing"}, None),
    (Plan(watts={"left": -80.0}), {"field": "watts.left", "sign": -1}, b"80"),
    (MappingProxyType({"a": {"b": 2}}), {"field": "a.b"}, b"2"),
    (5.0, {"field": "soc"}, None),
    (None, {}, None),
]


@pytest.mark.parametrize(("value", "settings", "state"), STATES)
def test_a_state_is_written_in_its_unit_and_sign(value, settings, state):
    assert Reader(**settings).state(value) == state


@given(st.floats(), st.sampled_from(["", "kWh", "%"]), st.sampled_from([1, -1]))
def test_a_state_is_a_finite_number_or_a_value_error(value, unit, sign):
    try:
        state = Reader(unit, sign).state(value)
    except ValueError:
        assert not math.isfinite(value)
        return
    assert state is not None
    assert math.isfinite(float(state))
    scale = 1000 if unit == "kWh" else 1
    assert float(state) * scale * sign == pytest.approx(value, rel=1e-12)


SLUGS = [
    ("Battery SoC (left)", "battery_soc_left"),
    ("MMBC_Battery_1", "mmbc_battery_1"),
    ("Läufer", "laufer"),
    ("  ", "unnamed"),
]


@pytest.mark.parametrize(("text", "expected"), SLUGS)
def test_an_id_is_made_of_a_name(text, expected):
    assert slug(text) == expected


def test_topics_are_those_of_documented_systems_when_asked_for():
    one = Entity(
        kind="sensor", name="SoC", id="MMBC_Combined_Battery_soc", topic="mmbc/virtual/soc"
    )
    assert one.config_topic == "homeassistant/sensor/MMBC_Combined_Battery_soc/config"
    assert one.state_topic == "mmbc/virtual/soc"
    assert b'"default_entity_id": "sensor.mmbc_combined_battery_soc"' in description(one, "s", {})


def test_without_a_status_topic_an_entity_is_always_available():
    assert b"availability" not in description(Entity(kind="sensor", name="SoC"), "", {})


async def test_states_come_slower_than_values_and_the_newest_wins(mosquitto, topic):
    async with (
        seen(mosquitto, topic) as there,
        saying(ha_sensor, broker=mosquitto, name="A", topic=f"{topic}/a", prefix=topic) as box,
    ):
        for number in range(100):
            box.put(float(number))
        await asyncio.sleep(0)
        await there.shows(f"{topic}/a", "99")
