"""Devices that are known by their MQTT topics. Pure.

Source: Tasmota documentation (tele/+/SENSOR); shelly-api-docs.shelly.cloud (status/em:0, shellies);
tomquist/hm2mqtt (hame_energy, marstek_energy); esphome-b2500 (b2500/N); victronenergy dbus-flashmq
(N/PORTAL); tbnobody/OpenDTU (SERIAL/0/power); dsmr-reader (dsmr/reading); ESPHome (sensor/ID);
SMA meter as JSON by OBIS number.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from nodes._helpers.fields import pick


class Heard(NamedTuple):
    """A message."""

    topic: str
    payload: bytes


class Device(NamedTuple):
    """A device that was recognised; `BROKER` stands in its step for the broker."""

    what: str
    topic: str
    step: str


Make = Callable[[re.Match[str], Any], str | None]


class Kind(NamedTuple):
    """How a kind of device is recognised."""

    what: str
    topic: re.Pattern[str]
    step: Make


def recognise(messages: Iterable[Heard]) -> list[Device]:
    """Return the devices that said these messages, each topic once."""
    found: dict[tuple[str, str], Device] = {}
    for topic, payload in sorted(messages):
        said = _said(payload)
        for kind in KINDS:
            match = kind.topic.fullmatch(topic)
            step = kind.step(match, said) if match else None
            if match and step is not None:
                what = kind.what.format(*match.groups())
                found.setdefault((what, step), Device(what, topic, step))
                break
    return list(found.values())


def _said(payload: bytes) -> Any:
    try:
        return json.loads(payload[:100_000])
    except (ValueError, RecursionError):
        return None


def _in(topic: str, field: str = "", more: str = "") -> str:
    picked = f", field: {field}" if field else ""
    return f"mqtt_in: {{broker: BROKER, topic: {topic}{picked}, unit: W{more}}}"


def _plain(match: re.Match[str], said: Any) -> str | None:
    """A topic whose payload is the power itself."""
    return _in(match[0]) if isinstance(said, float | int) else None


def _kilowatts(match: re.Match[str], _said: Any) -> str:
    """A topic whose payload is the power in kW."""
    return (
        f"mqtt_in: {{broker: BROKER, topic: {match[0]}}}  # kW; then - scale: {{by: 1000, unit: W}}"
    )


def _field(*paths: str) -> Make:
    """A topic in whose JSON the power is at one of some places."""

    def step(match: re.Match[str], said: Any) -> str | None:
        for path in paths:
            if isinstance(said, Mapping) and _is_number(said, path):
                return _in(match[0], path)
        return None

    return step


def _is_number(said: Mapping[str, Any], path: str) -> bool:
    try:
        return isinstance(pick(said, path), float | int)
    except ValueError:
        return False


def _tasmota(match: re.Match[str], said: Any) -> str | None:
    """Take `ENERGY.Power`, or what a script for a meter calls power; its names are the user's."""
    for group, inside in said.items() if isinstance(said, Mapping) else ():
        names = inside if isinstance(inside, Mapping) else {}
        for name, value in names.items():
            if re.search(r"(?i)power(_?curr)?$|watt|leistung", name) and isinstance(
                value, float | int
            ):
                return _in(match[0], f"{group}.{name}")
    return None


def _obis(match: re.Match[str], said: Any) -> str | None:
    there = isinstance(said, Mapping) and {"1-0:1.7.0", "1-0:2.7.0"} <= said.keys()
    return f"mqtt_in: {{broker: BROKER, topic: {match[0]}, format: json}}" if there else None


def _b2500(match: re.Match[str], _said: Any) -> str:
    start = match[0].removesuffix("/power/power")
    topics = f"power_topic: {match[0]}, battery_topic: {start}/battery/remaining_percent"
    return f"b2500_esp: {{broker: BROKER, topic: sma/net_power/{match[1]}, {topics}}}"


def _hame(match: re.Match[str], _said: Any) -> str:
    return f"b2500_mqtt: {{broker: BROKER, type: {match[1]}, mac: {match[2]}}}"


def _victron(match: re.Match[str], _said: Any) -> str:
    return _in(match[0], "value")


def _kind(what: str, topic: str, step: Make) -> Kind:
    return Kind(what, re.compile(topic), step)


KINDS = (
    _kind("Tasmota {0}", r"tele/([^/]+)/SENSOR", _tasmota),
    _kind("Shelly {0}", r"([^/]+)/status/em:0", _field("total_act_power")),
    _kind("Shelly {0}", r"([^/]+)/status/em1:\d", _field("act_power")),
    _kind("Shelly {0}", r"([^/]+)/status/switch:\d", _field("apower")),
    _kind("Shelly {0}", r"shellies/([^/]+)/emeter/\d/power", _plain),
    _kind("B2500 by an ESP, {0}", r"b2500/(\d+)/power/power", _b2500),
    _kind("Marstek {0} {1}", r"(?:hame|marstek)_energy/(HM[ABFJK]-\d+)/device/([^/]+)/ctrl", _hame),
    _kind("Victron {0}", r"N/([^/]+)/system/0/Ac/Grid/L1/Power", _victron),
    _kind("OpenDTU {0}", r"(?:[^/]+/)?(\d{12})/0/power", _plain),
    _kind("OpenDTU, all inverters", r"(?:[^/]+/)?ac/power", _plain),
    _kind("DSMR reader", r"dsmr/reading/electricity_currently_delivered", _kilowatts),
    _kind("SMA meter", r"[^/]*sma[^/]*", _obis),
    _kind("ESPHome {0}", r"([^/]+)/sensor/[^/]*power[^/]*/state", _plain),
    _kind("Zigbee {0}", r"zigbee2mqtt/([^/]+)", _field("power")),
)
