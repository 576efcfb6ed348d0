"""What `flowctl discover` finds: real mDNS, real datagrams and a real broker on loopback."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowctl.language.check import load
from flowctl.signature.node import NodeKind
from nodes._helpers import finders, homewizard
from nodes._helpers.finders import Found
from nodes._helpers.mqtt_devices import Heard, recognise
from nodes._helpers.udp import EVERYWHERE
from nodes.sim.marstek_udp_server import serve
from tests.nodes.mqtt import peer
from tests.nodes.venus import Cell
from tests.nodes.zeroconf import HOME, P1, announced, fresh_kind

LONG = 1.5  # s: answers by mDNS are not repeated within 1 s


def search(wait=LONG, brokers=(), broadcast="127.255.255.255"):
    return SimpleNamespace(wait=wait, interface=HOME, broadcast=broadcast, brokers=brokers)


async def test_homewizard_devices(monkeypatch):
    kind = fresh_kind()
    monkeypatch.setattr(homewizard, "KIND", kind)
    water = P1 | {"product_type": "HWE-WTR", "product_name": "Water", "api_enabled": "0"}
    async with announced((kind, 8080, P1 | {"name": "a"}), (kind, 80, water | {"name": "b"})):
        meter, other = await finders.homewizard(search())
    assert meter == Found(
        what="HomeWizard P1 meter",
        address="127.0.0.1:8080",
        step="homewizard_p1: {host: 127.0.0.1:8080}",
        about="HWE-P1 3c39e7aabbcc",
    )
    assert (other.what, other.address, other.step) == ("HomeWizard Water", HOME, "")
    assert "enable the local API" in other.about


async def test_homewizard_devices_with_api_v2(monkeypatch):
    kind = fresh_kind()
    monkeypatch.setattr(homewizard, "KIND", fresh_kind())
    monkeypatch.setattr(homewizard, "NEWER", kind)
    meter = {"product_type": "HWE-P1", "product_name": "P1", "serial": "5c2fafaabbcc", "name": "a"}
    named = meter | {"id": "appliance/p1dongle/5c2fafaabbcc"}
    battery = meter | {"product_type": "HWE-BAT", "name": "b"}
    async with announced((kind, 443, named), (kind, 444, battery)):
        one, other = await finders.homewizard(search())
    assert one == Found(
        what="HomeWizard P1, API v2",
        address="127.0.0.1",
        step='homewizard_v2: {host: 127.0.0.1, token: "${HOMEWIZARD_TOKEN}", '
        "identity: appliance/p1dongle/5c2fafaabbcc}",
        about="HWE-P1 5c2fafaabbcc; its token: flowctl pair homewizard 127.0.0.1",
    )
    assert other.step == ('homewizard_battery: {host: 127.0.0.1:444, token: "${HOMEWIZARD_TOKEN}"}')
    assert is_good(one.step)
    assert is_good(other.step)


async def test_marstek_batteries():
    async with serve(Cell(), EVERYWHERE) as venus:
        there = search(wait=0.3, broadcast=f"127.255.255.255:{venus.port}")
        [one] = await finders.marstek(there)
    assert one.what.startswith("Marstek Venus")
    assert one.step == f"marstek_udp: {{host: {one.address}}}"
    assert one.address.endswith(f":{venus.port}")
    assert is_good(one.step)


async def test_where_nothing_can_be_sent_that_is_told():
    with pytest.raises(OSError, match=r"nobody can be asked at 127\.0\.0\.1:0 .*a network\?"):
        await finders.find("127.0.0.1", 0, wait=0.05)


async def test_batteries_that_answer_only_to_their_own_port_are_found_too(monkeypatch):
    async with serve(Cell(), EVERYWHERE) as venus:
        [known] = await finders.find("127.255.255.255", venus.port, wait=0.3)
    old = replace(known, address=("10.0.0.3", 30000))

    async def asked(where, port, *, wait, local):
        assert (where, wait) == ("10.0.0.255", 1.5)
        return [known, old] if local == port else [known]

    monkeypatch.setattr(finders, "find", asked)
    found = await finders.marstek(search(broadcast="10.0.0.255"))
    assert [one.address for one in found] == ["127.0.0.1:" + str(venus.port), "10.0.0.3"]


async def test_shelly_devices_of_all_generations(monkeypatch):
    newer, older = fresh_kind(), fresh_kind()
    monkeypatch.setattr(finders, "SHELLY", newer)
    monkeypatch.setattr(finders, "GEN1", older)
    gen2 = {"name": "shellypro3em-aabb", "gen": "2", "app": "Pro3EM", "ver": "1.4.4"}
    async with announced((newer, 80, gen2), (older, 81, {"name": "printer"})):
        [one] = await finders.shelly(search())
    assert (one.what, one.about) == ("Shelly Pro3EM", "shellypro3em-aabb 1.4.4")
    assert one.step == "shelly: {host: 127.0.0.1, push: true}"
    assert is_good(one.step)


@pytest.mark.parametrize(
    ("model", "step"),
    [
        ("Pro3EM", "shelly: {host: 10.0.0.2, push: true}"),
        ("shellyem3", "shelly: {host: 10.0.0.2}"),
        ("shellyem", "shelly: {host: 10.0.0.2, clamp: a}"),
        ("ProEM50", "shelly: {host: 10.0.0.2, push: true, clamp: a}"),
        ("EMG3", "shelly: {host: 10.0.0.2, push: true, clamp: a}"),
        ("Plus1PM", "http_get: {url: 'http://10.0.0.2/rpc/Switch.GetStatus?id=0', field: apower"),
        ("PlugSG3", "http_get: {url: 'http://10.0.0.2/rpc/Switch.GetStatus?id=0', field: apower"),
    ],
)
def test_each_shelly_that_measures_has_its_step(model, step):
    shown = finders._shelly_step(model, "10.0.0.2")
    assert shown.startswith(step)
    assert is_good(shown)


def test_a_shelly_that_measures_nothing_has_no_step():
    assert finders._shelly_step("Button1", "10.0.0.2") == ""


async def test_brokers_and_the_devices_on_them(mosquitto, topic, monkeypatch):
    kind = fresh_kind()
    monkeypatch.setattr(finders, "BROKER", kind)
    name = topic.replace("/", "-")
    said = json.dumps({"ENERGY": {"Power": 3}})
    async with announced((kind, 1883, {})), peer(mosquitto) as other:
        await other.publish(f"tele/{name}/SENSOR", said, retain=True)
        found = await finders.mqtt(search(brokers=(mosquitto,)))
        await other.publish(f"tele/{name}/SENSOR", None, retain=True)
    assert Found(what="MQTT broker", address="mqtt://127.0.0.1:1883", step="") in found
    [one] = [one for one in found if name in one.about]
    assert (one.what, one.address) == (f"Tasmota {name}", mosquitto)
    assert one.step == (
        f"mqtt_in: {{broker: {mosquitto}, topic: tele/{name}/SENSOR, field: ENERGY.Power, unit: W}}"
    )


async def test_a_broker_that_is_away_is_told_without_its_password(monkeypatch):
    monkeypatch.setattr(finders, "BROKER", fresh_kind())
    with pytest.raises(OSError, match=r"127\.0\.0\.1:1") as caught:
        await finders.mqtt(search(wait=0.05, brokers=("mqtt://me:secret@127.0.0.1:1",)))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("topic", "payload", "what", "part"),
    [
        ("tele/meter/SENSOR", '{"SML": {"Power_curr": -210}}', "Tasmota meter",
         "field: SML.Power_curr"),
        ("b2500/2/power/power", "200", "B2500 by an ESP, 2", "topic: sma/net_power/2"),
        ("hame_energy/HMA-1/device/acd929a74b20/ctrl", "p1=0,w1=0", "Marstek HMA-1 acd929a74b20",
         "type: HMA-1, mac: acd929a74b20"),
        ("shellypro3em-1/status/em:0", '{"total_act_power": 5.0}', "Shelly shellypro3em-1",
         "field: total_act_power"),
        ("shellies/shellyem3-1/emeter/0/power", "31.5", "Shelly shellyem3-1", "emeter/0/power"),
        ("N/c0619ab1/system/0/Ac/Grid/L1/Power", '{"value": 300}', "Victron c0619ab1",
         "field: value"),
        ("solar/116180000001/0/power", "310.5", "OpenDTU 116180000001", "0/power"),
        ("dsmr/reading/electricity_currently_delivered", "0.3", "DSMR reader", "scale: {by: 1000"),
        ("sma", '{"1-0:1.7.0": {"value": 3}, "1-0:2.7.0": {"value": 0}}', "SMA meter",
         "format: json"),
        ("heater/sensor/heater_power/state", "120", "ESPHome heater", "heater_power"),
        ("zigbee2mqtt/plug", '{"power": 12.5, "state": "ON"}', "Zigbee plug", "field: power"),
    ],
)  # fmt: skip
def test_devices_are_known_by_their_topics(topic, payload, what, part):
    [one] = recognise([Heard(topic, payload.encode())])
    assert (one.what, one.topic) == (what, topic)
    assert part in one.step
    assert is_good(one.step.replace("BROKER", "mqtt://10.0.0.2:1883"))


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("tele/lamp/SENSOR", '{"Time": "x"}'),
        ("tele/lamp/SENSOR", "[[[["),
        ("zigbee2mqtt/lamp", '{"state": "ON"}'),
        ("x/status/em:0", "{}"),
        ("sma", "1"),
        ("home/plan", "3"),
    ],
)
def test_what_holds_no_power_is_none_of_them(topic, payload):
    assert recognise([Heard(topic, payload.encode())]) == []


@given(st.lists(st.tuples(st.text(), st.binary()), max_size=5))
def test_any_talk_is_borne(messages):
    recognise([Heard(*message) for message in messages])


TOKEN = {"HOMEWIZARD_TOKEN": "0" * 32}


def is_good(step: str) -> bool:
    """Whether a flow may hold this step."""
    device = step.startswith(("marstek", "b2500"))
    pipe = "from: beat" if device else step
    text = f"streams:\n  beat: [tick: 1s, map: {{to: 0, unit: W}}]\n  it:\n    - {pipe}\n"
    text += f"    - {step if device else 'print'}\n  all: [from: beat, print]\n"
    kinds = {one.kind for one in load(text, env=TOKEN).steps.values()}
    return NodeKind.DEVICE in kinds or NodeKind.SOURCE in kinds
