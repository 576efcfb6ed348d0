"""flows/b2500.yaml for B2500 Load Distributor: its rows, its faults that ours does not have.

Virtual time where logic is concerned (`House`, `Bench`); the main story with real parts is in
test_b2500_live.py.
"""

import json
import logging
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType

import pytest
import yaml

from flowctl import Battery
from flowctl.language.check import load
from flowctl.testing import Bench
from nodes._helpers.payload import decoder
from tests.nodes.test_distribute import VECTORS
from tests.systems.b2500_house import FLOW, House, Unit, reading

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "migrate" / "b2500.md"
UNITS = ("storage1", "storage2")
AS_IT_WAS = {"idle": "floor", "smooth": "false"}


def bench(*, sets=None, env=None, flow=FLOW):
    return Bench(flow, sets=sets or {}, env=env or {})


def told(one, socs, outputs, names=UNITS, **more):
    about = {"max_charge": 0.0, "max_discharge": 800.0, "online": True, **more}
    for name, soc, watts in zip(names, socs, outputs, strict=True):
        one.say(name, Battery(power=float(watts), soc=float(soc), **about))


def asked(one, names=UNITS):
    return [one.heard(name)[-1][1] if one.heard(name) else None for name in names]


def decided(socs, outputs, net, **given):
    """What each storage is asked for by one reading of the meter."""
    with bench(**given) as one:
        told(one, socs, outputs)
        one.say("meter", reading(net))
        return asked(one)


def house(*, load=400.0, units=2, **given):
    named = {f"storage{number}": Unit() for number in range(1, units + 1)}
    return House(named, (lambda _: load) if isinstance(load, float) else load, **given)


def total(one):
    return sum(unit.power for unit in one.units.values())


def with_third():
    """The flow with a third storage, as the page says: a copy of the block, and its name twice."""
    text = FLOW.read_text()
    block = text[text.index("  storage2:\n") :].replace("storage2", "storage3")
    names = "batteries: [storage1, storage2"
    vars_ = "".join(
        line.replace("storage2", "storage3").replace("STORAGE2", "STORAGE3").replace("/2", "/3")
        for line in text.splitlines(keepends=True)
        if line.startswith("  storage2_")
    )
    text = text.replace("  min_power:", vars_ + "\n  min_power:", 1)
    return text.replace(names, names + ", storage3") + "\n" + block


# Purpose and inputs


def test_G1_the_grid_is_kept_near_zero_by_two_storages():
    one = house(load=lambda t: 250.0 if t < 60 else 650.0).run(150)
    assert abs(one.grid()) <= 70
    assert sum(one.errors(100)) / len(one.errors(100)) <= 45


def test_G1_pv_surplus_is_not_added_to():
    one = house(load=lambda t: 400.0 if t < 60 else -900.0).run(120)
    assert total(one) == 0.0


def test_G3_a_third_storage_is_one_block_more():
    one = house(load=900.0, units=3, flow=with_third()).run(90)
    assert abs(one.grid()) <= 70
    assert all(unit.power > 200 for unit in one.units.values())


@pytest.mark.parametrize(
    ("payload", "net"),
    [
        ('{"1-0:1.7.0": {"value": 412}, "1-0:2.7.0": {"value": 0}}', 412.0),
        ('{"1-0:1.7.0": {"value": 0, "unit": "W"}, "1-0:2.7.0": {"value": 1234.5}}', -1234.5),
        ('{"x": 1, "1-0:1.7.0": {"value": 3}, "1-0:2.7.0": {"value": 2}}', 1.0),
    ],
)
def test_I1_net_power_is_import_less_feed_in(payload, net):
    with bench() as one:
        one.say("meter", decoder("json")(payload.encode()))
        assert one.stream("net") == [(0.0, net)]


@pytest.mark.parametrize(
    "payload",
    [
        "",
        "nan",
        "{",
        '{"1-0:1.7.0": {"value": NaN}, "1-0:2.7.0": {"value": 0}}',
        '{"1-0:1.7.0": {"value": 1e400}, "1-0:2.7.0": {"value": 0}}',
    ],
)
def test_I1_what_is_no_finite_json_is_not_heard(payload):
    with pytest.raises(ValueError, match=r"not JSON|not finite|not a number"):
        decoder("json")(payload.encode())


@pytest.mark.parametrize(
    "payload",
    [
        "{}",
        "[]",
        "7",
        "null",
        '"text"',
        '{"1-0:1.7.0": {"value": 400}}',
        '{"1-0:1.7.0": {"value": null}, "1-0:2.7.0": {"value": 0}}',
        '{"1-0:1.7.0": {"value": "many"}, "1-0:2.7.0": {"value": 0}}',
        '{"1-0:1.7.0": 400, "1-0:2.7.0": 0}',
        '{"1-0:1.7.0": {"value": 9e9}, "1-0:2.7.0": {"value": 0}}',
    ],
)
def test_I1_F7_a_message_without_both_numbers_changes_nothing(payload):
    with bench() as one:
        told(one, (80, 80), (200, 200))
        one.say("meter", decoder("json")(payload.encode()))
        assert one.stream("net") == []
        one.say("meter", reading(100.0))
        assert [watts for _, watts in one.stream("net")] == [100.0]
        assert asked(one) == [250.0, 250.0]


# Telemetry


def test_U1_the_topics_of_the_esps_are_those_of_the_original():
    graph = load(FLOW, env={})
    for number in (1, 2):
        settings = graph.steps[f"storage{number}/b2500_esp"].settings
        assert settings["battery_topic"] == f"b2500/{number}/battery/remaining_percent"
        assert settings["power_topic"] == f"b2500/{number}/power/power"
        assert settings["connected_topic"] == f"b2500/{number}/smartmeter/connected"


def test_U5_storages_are_taken_to_give_200_W_at_80_percent_until_they_tell():
    settings = load(FLOW, env={}).steps["storage1/b2500_esp"].settings
    assert (settings["default_soc"], settings["default_power"]) == (80.0, 200.0)
    assert decided((80, 80), (200, 200), 100) == [250.0, 250.0]


def test_U6_F1_A12_one_that_goes_offline_leaves_all_to_the_other_and_comes_back():
    one = house(load=350.0).run(60)
    first, second = one.units.values()
    one.bench.say("storage2", Battery(online=False))
    second.online = False
    second.command(0.0)  # it is gone from the grid, too
    one.run(60)
    assert abs(first.power - 350) <= 40
    assert one.bench.heard("storage2")[-1][1] is None, "given back"
    second.online = True
    one.run(60)
    assert second.power > 100
    assert abs(one.grid()) <= 70


def test_F1_B0d_one_whose_esp_died_is_left_out_as_well():
    one = house(load=350.0).run(60)
    one.units["storage2"].online = False  # tells nothing more, polls nothing more
    one.units["storage2"].command(0.0)
    one.run(60)
    assert abs(one.units["storage1"].power - 350) <= 40


# Outputs


def test_O1_net_power_is_said_for_each_message_retained_in_whole_watts():
    settings = load(FLOW, env={}).steps["net_power/mqtt_out"].settings
    assert (settings["topic"], settings["retain"]) == ("sma/net_power", True)
    assert settings["decimals"] == 0
    with bench() as one:
        for watts in (100.4, -250.0):
            one.say("meter", reading(watts))
        assert [watts for _, watts in one.heard("net_power")] == [100.4, -250.0]


def test_O1_net_power_is_said_even_if_nobody_is_online():
    with bench() as one:
        for name in UNITS:
            one.say(name, Battery(online=False))
        one.say("meter", reading(300.0))
        assert [watts for _, watts in one.heard("net_power")] == [300.0]


def test_O2_each_b2500_meter_listens_on_its_own_topic():
    graph = load(FLOW, env={})
    for number in (1, 2):
        assert (
            graph.steps[f"storage{number}/b2500_esp"].settings["topic"] == f"sma/net_power/{number}"
        )


def test_O9_B0_2_small_changes_need_not_be_said_and_do_no_harm():
    one = house(load=500.0, sets={"min_publish_change": "60W"}).run(240)
    assert abs(one.grid()) <= 70
    late = [total_at for time, total_at in one.course if time > 120]
    assert max(late) - min(late) <= 70, "nothing adds up"


# Allocation


@pytest.mark.parametrize(
    ("socs", "outputs", "net", "expected"),
    VECTORS,
    ids=["A1-balanced", "A2-threshold", "A2-60", "A11-max", "A11-both", "A11-boost", "A11-floor"],
)
def test_A1_A2_A11_the_targets_of_the_original(socs, outputs, net, expected):
    made = decided(socs, outputs, net, sets=AS_IT_WAS)
    assert [round(watts) for watts in made] == list(expected)


def test_A1_balanced_within_the_threshold():
    assert decided((80, 78), (200, 200), 100) == [250.0, 250.0]


@pytest.mark.parametrize(("threshold", "equal"), [(3, False), (21, True)])
def test_A2_the_threshold_can_be_set(threshold, equal):
    env = {"REBALANCE_THRESHOLD": str(threshold)}
    first, second = decided((80, 60), (200, 200), 0, env=env)
    assert (first == second) is equal


@pytest.mark.parametrize(("rate", "first"), [("0", 229.0), ("0.5", 269.0), ("1.0", 309.0)])
def test_A2_the_rate_can_be_set(rate, first):
    made = decided((80, 60), (200, 200), 0, env={"REBALANCE_RATE": rate})
    assert [round(watts) for watts in made] == [first, 400 - first]


def test_A2_charges_come_together():
    one = House({"storage1": Unit(soc=80, capacity=200), "storage2": Unit(soc=60, capacity=200)},
                lambda _: 400.0)  # fmt: skip
    one.run(900)
    first, second = (unit.soc for unit in one.units.values())
    assert abs(first - second) <= 6


def test_A11_more_than_both_may_give_is_asked_for_with_the_boost():
    assert decided((80, 80), (400, 400), 900) == [500.0, 500.0]
    assert decided((80, 80), (400, 400), 900, env={"MAX_POWER_BOOST": "0"}) == [400.0, 400.0]


def test_A11_the_floor_goes_on_with_a_surplus_if_wanted():
    one = house(load=-300.0, sets={"idle": "floor"}).run(60)
    assert all(15 <= unit.power <= 80 for unit in one.units.values())


# Faults and life cycle


def test_F8_everything_is_given_back_at_the_end():
    with bench() as one:
        told(one, (80, 80), (200, 200))
        one.say("meter", reading(100.0))
        one.close()
        assert asked(one) == [None, None]


def test_F8_B0d_a_silent_meter_ends_in_release_and_the_storages_stop():
    one = house(load=500.0).run(60)
    assert total(one) > 400
    one.meter_speaks = False
    one.run(60)
    assert [heard[-1][1] for heard in map(one.bench.heard, UNITS)] == [None, None]
    assert total(one) == 0.0
    one.meter_speaks = True
    one.run(60)
    assert abs(one.grid()) <= 70


# Configuration

ENV = {
    "MQTT_BROKER": "broker.lan",
    "MQTT_PORT": "1884",
    "MQTT_USERNAME": "me",
    "MQTT_PASSWORD": "not told",
    "SOURCE_TOPIC": "s",
    "OUTPUT_TOPIC": "o",
    "STORAGE1_OUTPUT_TOPIC": "o1",
    "STORAGE1_BATTERY_TOPIC": "b1",
    "STORAGE1_POWER_TOPIC": "p1",
    "STORAGE1_CONNECTED_TOPIC": "c1",
    "STORAGE2_OUTPUT_TOPIC": "o2",
    "STORAGE2_BATTERY_TOPIC": "b2",
    "STORAGE2_POWER_TOPIC": "p2",
    "STORAGE2_CONNECTED_TOPIC": "c2",
    "MIN_POWER": "50",
    "MAX_POWER": "300",
    "MAX_POWER_BOOST": "70",
    "DEFAULT_BATTERY_PERCENT": "70.5",
    "DEFAULT_POWER_OUTPUT": "150.0",
    "REBALANCE_THRESHOLD": "5",
    "REBALANCE_RATE": "1.5",
    "MIN_PUBLISH_CHANGE": "10",
    "LOG_LEVEL": "INFO",
}


def test_C1_broker_port_and_login_come_from_the_old_env():
    steps = load(FLOW, env=ENV).steps
    for step in ("meter/mqtt_in", "net_power/mqtt_out", "storage1/b2500_esp", "storage2/b2500_esp"):
        settings = steps[step].settings
        assert settings["broker"].reveal() == "mqtt://broker.lan:1884"
        assert settings["user"] == "me"
        assert settings["password"].reveal() == "not told"
        assert "not told" not in repr(settings)


def test_C1_without_a_login_nobody_logs_in():
    settings = load(FLOW, env={}).steps["meter/mqtt_in"].settings
    assert settings["user"] == ""
    assert not settings["password"].reveal()
    assert settings["broker"].reveal() == "mqtt://127.0.0.1:1883"


def test_C2_all_ten_topics_can_be_set():
    steps = load(FLOW, env=ENV).steps
    assert steps["meter/mqtt_in"].settings["topic"] == "s"
    assert steps["net_power/mqtt_out"].settings["topic"] == "o"
    for number in "12":
        settings = steps[f"storage{number}/b2500_esp"].settings
        names = ("topic", "battery_topic", "power_topic", "connected_topic")
        assert [settings[name] for name in names] == [f"{key}{number}" for key in "obpc"]


def test_C3_all_parameters_can_be_set():
    steps = load(FLOW, env=ENV).steps
    law, device = steps["plan/distribute"].settings, steps["storage1/b2500_esp"].settings
    names = ("min_power", "max_power", "boost", "threshold", "rate", "default_soc")
    assert [law[name] for name in names] == [50.0, 300.0, 70.0, 5.0, 1.5, 70.5]
    assert (device["default_soc"], device["default_power"]) == (70.5, 150.0)
    assert device["deadband"] == 10.0


def test_C3_the_defaults_are_those_of_the_original():
    steps = load(FLOW, env={}).steps
    law, device = steps["plan/distribute"].settings, steps["storage1/b2500_esp"].settings
    names = ("min_power", "max_power", "boost", "threshold", "rate", "default_soc")
    assert [law[name] for name in names] == [40.0, 400.0, 100.0, 3.0, 1.0, 80.0]
    assert (device["default_power"], device["deadband"]) == (200.0, 0.0)


@pytest.mark.parametrize("wrong", ["many", "1,5", "-5"])
def test_C3_a_value_that_is_none_is_told_with_its_place(wrong):
    from flowctl import FlowError

    with pytest.raises(FlowError, match="min_power"):
        load(FLOW, env={"MIN_POWER": wrong})


def test_C11_the_old_env_file_beside_the_flow_is_read(tmp_path):
    flow = tmp_path / "b2500.yaml"
    flow.write_text(FLOW.read_text())
    lines = [f"{name}={value}" for name, value in ENV.items()]
    (tmp_path / ".env").write_text("# MQTT\n" + "\n".join(lines) + "\n")
    assert load(flow, env={}).steps["plan/distribute"].settings["max_power"] == 300.0


def alternatives():
    """The commented ways to steer a storage, by node."""
    found = re.findall(r"    # (- (\w+): \{.*\})\n", FLOW.read_text())
    return {node: line for line, node in found}


def instead(line):
    """The flow with another way to steer storage1."""
    text = FLOW.read_text()
    begin = text.index("    - b2500_esp:\n")
    end = text.index("    # Without b2500-meter")
    return text[:begin] + f"    {line}\n" + text[end:]


@pytest.mark.parametrize("node", ["shelly_emulator", "ct_emulator", "b2500_mqtt"])
def test_C4_the_ways_without_b2500_meter_are_a_line_each(node):
    graph = load_text(instead(alternatives()[node]))
    assert graph.steps[f"storage1/{node}"]
    assert not graph.warnings


def test_C4_every_device_type_of_b2500_meter_can_be_played():
    for port, name in ((1010, "shellypro3em"), (2222, "shellyemg3"), (2223, "shellyproem50")):
        line = (
            f"- shelly_emulator: {{host: 192.168.1.31, port: {port}, model: {name}, throttle: 5s}}"
        )
        settings = load_text(instead(line)).steps["storage1/shelly_emulator"].settings
        assert (settings["port"], settings["model"], settings["throttle"]) == (port, name, 5.0)


def test_A1_the_other_law_is_a_line():
    text = FLOW.read_text()
    begin, end = text.index("    - distribute:"), text.index("  storage1:\n")
    line = re.search(r"or in its place: (- rebalance: .*)\n", text)[1]
    graph = load_text(text[:begin] + f"    {line}\n\n" + text[end:])
    assert graph.steps["plan/rebalance"].settings["reserve"] == 10.0


def load_text(text):
    return Bench(text, env={}).graph


# Deployment, logs, help


def test_R1_the_page_shows_a_compose_file_with_env_host_network_and_restart():
    blocks = re.findall(r"```yaml\n(services:.*?)```", PAGE.read_text(), re.DOTALL)
    service = next(iter(yaml.safe_load(blocks[0])["services"].values()))
    assert service["env_file"] == ".env"
    assert service["network_mode"] == "host"
    assert service["restart"] == "unless-stopped"


def test_R2_it_runs_by_one_command():
    command = [sys.executable, "-m", "flowctl", "check", str(FLOW)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_K1_the_log_tells_what_its_users_know(caplog):
    caplog.set_level(logging.INFO)
    one = house(load=lambda t: 300.0 if t < 20 else 2000.0 if t < 60 else -500.0).run(40)
    one.bench.say("storage2", Battery(online=False))
    one.units["storage2"].online = False
    one.run(50)
    one.bench.say("storage1", Battery(online=False))
    one.units["storage1"].online = False
    one.run(30)
    one.bench.close()
    for line in (
        r"limits: 40 to 400 W each, 100 W more at most",
        r"net power 300 W",
        r"storage1 is online",
        r"mode: balanced",
        r"mode: max power",
        r"load \d+ W: storage1 SoC 80% \d+ -> \d+ W, storage2 SoC 80% .* total \d+ -> \d+ W",
        r"storage2 is offline: its part goes to the others",
        r"no storage is online",
        r"released",
    ):
        assert re.search(line, caplog.text), line


def test_K1_a_meter_that_falls_silent_is_told(caplog):
    one = house().run(20)
    one.meter_speaks = False
    one.run(60)
    assert caplog.text.count("no value for 30s") == 1


def test_E5_the_page_helps_with_what_goes_wrong():
    page = PAGE.read_text()
    for symptom in ("does not answer", "no value for", "offline", "unequal", "--verbose"):
        assert symptom in page, symptom


def test_E6_any_mqtt_client_reads_net_power_and_readings_as_plain_numbers():
    with bench() as one:
        one.say("meter", reading(-12.0))
        from nodes._helpers.payload import encoder

        assert encoder("plain", 0)(one.heard("net_power")[0][1]) == b"-12"


# Faults of the original that ours does not have


@pytest.mark.parametrize("poll", [0.9, 1.0, 2.0, 5.0])
def test_B0_1_a_delta_is_followed_once_however_often_it_is_polled(poll):
    one = house(load=lambda t: 200.0 if t < 100 else 700.0, poll=poll).run(340)
    given = [700 - watts for time, watts in one.course if time > 100]
    assert max(given) <= 700 + 2 * 34 + 50, "two storages, a step each"
    assert sum(one.errors(250)) / len(one.errors(250)) <= 45


def test_B0_3_no_jump_where_all_are_at_their_limit():
    def pair(net):
        return sum(decided((80, 60), (390, 390), net))

    for low, high in pairwise(range(10, 40, 3)):
        assert abs(pair(high) - pair(low)) <= 4


def test_B0_3_no_jump_at_the_threshold():
    firsts = [decided((soc, 77.0), (200, 200), 100)[0] for soc in (79.0, 79.5, 79.9, 80.0, 80.1)]
    assert max(abs(b - a) for a, b in pairwise(firsts)) <= 11


def test_B0_4_a_lone_storage_is_held_within_its_limits():
    with bench() as one:
        one.say("storage2", Battery(online=False))
        told(one, (80,), (300,), names=("storage1",))
        one.say("meter", reading(5000.0))
        assert asked(one)[0] == 500.0
        one.advance(5)
        one.say("meter", reading(-5000.0))
        assert asked(one)[0] == 0.0


def test_B0_5_an_empty_storage_is_asked_for_nothing():
    assert decided((80, 8), (200, 0), 100) == [300.0, 0.0]


def test_B0_6_a_surplus_is_not_made_larger():
    assert decided((80, 80), (100, 100), -900) == [0.0, 0.0]


def test_B0_7_a_larger_storage_gives_more_and_there_may_be_any_number():
    with bench(flow=with_third()) as one:
        names = (*UNITS, "storage3")
        told(one, (80, 80), (100, 100), names[:2], capacity=2240.0)
        told(one, (80,), (100,), names[2:], capacity=4480.0)
        one.say("meter", reading(100.0))
        assert asked(one, names) == [100.0, 100.0, 200.0]


def test_B0_8_nothing_is_dialled_by_an_import():
    code = (
        "import socket; socket.socket.connect = lambda *_: 1 / 0\n"
        "import nodes.b2500_esp, nodes.distribute, nodes.b2500_mqtt, nodes.shelly_emulator\n"
        "import sys; print('aiomqtt' in sys.modules, 'paho' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_B0_9_the_page_says_that_b2500_meter_listens():
    assert re.search(r"b2500-meter\W+listens", PAGE.read_text())


def test_B0d_nan_poisons_nothing():
    with bench() as one:
        told(one, (80, 80), (200, 200))
        broken = MappingProxyType({"1-0:1.7.0": MappingProxyType({"value": float("nan")}),
                                   "1-0:2.7.0": MappingProxyType({"value": 0.0})})  # fmt: skip
        one.say("meter", broken)
        one.say("storage1", Battery(power=float("nan"), soc=float("nan")))
        one.say("meter", reading(100.0))
        assert asked(one) == [250.0, 250.0]


def test_the_house_to_try_it_in_is_one_comment_away():
    text = FLOW.read_text().replace("  # demo:", "  demo:")
    text = text.replace("  #   - simulated_house", "    - simulated_house")
    assert load_text(text).steps["demo/simulated_house"]


def test_the_plant_beside_the_flow_names_its_streams():
    from nodes.sim.plant_file import read_plant

    plant = read_plant(ROOT / "flows" / "plants" / "b2500.yaml")
    graph = load(FLOW, env={})
    assert set(plant.batteries) <= set(graph.streams)
    assert plant.meter_name in graph.streams


def test_the_reading_of_the_simulated_meter_is_the_real_one():
    from nodes.sim.obis import reading as said

    assert json.loads(said(-40.0))["1-0:2.7.0"]["value"] == 40
