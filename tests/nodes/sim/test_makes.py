"""What each make of device is in a plant: the twins of our nodes."""

import inspect
import json
from dataclasses import replace
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from flowctl import Battery, FlowError, Terms
from flowctl.backtest.makes import GROUP, asks, made
from flowctl.language.check import load
from flowctl.language.library import Library
from flowctl.signature.node import NodeKind
from flowctl.telling.examples import example
from flowctl.values import known
from flowctl.virtual.clock import VirtualClock
from nodes._helpers.b2500_steered import Steered
from nodes._helpers.ha_states import State
from nodes._helpers.ha_unit import read_unit
from nodes._helpers.virtual_meter import VirtualMeter
from nodes._helpers.zendure import read_report
from nodes.sim.battery import HomeBattery
from nodes.sim.made import made_battery, made_plant
from nodes.sim.plant_file import read_plant_text
from nodes.sim.twins import open_twins
from tests.nodes.test_ha_battery import states
from tests.nodes.test_zendure import SolarFlow

LIBRARY = Library.beside()
DEVICES = [name for name in LIBRARY.names() if LIBRARY.get(name).kind is NodeKind.DEVICE]
HOME = Path(__file__).parents[3] / "flows" / "home.yaml"
MQTT = "broker: mqtt://b, topic: t/cmd"
B2500 = {"kind": "b2500", "max_discharge": 800.0, "slew": 34.0}


@cache
def twins():
    return {entry.name: entry.load() for entry in entry_points(group=GROUP)}


def flow(folder: Path, left: str, meter: str = "homewizard_p1: {host: a}") -> Path:
    file = folder / "it.yaml"
    said = f"    - from: total\n    - {left}\n"
    total = "  total: [{from: meter}, {scale: 1}]\n"
    file.write_text(f"flow: it\nstreams:\n  meter:\n    - {meter}\n{total}  left:\n{said}")
    return file


def test_there_are_devices():
    assert len(DEVICES) >= 10


@pytest.mark.parametrize("name", DEVICES)
def test_every_device_of_ours_has_a_twin_of_the_same_signature(name):
    assert inspect.signature(twins()[name]) == inspect.signature(LIBRARY.get(name).function)


@pytest.mark.parametrize("name", DEVICES)
def test_the_twin_of_the_example_of_every_device_stands_up(tmp_path, name):
    step = example(LIBRARY.get(name)).splitlines()[-1].removeprefix("- ")
    said = asks(load(flow(tmp_path, step), env={"TOKEN": "0" * 32}))["left"]
    assert said
    assert made_battery("left", said).max_charge + made_battery("left", said).max_discharge > 0


def test_every_twin_is_of_a_node_and_its_signature_is_that_of_the_node():
    for name in set(twins()) & set(LIBRARY.names()):
        assert inspect.signature(twins()[name]) == inspect.signature(LIBRARY.get(name).function)


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (
            "marstek_modbus: {host: a}",
            {"kind": "wired", "max_charge": 2500, "max_discharge": 2500, "capacity": 5120,
             "telemetry": {"every": 1}},
        ),
        (
            "marstek_modbus: {host: a, family: a, poll: 3s}",
            {"kind": "wired", "max_charge": 1450, "max_discharge": 1450, "capacity": 2120,
             "telemetry": {"every": 3}},
        ),
        ("marstek_modbus: {host: '${NOBODY:-}'}", None),
        ("marstek_udp: {host: a}", {"kind": "udp", "telemetry": {"every": 4}}),
        (
            "marstek_udp: {host: a, poll: 30s, capacity: 2kWh}",
            {"kind": "udp", "capacity": 2000, "telemetry": {"every": 30}},
        ),
        ("marstek_udp: {host: '${NOBODY:-}'}", None),
        (
            "ha_battery: {host: a, token: b, prefix: p}",
            {"kind": "udp", "telemetry": {"every": 1}},
        ),
        (
            "zendure: {host: a}",
            {"kind": "udp", "dead_time": 3, "max_charge": 2400, "max_discharge": 2400,
             "telemetry": {"every": 2}},
        ),
        (
            "b2500_mqtt: {broker: mqtt://b, mac: 0123456789ab, max_power: 400W}",
            {"kind": "cloud", "max_charge": 0, "max_discharge": 400, "min_power": 80,
             "capacity": 2240, "telemetry": {"every": 10}},
        ),
        (
            f"b2500_esp: {{{MQTT}, power_topic: t/w, step: 17W, poll: 2s}}",
            {**B2500, "slew": 8.5, "telemetry": {"age": 2, "no_soc": True}},
        ),
        (
            "ct_emulator: {mac: 0123456789ab}",
            {**B2500, "max_charge": 0, "telemetry": {"every": 1, "age": 1, "no_soc": True}},
        ),
        (
            "ct_emulator: {mac: 0123456789ab, step: null, max_power: 2.5kW, charge_power: 2.5kW}",
            {"kind": "udp", "max_charge": 2500, "max_discharge": 2500,
             "telemetry": {"every": 1, "age": 1, "no_soc": True}},
        ),
        (
            "shelly_emulator: {host: a}",
            {**B2500, "max_charge": 0, "telemetry": {"every": 0}},
        ),
        (
            "shelly_emulator: {host: a, broker: mqtt://b, power_topic: t/w, battery_topic: t/s}",
            {**B2500, "max_charge": 0, "telemetry": {"age": 2, "no_soc": False}},
        ),
        (
            f"switched_load: {{{MQTT}, power: 596W}}",
            {"kind": "load", "max_charge": 596, "min_power": 596},
        ),
        (
            f"variable_load: {{{MQTT}, max_power: 2kW}}",
            {"kind": "load", "max_charge": 2000, "min_power": 101},
        ),
    ],
)  # fmt: skip
def test_a_step_says_what_its_device_is(tmp_path, step, words):
    said = asks(load(flow(tmp_path, step)))["left"]
    if said is None:
        assert words is None
        return
    assert made_battery("left", said).kind == words["kind"]
    heard = {name: told for name, told in said.get("telemetry", {}).items() if name != "untold"}
    assert {**said, "telemetry": heard} == {"telemetry": {}, **words}


STEERED = Steered(VirtualMeter(34.0, 1.0), (0.0, 800.0), Terms(), VirtualClock())
LIMITED = {way: State(f"number.{way}", "0", {"max": 2500}) for way in ("charge", "discharge")}
TERMS = Battery(write_every=2.0)
OUTPUT = Battery(power=5.0, online=True)


@pytest.mark.parametrize(
    ("step", "records"),
    [
        (
            "ha_battery: {host: a, token: b, prefix: p}",
            [read_unit(states() | LIMITED, 1), TERMS],
        ),
        ("zendure: {host: a}", [read_report(json.loads(SolarFlow().page())).battery, TERMS]),
        (
            f"b2500_esp: {{{MQTT}, power_topic: t/w, capacity: 2kWh}}",
            [replace(STEERED.first(), capacity=2000.0), OUTPUT],
        ),
        ("ct_emulator: {mac: 0123456789ab}", [STEERED.first(), OUTPUT]),
        (
            "shelly_emulator: {host: a, broker: mqtt://b, power_topic: t/w, capacity: 2kWh}",
            [replace(STEERED.first(), capacity=2000.0), OUTPUT],
        ),
        (
            f"switched_load: {{{MQTT}, power: 596W}}",
            [Battery(max_charge=596.0, min_power=596.0), Battery(max_discharge=0.0, online=True)],
        ),
        (f"switched_load: {{{MQTT}}}", [Battery(max_discharge=0.0, online=True)]),
    ],
)
def test_a_twin_tells_what_its_node_tells(tmp_path, step, records):
    """Setpoints apart: a law that hears more here than at home is tried out in another house."""
    unit = HomeBattery("left", made_battery("left", asks(load(flow(tmp_path, step)))["left"]))
    unit.command(300.0)
    unit.advance(3.0)
    unit.measure()
    assert fields(record for _, record in unit.told()) == fields(records)


def fields(records):
    """What records tell, but for what no twin tells: temperature, mode, cells without panels."""
    beyond = {"setpoint", "power_at", "temperature", "mode", "cell_power", "pv_power"}
    return set().union(*(known(record) for record in records)) - beyond


@pytest.mark.parametrize(
    ("step", "every", "polled"),
    [
        ("homewizard_p1: {host: a, every: 500ms}", 1.0, 0.5),
        ("homewizard_p1: {host: a, every: 5s}", 1.0, 5.0),
        ("homewizard_v2: {host: a, token: b, push: true, every: 5s}", 1.0, 0.0),
        ("homewizard_v2: {host: a, token: b, push: false, every: 5s}", 1.0, 5.0),
        ("dsmr: {host: a}", 1.0, 0.0),
        ("shelly: {host: a, every: 2s}", 1.0, 2.0),
        ("shelly: {host: a, every: 200ms}", 0.2, 0.2),
        ("shelly: {host: a, every: 2s, push: true}", 1.0, 0.0),
        ("sma_speedwire", 1.0, 0.0),
        ("fronius: {host: a, every: 10s}", 1.0, 10.0),
        ("modbus_read: {host: a, register: 1, every: 200ms, unit: W}", 0.2, 0.2),
        ("http_get: {url: 'http://a/b', every: 3s, unit: W}", 1.0, 3.0),
        ("ha_state: {host: a, token: b, entity: sensor.p1, unit: W}", 10.0, 0.0),
        ("mqtt_in: {broker: mqtt://b, topic: t, unit: W}", 1.0, 0.0),
    ],
)
def test_a_source_says_what_meter_it_reads_and_how_often_it_asks_it(tmp_path, step, every, polled):
    file = flow(tmp_path, "marstek_udp: {host: a, lease: 60s}", step)
    graph = load(file)
    plant = made_plant(made(graph, file).words)
    assert (plant.meter_name, plant.meter.every, plant.meter.polled) == ("meter", every, 0.0)
    twins = open_twins(None, makes=made(graph, file).words, asks=asks(graph))
    assert (twins.plant.setup.meter.every, twins.plant.setup.meter.polled) == (every, polled)


def test_a_house_on_sockets_that_says_what_it_speaks_is_that_of_the_twins():
    left, right = "left: {speaks: marstek_modbus}", "right: {speaks: marstek_udp}"
    spoken = read_plant_text(f"meter: {{}}\n{left}\n{right}\n")
    twins = made_plant(made(load(HOME), HOME).words)
    assert spoken.meter == twins.meter
    for name, battery in twins.batteries.items():
        on_sockets = replace(spoken.batteries[name], speaks=None)
        heard = battery.telemetry
        polled = replace(on_sockets.telemetry, every=heard.every, untold=heard.untold)
        assert replace(on_sockets, telemetry=polled) == battery


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"kind": "steam"}, "there is no kind 'steam'; kinds are wired, udp"),
        ({"capacty": 5.0}, "unexpected keyword argument 'capacty'"),
        ({"telemetry": {"evry": 5.0}}, "unexpected keyword argument 'evry'"),
        ({"telemetry": 5.0}, "must be a mapping"),
    ],
)
def test_a_twin_that_says_nonsense_is_told_with_its_cure(words, said):
    with pytest.raises(FlowError, match=f"what the twin of 'left' says fits no plant: .*{said}"):
        made_battery("left", words)
