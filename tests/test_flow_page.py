"""What docs/flow.md and docs/plants.md show is true: flows, nodes, tests, expressions, tables."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from flowctl import Battery, FlowError
from flowctl.expression import Expression
from flowctl.language.check import load
from flowctl.language.graph import Graph
from flowctl.live.reload import compare
from flowctl.signature.node import NodeKind
from flowctl.virtual.flowtest import run_tests
from nodes.sim.plant_file import read_plant_text
from tests.manual import DOCS, PAGES, renewed

PAGE = (DOCS / "flow.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
NODES = [text for text in SNIPPETS if text.startswith("node:")]
FLOWS = [text for text in SNIPPETS if not text.startswith("node:")]
ROWS = re.findall(
    r"^\| `([^`]+)` \| (\S+|a battery of unknown charge) \| (\S+|not known) \|$", PAGE, re.M
)
AROUND = """
  meter: [homewizard_p1: 192.168.1.20]
  solar: [mqtt_in: {broker: "mqtt://192.168.1.10", topic: solar, unit: W}]
  plan: [from: meter, response_predictor: {batteries: [left]}, rebalance]
  left: [from: plan.left, marstek_modbus: {host: 192.168.1.40}]
"""
"""The streams that the page speaks of."""


def whole(text: str) -> str:
    """A snippet as a flow: with the streams that it speaks of and does not show."""
    have = yaml.safe_load(text)["streams"]
    lacking = [
        line for line in AROUND.splitlines() if line and line.split(":")[0].strip() not in have
    ]
    return text if "flow:" in text else "\n".join([text.rstrip(), *lacking, ""])


@pytest.fixture
def house(tmp_path: Path) -> Path:
    for text in NODES:
        name = yaml.safe_load(text)["node"]
        (tmp_path / "nodes").mkdir(exist_ok=True)
        (tmp_path / "nodes" / f"{name}.yaml").write_text(text)
    return tmp_path


def checked(folder: Path, text: str) -> Graph:
    (folder / "shown.yaml").write_text(whole(text))
    return load(folder / "shown.yaml", env={})


@pytest.mark.parametrize("text", FLOWS)
def test_the_flows_shown_are_without_fault(text: str, house: Path) -> None:
    graph = checked(house, text)
    shown = yaml.safe_load(text)["streams"]
    assert [told for told in graph.warnings if told.where.partition("/")[0] in shown] == []


@pytest.mark.parametrize("text", [text for text in FLOWS if "tests:" in text])
def test_the_tests_shown_pass(text: str, house: Path) -> None:
    results = list(run_tests(checked(house, text)))
    assert results
    assert [result for result in results if not result.passed] == []


def test_the_table_of_expressions_is_long_enough() -> None:
    assert len(ROWS) > 12


@pytest.mark.parametrize(("text", "of", "gives"), ROWS)
def test_the_expressions_shown_give_what_is_shown(text: str, of: str, gives: str) -> None:
    value: Any = float(of) if " " not in of else Battery(power=300.0)
    wanted = {"true": True, "false": False, "not known": None}
    told = Expression(text)(value)
    assert told == wanted[gives] if gives in wanted else told == float(gives)


def test_the_steps_that_the_page_names_are_known_so(house: Path) -> None:
    steps = {step for text in FLOWS for step in checked(house, text).steps}
    named = set(re.findall(r"`((?:calm|plan)/[\w./#]+)`", PAGE))
    assert named <= {*steps, "calm/debounce", "calm/debounce#2"}
    twice = "streams:\n  calm: [from: meter, debounce: 1s, debounce: 2s, print]\n"
    assert {"calm/debounce", "calm/debounce#2"} <= set(checked(house, twice).steps)
    assert len(named) >= 4


def test_a_node_that_ends_in_a_device_is_a_device(house: Path) -> None:
    (house / "nodes" / "mine.yaml").write_text(
        "node: mine\ninputs: {setpoint: W}\nstreams:\n"
        "  d: [from: setpoint, marstek_modbus: 192.168.1.9]\n"
    )
    graph = checked(house, "streams:\n  b: [from: plan.left, mine]\n  s: [from: b.soc, print]\n")
    edge = graph.edge("b")
    assert edge is not None
    assert edge.kind is NodeKind.DEVICE


@pytest.mark.parametrize(
    ("env", "dotenv", "sets", "broker"),
    [
        ({}, "", {}, "127.0.0.1"),
        ({"MQTT_HOST": ""}, "", {}, "127.0.0.1"),
        ({}, "MQTT_HOST=10.0.0.1", {}, "10.0.0.1"),
        ({"MQTT_HOST": "10.0.0.2"}, "MQTT_HOST='10.0.0.1' # old", {}, "10.0.0.2"),
        ({"broker": "mqtt://10.0.0.3", "MQTT_HOST": "10.0.0.2"}, "", {}, "10.0.0.2"),
        ({"MQTT_HOST": "10.0.0.2"}, "", {"broker": "mqtt://10.0.0.4:1883"}, "10.0.0.4"),
    ],
)
def test_the_nearest_name_wins(
    env: dict[str, str], dotenv: str, sets: dict[str, str], broker: str, house: Path
) -> None:
    (text,) = [text for text in FLOWS if "MQTT_HOST" in text]
    (house / ".env").write_text(dotenv + "\n")
    (house / "shown.yaml").write_text(whole(text))
    graph = load(house / "shown.yaml", env=env, sets=sets)
    assert repr(graph.steps["note/mqtt_out"].settings["broker"]) == f"mqtt://{broker}:1883"
    assert graph.steps["note/mqtt_out"].settings["topic"] == "home/hall/note"


def test_a_secret_in_a_file_is_looked_for_beside_the_flow(house: Path) -> None:
    (house / "token").write_text("a" * 32 + "\n")
    meter = "homewizard_v2: {host: 192.168.1.20, token: file:token}"
    graph = checked(house, f"streams:\n  p: [{meter}, print]\n")
    assert graph.steps["p/homewizard_v2"].settings["token"].reveal() == "a" * 32


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_the_code_tells_of_itself_is_fresh(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert text == renewed(text), "run: python -m tests.manual"


def test_the_plant_shown_can_be_read() -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", (DOCS / "plants.md").read_text(), re.DOTALL)
    assert list(read_plant_text(text).batteries) == ["left"]


def test_every_link_leads_somewhere() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        heads = {re.sub(r"[^\w -]", "", head).lower().replace(" ", "-")
                 for head in re.findall(r"^#+ (.*)$", text, re.M)}  # fmt: skip
        for file, anchor in re.findall(r"\]\(([^)#:]*)(?:#([\w-]+))?\)", text):
            assert not file or (page.parent / file).exists(), file
            assert file or anchor in heads, anchor


@pytest.mark.parametrize(
    ("streams", "said"),
    [
        ("a: [from: meter, deadband: 5, print]", "5 has no unit"),
        ("a: [from: meter, print]\n  a: [from: solar, print]", "twice"),
        ("a: [from: meter, from: solar, print]", "'from' is a first step"),
        ("a: [from: [meter, left.soc], print]", "cannot be merged"),
        ("a: [from: left.soc, peak_budget: 2kW, print]", "carries %"),
        ("a: [from: b, changed]\n  b: [from: a, changed]", "feed themselves"),
        ("errors: [from: meter, print]", "the engine's own stream"),
        ("a: [from: plan.left, zendure: {host: 192.168.1.9, lease: 1s}]", "is under two readings"),
        (
            "a: [from: [plan.left, plan.right], zendure: 192.168.1.9]",
            "from several streams at once",
        ),
        ("a: [from: plan.right, marstek_modbus: {host: 192.168.1.40}]", "is the same device as"),
        ("a: [from: meter, print: '${NOWHERE}']", "${NOWHERE} is not set"),
        ("a: [from: meter, filter: value < 20s, print]", "20s"),
        ("a: [print: x]", "nothing does"),
        ("a: [from: meter, print, changed]", "print is a sink"),
    ],
)
def test_what_the_page_calls_a_fault_is_one(streams: str, said: str, house: Path) -> None:
    with pytest.raises(FlowError) as caught:
        checked(house, f"streams:\n  {streams}\n")
    assert said in str(caught.value)


def test_a_plain_number_may_stand_where_nobody_told_a_unit(house: Path) -> None:
    checked(house, "streams:\n  a: [tick: 1s, deadband: 5, print]\n")


@pytest.mark.parametrize(
    ("before", "after", "anew"),
    [
        ("changed, debounce: 1s", "debounce: 1s, changed", []),
        (
            "debounce: 1s, debounce: 2s",
            "debounce: 2s, debounce: 1s",
            ["a/debounce", "a/debounce#2"],
        ),
        (
            "{debounce: 1s, as: x}, {debounce: 2s, as: y}",
            "{debounce: 2s, as: y}, {debounce: 1s, as: x}",
            [],
        ),
        ("debounce: 1s", "debounce: 2s", ["a/debounce"]),
    ],
)
def test_a_line_can_be_moved_where_the_page_says_so(
    before: str, after: str, anew: list[str], house: Path
) -> None:
    old, new = (
        checked(house, f"streams:\n  a: [from: meter, {steps}, print]\n")
        for steps in (before, after)
    )
    changes = compare(old, new)
    assert [*changes.rebuilt, *changes.added, *changes.removed] == anew
