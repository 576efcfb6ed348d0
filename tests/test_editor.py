"""What a real yaml-language-server makes of `flowctl schema`, asked as an editor asks it."""

import contextlib
import json
import re
from pathlib import Path
from textwrap import dedent, indent

import pytest

from flowctl.cli import call
from flowctl.language.library import Library
from flowctl.telling.examples import example
from tests.editor import Editor, find_server

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "flow.md").read_text(encoding="utf-8")
MODELINE = re.findall(r"```text\n(# yaml-language-server.*\n)```", PAGE)[0]
SETTINGS = json.loads(re.findall(r"```json\n(.*yaml.schemas.*\n)```", PAGE)[0])
SCHEMA = "flow.schema.json"
CALM = """
node: calm_power
about: Calm down.
inputs: {power: W, sun: {unit: W, about: roof}}
settings: {pace: {unit: s, default: 1s, about: no sooner}}
streams:
  law: [from: power, throttle: "${pace}"]
"""


@pytest.fixture(scope="module")
def editor(tmp_path_factory):
    """One server for all, in a house with two folders of flows; the settings speak of `flows`."""
    if not find_server():
        pytest.skip("yaml-language-server is not installed (npm install -g yaml-language-server)")
    house = tmp_path_factory.mktemp("house")
    for name in ("own", "flows"):
        (house / name / "nodes").mkdir(parents=True)
        (house / name / "nodes" / "calm_power.yaml").write_text(CALM)
    with (house / "flows" / SCHEMA).open("w") as file, contextlib.redirect_stdout(file):
        assert call(["schema", "--beside", str(house / "flows")]) == 0
    (house / "own" / SCHEMA).symlink_to(house / "flows" / SCHEMA)
    server = Editor(house, "own", schemas=SETTINGS["yaml.schemas"])
    yield server
    server.close()


def flow(text: str) -> str:
    """A flow whose last stream is these steps."""
    return f"{MODELINE}streams:\n  meter: [tick: 1s]\n  a:\n{indent(text, '    ')}"


@pytest.mark.parametrize(
    ("text", "label", "typed"),
    [
        ("- from: meter\n- |", "from", "from: "),
        ("- from: meter\n- |", "debounce", "debounce: "),
        ("- from: meter\n- deb|", "debounce", "debounce: "),
        ("- from: meter\n- |\n- print", "clamp", "clamp"),
        ("- from: plan\n- reb|", "rebalance", "rebalance"),
        ("- from: meter\n- mqtt|", "mqtt_out", "mqtt_out:\n    broker: $1\n    topic: $2"),
        ("- from: meter\n- cal|", "calm_power", "calm_power:\n    sun: "),
        ("- from: meter\n- debounce: 1s\n  |", "as", "as: "),
    ],
)
def test_steps_are_completed(editor, text, label, typed):
    offer = editor.offers(flow(text))[label]
    assert offer.text == typed
    assert offer.about


def test_each_node_is_offered_once(editor):
    offered = editor.offers(flow("- from: meter\n- x|"))
    assert set(Library.beside().names()) | {"calm_power"} <= set(offered)
    assert "response-predictor" not in offered


@pytest.mark.parametrize(
    ("text", "label", "typed"),
    [
        ("- rebalance:\n    |", "strategy", "strategy: ${1:energy}"),
        ("- rebalance:\n    str|", "reserve", "reserve: ${1:10%}"),
        ("- rebalance: {st|}", "target_from", "target_from: "),
        ("- response_predictor:\n    |", "batteries", "batteries: "),
        ("- marstek_modbus:\n    host: x\n    |", "lease", "lease: ${1:10s}"),
        ("- calm_power:\n    |", "pace", "pace: ${1:1s}"),
    ],
)
def test_settings_and_inputs_are_completed(editor, text, label, typed):
    offered = editor.offers(flow(text))
    assert offered[label].text == typed
    assert offered[label].about
    assert "debounce" not in offered


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("- rebalance: {strategy: |}", {"energy", "soc", "efficiency"}),
        ("- rebalance:\n    strategy: e|", {"energy", "soc", "efficiency"}),
        ("- log: {level: |}", {"info", "warning"}),
        ("- mqtt_out:\n    retain: |", {"true", "false"}),
        ("- marstek_modbus: {host: x, release: |}", {"own", "zero"}),
        ("- rebalance: {reserve: |}", {"10%"}),
    ],
)
def test_values_are_completed(editor, text, wanted):
    assert wanted <= set(editor.offers(flow(text)))


def test_streams_are_the_flows_own_and_not_guessed(editor):
    assert editor.offers(flow("- response_predictor:\n    batteries: |")) == {}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (f"{MODELINE}|", {"flow", "about", "vars", "streams", "tests"}),
        (f"{MODELINE}flow: x\n|", {"about", "vars", "streams", "tests"}),
        (f"{MODELINE}node: x\n|", {"inputs", "settings", "streams", "output"}),
        (f"{MODELINE}- |", {"about", "given", "expect", "set", "start"}),
        (f"{MODELINE}tests:\n  - |", {"about", "given", "expect", "set", "start"}),
    ],
)
def test_keys_of_the_file_are_completed(editor, text, wanted):
    offered = editor.offers(text)
    assert wanted <= set(offered)
    assert all(offered[label].about for label in wanted)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- reba|lance: {strategy: soc}", "Make one plan per outlook"),
        ("- reba|lance", "Make one plan per outlook"),
        ("- deb|ounce: 50ms", "a burst that follows it only the newest."),
        ("- response-pre|dictor: {batteries: [a]}", "Say what the house draws"),
        ("- calm_p|ower: {sun: a}", "Calm down."),
        ("- rebalance: {stra|tegy: soc}", "who gives how much"),
        ("- rebalance: {res|erve: 5%}", "charge below which a battery is not discharged"),
        ("- response_predictor: {bat|teries: [a, b]}", "what each battery tells"),
        ("- fr|om: meter", "begin with a stream"),
    ],
)
def test_hover_tells_what_it_is(editor, text, said):
    told = editor.hover(flow(text))
    assert told.startswith(said) or said in told.split("\n")[0]
    assert "||" not in told


def good() -> dict[str, str]:
    """Texts in which nothing may be marked."""
    library = Library.beside()
    steps = {name: indent(example(library.get(name)), "    ") for name in library.names()}
    examples = "".join(f"  s_{name}:\n{text}\n" for name, text in steps.items())
    flows = {path.name: path.read_text() for path in (ROOT / "flows").glob("*.yaml")}
    return flows | {
        "the example of every node": f"streams:\n{examples}",
        "a sub-flow": CALM,
        "all that may be written": """
            vars: {reserve: 12%, big: 5, name: on, "off": null}
            streams:
              a: [tick: 1s, filter: value > 2kW and soc < 5%, print]
              b:
                - from: [a, b.soc, c/debounce#2.field]
                - debounce: 50ms
                  as: quiet
                - debounce: {quiet: 1h30m, as: first, at-most: "${NAME:-5 minutes}"}
                - sum: {others: [a, b.c]}
                - map: {to: "500W if value > big else -0.5", unit: W, others: {sun: a}}
                - clamp: {low: "-${most}", high: 0}
                - calm_power: {sun: a.power}
                - calm-power: {sun: a, pace: 0}
                - response-predictor: {batteries: [a]}
                - soc-window
                - clamp:
                - http_get: {url: "${URL}", every: .5s}
                - marstek_modbus: {host: 192.168.1.40, port: "${PORT}", max_charge: 1 kW}
        """,
    }


def test_nothing_good_is_marked(editor):
    texts = good()
    told = editor.faults(*(MODELINE + dedent(text) for text in texts.values()))
    assert dict(zip(texts, told, strict=True)) == {name: [] for name in texts}


WRONG = {
    "rebalance: {strategie: soc}": "Property strategie is not allowed.",
    "rebalance: {strategy: socc}": 'Valid values: "energy", "soc",',
    "rebalanse: {strategy: soc}": "no node has that name; `flowctl nodes` lists them",
    "rebalanse": "not a node that needs no settings",
    "debounce": "not a node that needs no settings",
    "debounce: 5": "a quantity in s, e.g. 5s",
    "debounce: 5W": "a quantity in s, e.g. 5s",
    "debounce: {quiet: 5 bananas}": "a quantity in s, e.g. 5s",
    "clamp: {low: much}": "a quantity in the unit of the wire, e.g. 5W",
    "mqtt_out: {broker: x}": 'Missing property "topic".',
    "mqtt_out: house": "give these by name: broker, topic",
    "calm_power: {sun: a, pase: 1s}": "Property pase is not allowed.",
}


def test_what_is_wrong_is_marked_once_and_in_its_line(editor):
    told = editor.faults(*(flow(f"- from: meter\n- {step}\n- print") for step in WRONG))
    for (step, wanted), faults in zip(WRONG.items(), told, strict=True):
        assert len(faults) == 1, step
        assert faults[0].startswith("6: "), step
        assert wanted in faults[0], step


def test_settings_of_the_editor_do_as_well_as_a_first_line(editor):
    text = "streams:\n  a:\n    - debounce: 5\n"
    assert editor.faults(text, under="flows") == [["3: a quantity in s, e.g. 5s"]]
    assert editor.faults(text) == [[]]
