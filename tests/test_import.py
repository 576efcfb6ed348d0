"""`flowctl import`: old settings become vars, and what does not is told."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from flowctl.cli import call
from flowctl.faults import FlowError
from flowctl.language.check import load
from flowctl.start.importing import block, filled, import_file, names, table
from flowctl.start.oldfiles import read

ROOT = Path(__file__).parent.parent
FLOWS = ROOT / "flows"
OLD = {
    "b2500": ("env", {
        ".env": """
# my house
export MQTT_BROKER=10.0.0.5
MQTT_USERNAME=me
MQTT_PASSWORD="s3cret"
SOURCE_TOPIC=meters/sma   # mine
MIN_POWER=60
REBALANCE_THRESHOLD=5
REBALANCE_RATE=1.50
LOG_LEVEL=DEBUG
COLOUR=green
"""}, {
        "broker": "mqtt://10.0.0.5:1883", "source_topic": "meters/sma", "min_power": "60W",
        "rebalance_threshold": "5%", "rebalance_rate": 1.5,
    }, {"LOG_LEVEL", "COLOUR"}),
    "mmbc": ("env", {
        ".env": """
P1_HOST=http://192.168.1.20
BATTERY_1_IP=192.168.1.31
BATTERY_1_ADDRESS=1
MQTT_HOST=broker.local
MQTT_PORT=1884
MQTT_TOPIC_PREFIX=mmbc/mine
SELF_CONTROL_AVAILABLE=False
INTERVAL_SECONDS=5
"""}, {
        "broker": "mqtt://broker.local:1884", "p1": "http://192.168.1.20", "prefix": "mmbc/mine",
        "self_control": False, "interval": "5s",
    }, set()),
    "solar-balancer": ("ini", {
        "config.ini": """
[openweathermap]
key = abc
location = Grenoble
[mqtt]
broker_ip = 10.3.141.1
port = 1883
topic_regul= regul
topic_force = None
topic_ecsMode = domoticz/out/heater
[evaluate]
margin = 30
period = 2.5
check_at = 2
status_time = 900
low_ecs_energy_today = 4000
[debug]
simulation = true
[season]
yday_spring = 80
[equipments]
TANK = water_heater
WALL = constant
TOWEL = constant
[TANK]
min_power = 90
min_percent = 3
topic_set_power = regul/vload/TANK/cmd
[WALL]
max_power = 700
json_on = {"command": "switchlight", "idx": 1, "switchcmd": "On"}
[TOWEL]
max_power = 400
"""}, {
        "location": "Grenoble", "broker_ip": "10.3.141.1", "port": "1883",
        "topic_ecsMode": "domoticz/out/heater", "margin": "30W", "period": "2.5s",
        "check_at": "2h", "status_time": "900s", "low_ecs_energy_today": "4000Wh",
        "prefix": "simu/", "ecs_min_power": "90W", "ecs_min_percent": "3%",
        "ecs_topic_set_power": "regul/vload/TANK/cmd", "resille_max_power": "700W",
        "resille_json_on": '{"command": "switchlight", "idx": 1, "switchcmd": "On"}',
    }, {
        "openweathermap.key", "mqtt.topic_regul", "mqtt.topic_force", "season.yday_spring",
        "equipments.TANK", "equipments.WALL", "equipments.TOWEL", "TOWEL.max_power",
    }),
    "battery-manager": ("yaml", {
        "apps.yaml": """
wallbox_manager:
  module: wallbox_manager.wallbox_manager
battery_manager:
  module: battery_manager.battery_manager
  class: BatteryManager
  update_interval: 5
  batteries:
    - {name: Akku1, type: marstek, device_prefix: akku1}
    - {name: Akku2, type: marstek, device_prefix: akku2}
    - {name: Akku3, type: marstek, device_prefix: akku3}
grid_balancer:
  grid_sensor: sensor.grid
  deadband_w: 100
"""}, {
        "update_interval": "5s", "prefix_1": "akku1", "prefix_2": "akku2",
        "grid_sensor": "sensor.grid",
    }, {
        "wallbox_manager.module", "battery_manager.module", "battery_manager.class",
        "battery_manager.batteries.1.name", "battery_manager.batteries.1.type",
        "battery_manager.batteries.2.name", "battery_manager.batteries.2.type",
        "battery_manager.batteries.3.name", "battery_manager.batteries.3.type",
        "battery_manager.batteries.3.device_prefix", "grid_balancer.deadband_w",
    }),
    "home-energy": ("python", {
        "MyEnergyController.py": """
import time
import Meter
DEFAULT_PORT = 30000

def send_and_receive(ip, port, payload, timeout: float = 2.5, retries: int = 4):
    raise SystemExit("nothing of this is run")

def single():
    ips = ["192.168.2.108", "192.168.2.147"]
    return Meter.get_current_power("192.168.2.192")

while True:
    time.sleep(30)
"""}, {
        "battery_1": "192.168.2.108", "battery_2": "192.168.2.147", "p1": "192.168.2.192",
        "timeout": "2.5s", "tries": 5, "every": "30s",
    }, {"DEFAULT_PORT", "SystemExit().1"}),
}  # fmt: skip
CASES = [(flow, *case) for flow, case in OLD.items()]


def written(folder: Path, files: dict[str, str]) -> Path:
    [(name, text)] = files.items()
    (folder / name).write_text(text)
    return folder / name


@pytest.mark.parametrize(("flow", "form", "files", "values", "left"), CASES, ids=list(OLD))
def test_what_can_be_is_carried_over_and_the_rest_is_told(
    tmp_path: Path, flow: str, form: Any, files: Any, values: Any, left: Any
) -> None:
    made = import_file(written(tmp_path, files), form, flow)
    assert yaml.safe_load(block(made))["vars"] == values
    assert {key for key, _ in made.left} == left
    assert all(why for _, why in made.left)


@pytest.mark.parametrize(("flow", "form", "files", "values", "left"), CASES, ids=list(OLD))
def test_the_flow_is_good_with_them_and_keeps_its_comments(
    tmp_path: Path, flow: str, form: Any, files: Any, values: Any, left: Any
) -> None:
    text = (FLOWS / f"{flow}.yaml").read_text()
    new = filled(text, import_file(written(tmp_path, files), form, flow))
    shutil.copy(FLOWS / "power_calibration_ecs.csv", tmp_path)
    (tmp_path / "mine.yaml").write_text(new)
    assert load(tmp_path / "mine.yaml").warnings == ()
    variables = yaml.safe_load(new)["vars"]
    assert {name: variables[name] for name in values} == values
    assert new.count("#") == text.count("#")
    assert new.count("\n") == text.count("\n")


@pytest.mark.parametrize("flow", names())
def test_every_var_of_a_table_is_in_its_flow(flow: str) -> None:
    known = table(flow)
    told = [{"var": to} if isinstance(to, str) else to for to in known["keys"].values()]
    wanted = {one["var"] for one in told if "var" in one} | known.get("joined", {}).keys()
    assert wanted <= load(FLOWS / f"{flow}.yaml").variables.keys()
    ways = [one.keys() & {"var", "gone", "secret", "stays"} for one in told]
    either = [
        len(way) == 2 and {"when", "unless"} & one.keys()
        for way, one in zip(ways, told, strict=True)
    ]
    assert all(len(way) == 1 or two for way, two in zip(ways, either, strict=True))
    assert (ROOT / "docs" / "migrate" / f"{flow}.md").exists()


@pytest.mark.parametrize(
    ("form", "text", "flow", "said"),
    [
        ("env", "MIN_POWER=many", "b2500", "old:1:1: MIN_POWER: 'many' is not a number"),
        ("env", "\nMIN_POWER=nan", "b2500", "old:2:1: MIN_POWER: 'nan' is not a number"),
        ("env", "MIN_POWER", "b2500", "line 1 is not of the form NAME=value"),
        ("env", "SELF_CONTROL_AVAILABLE=perhaps", "mmbc", "'perhaps' is neither true nor false"),
        ("ini", "margin = 3", "solar-balancer", "is not ini"),
        ("ini", "A=1", "b2500", "is configured by env, not by ini"),
        ("env", "A=1\nMIN_POWER", "b2500", "old:2:1"),
        ("ini", "[a]\nx = 1\nsecret words", "solar-balancer", "old:3:1"),
        ("yaml", "a: 1\nb: [", "battery-manager", "old:2:1"),
        ("yaml", "[" * 5000, "battery-manager", "is not yaml"),
        ("env", "A=1\0", "b2500", "it is not text"),
        ("env", "#" * 1_100_000, "b2500", "too long to be settings"),
        ("python", "a = 1\nb = (", "home-energy", "old:2:1"),
        ("yaml", "a: [", "battery-manager", "is not yaml"),
        ("python", "def (", "home-energy", "is not python"),
    ],
)
def test_faults_are_told_with_their_place(
    tmp_path: Path, form: Any, text: str, flow: str, said: str
) -> None:
    file = tmp_path / "old"
    file.write_text(text)
    with pytest.raises(FlowError) as error:
        import_file(file, form, flow)
    assert said in str(error.value)


def test_all_wrong_values_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("MIN_POWER=x\nMAX_POWER=y\n")
    with pytest.raises(FlowError) as error:
        import_file(tmp_path / ".env", "env", "b2500")
    assert len(error.value.faults) == 2


def test_nothing_but_plain_values_is_read_of_a_source(tmp_path: Path) -> None:
    (tmp_path / "x.py").write_text("a = [1, 'b', c]\nd = f()\n")
    found = read(tmp_path / "x.py", "python")
    assert {key: old.text for key, old in found.items()} == {"a.1": "1", "a.2": "b"}


def test_a_dollar_in_a_value_stays_one(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SOURCE_TOPIC=a/${b}\n")
    made = import_file(tmp_path / ".env", "env", "b2500")
    assert (
        load(filled((FLOWS / "b2500.yaml").read_text(), made)).variables["source_topic"] == "a/${b}"
    )


def test_another_flow_is_not_written(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SOURCE_TOPIC=x\n")
    made = import_file(tmp_path / ".env", "env", "b2500")
    with pytest.raises(FlowError, match="no var 'source_topic'"):
        filled((FLOWS / "home.yaml").read_text(), made)


def test_the_command_writes_into_a_copy_and_tells_no_password(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, OLD["b2500"][1])
    mine = tmp_path / "mine.yaml"
    mine.write_text((FLOWS / "b2500.yaml").read_text())
    assert call(["import", "env", str(file), "--for", "b2500", "--into", str(mine)]) == 0
    said = capsys.readouterr()
    assert "min_power: 60W" in mine.read_text()
    assert "vars taken from B2500 Load Distributor: 5" in said.err
    assert "MQTT_PASSWORD: not shown; the flow reads it from a .env" in said.err
    assert "LOG_LEVEL: not carried over" in said.err
    assert "s3cret" not in said.err + said.out + mine.read_text()


def test_the_command_speaks_json_and_asks_for_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, OLD["mmbc"][1])
    assert call(["import", "env", str(file), "--for", "mmbc", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["vars"]["interval"] == "5s"
    assert told["stay in .env"] == ["BATTERY_1_IP", "BATTERY_1_ADDRESS"]
    assert call(["import", "env", str(file)]) == 2
    assert "--for is missing" in capsys.readouterr().err
    assert call(["import", "env", str(tmp_path / "none"), "--for", "mmbc"]) == 2
    assert "No such file" in capsys.readouterr().err


SECRETS = [
    ("env", "MQTT_PASSWORD\ns3cret"),
    ("env", "MQTT_PASSWORD=s3cret\nMIN_POWER=much"),
    ("ini", "[mqtt]\npassword s3cret"),
    ("yaml", "token: [s3cret\n a: {"),
    ("python", "TOKEN = 's3cret"),
    ("env", "MQTT_BROKER=me:s3cret@10.0.0.5\nSOURCE_TOPIC=mqtt://me:s3cret@10.0.0.5/x"),
]


@pytest.mark.parametrize(("form", "text"), SECRETS)
def test_nothing_secret_is_shown_whatever_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str, text: str
) -> None:
    (tmp_path / "old").write_text(text)
    for flow in names():
        call(["import", form, str(tmp_path / "old"), "--for", flow])
        call(["import", form, str(tmp_path / "old"), "--for", flow, "--json"])
    said = capsys.readouterr()
    assert "s3cret" not in said.out + said.err


@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_file_of_any_editor_is_read(tmp_path: Path, coding: str, end: str) -> None:
    text = end.join(["[openweathermap]", "location = Chambéry", "[evaluate]", "margin = 25", ""])
    (tmp_path / "config.ini").write_bytes(text.encode(coding))
    made = import_file(tmp_path / "config.ini", "ini", "solar-balancer")
    assert made.values == {"location": '"Chambéry"', "margin": "25W"}


def test_a_fixed_production_counts_only_in_a_simulation(tmp_path: Path) -> None:
    file = tmp_path / "config.ini"
    for simulation, values in (
        ("true", {"prefix": '"simu/"', "simul_prod": "2000W"}),
        ("False", {"prefix": '""'}),
    ):
        file.write_text(f"[debug]\nsimulation = {simulation}\nsimul_prod = 2000\n")
        assert import_file(file, "ini", "solar-balancer").values == values


@pytest.mark.parametrize(
    "text",
    [
        "[equipments]\nEcs = variable\nR = constant\n[ecs]\nmin_power = 90\n[r]\nmax_power = 7",
        "[Ecs]\npower_type = variable\nmin_power = 90\n[r]\npower_type = constant\nmax_power = 7",
    ],
)
def test_loads_are_known_by_their_types_in_both_versions(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.ini").write_text(text)
    made = import_file(tmp_path / "config.ini", "ini", "solar-balancer")
    assert made.values == {"ecs_min_power": "90W", "resille_max_power": "7W"}


def test_a_battery_without_a_prefix_has_its_name_for_one(tmp_path: Path) -> None:
    lines = [
        "battery_manager:",
        " batteries:",
        " - {name: Akku1}",
        " - {name: B, device_prefix: c}",
    ]
    (tmp_path / "apps.yaml").write_text("\n".join(lines))
    made = import_file(tmp_path / "apps.yaml", "yaml", "battery-manager")
    assert made.values == {"prefix_1": '"akku1"', "prefix_2": '"c"'}


def test_the_options_of_the_add_on_are_read(tmp_path: Path) -> None:
    (tmp_path / "options.json").write_text(
        json.dumps({"P1_HOST": "http://10.0.0.2", "BATTERY_1_ADDRESS": 2, "INTERVAL_SECONDS": 3})
    )
    made = import_file(tmp_path / "options.json", "yaml", "mmbc")
    assert made.values == {"p1": '"http://10.0.0.2"', "interval": "3s"}
    assert made.kept == ["BATTERY_1_ADDRESS"]


def test_what_stood_in_the_flow_is_told_and_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    env, mine = tmp_path / ".env", tmp_path / "mine.yaml"
    text = (FLOWS / "b2500.yaml").read_text()
    mine.write_text(text)
    texts = [text]
    for power in (60, 70, 70):
        env.write_text(f"MIN_POWER={power}\n")
        assert call(["import", "env", str(env), "--for", "b2500", "--into", str(mine)]) == 0
        texts.append(mine.read_text())
    said = capsys.readouterr().err
    assert 'min_power: 60W    # was "${MIN_POWER:-40}W"' in said
    assert "min_power: 70W    # was 60W" in said
    assert [(tmp_path / f"mine.yaml.bak{n}").read_text() for n in ("", 1)] == texts[:2]
    assert not (tmp_path / "mine.yaml.bak2").exists()


def test_a_flow_that_cannot_be_filled_is_left_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".env").write_text("MIN_POWER=60\n")
    words = ["import", "env", str(tmp_path / ".env"), "--for", "b2500", "--into"]
    assert call([*words, str(tmp_path / "none.yaml")]) == 2
    assert "copy the flow there first" in capsys.readouterr().err
    (tmp_path / "odd.yaml").write_bytes(b"vars:\n  min_power: \xe9\n")
    assert call([*words, str(tmp_path / "odd.yaml")]) == 2
    (tmp_path / "other.yaml").write_text("flow: other\nvars:\n  a: 1\nstreams: {}\n")
    assert call([*words, str(tmp_path / "other.yaml")]) == 2
    assert sorted(path.suffix for path in tmp_path.iterdir()) == ["", ".yaml", ".yaml"]


KEYS = st.sampled_from(["SOURCE_TOPIC", "MQTT_BROKER", "MQTT_PORT", "STORAGE1_POWER_TOPIC"])
WORDS = st.text(
    st.characters(codec="utf-8", exclude_characters="\r\n\x85\u2028\u2029"), max_size=12
)


@given(st.dictionaries(KEYS, WORDS), st.integers(0, 10_000))
def test_whatever_stands_in_a_text_is_the_text_of_the_var(
    tmp_path_factory: pytest.TempPathFactory, words: dict[str, str], power: int
) -> None:
    folder = tmp_path_factory.mktemp("import")
    lines = [f"{key}={value}" for key, value in words.items()]
    (folder / ".env").write_bytes("\n".join([*lines, f"MIN_POWER={power}"]).encode())
    try:
        made = import_file(folder / ".env", "env", "b2500")
    except FlowError:
        return
    written = yaml.safe_load(filled((FLOWS / "b2500.yaml").read_text(), made))["vars"]
    assert written["min_power"] == f"{power}W"
    old = read(folder / ".env", "env")
    if "source_topic" in made.values:
        assert written["source_topic"].replace("$${", "${") == old["SOURCE_TOPIC"].text
