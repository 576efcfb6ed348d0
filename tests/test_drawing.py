import json
import shutil
import subprocess
from collections.abc import AsyncIterator, Mapping

import pytest

from flowctl import Battery, Expression, Latest, Observable, Plan, Secret, Watts
from flowctl.language.check import load
from flowctl.language.graph import Graph, Step, Tap
from flowctl.signature.node import Wire, read_node
from flowctl.telling.drawing import DRAWINGS, drawn, edges


async def grid() -> AsyncIterator[Watts]:
    """Say."""
    yield 0.0


def share(
    meter: Observable[Watts],
    batteries: Mapping[str, Observable[Battery]],
    *,
    when: Expression,
    key: Secret,
) -> Observable[Plan]:
    """Share."""
    raise NotImplementedError


async def pack(setpoint: Latest[Watts]) -> AsyncIterator[Battery]:
    """Steer."""
    yield Battery()


async def tell(values: Latest[Watts]) -> None:
    """Tell."""


def _step(stream, function, label=None, **inputs):
    spec = read_node(function) if function else None
    settings = {"when": Expression("soc > 5%"), "key": Secret("hunter2")} if spec else {}
    wire = spec.output if spec else Wire(Watts)
    return Step(stream, label or (spec.name if spec else "from"), spec, inputs, settings, wire)


@pytest.fixture
def graph():
    steps = [
        _step("meter", grid),
        _step("plan", share, meter=Tap("meter/grid"), batteries={"left": Tap("left/pack")}),
        _step("left", pack, label='the "pack"', setpoint=Tap("plan/share", "left")),
        _step("report", tell, values=Tap('left/the "pack"', "soc")),
    ]
    steps[1].inputs["batteries"]["left"] = Tap('left/the "pack"')
    by_id = {step.id: step for step in steps}
    streams = {step.stream: step.id for step in steps}
    return Graph("home", "about it", "home.yaml", by_id, streams)


MERMAID = """flowchart LR
  subgraph g1["meter"]
    s0(["grid"])
  end
  subgraph g4["plan"]
    s1["share"]
  end
  subgraph g7["left"]
    s2[["the &quot;pack&quot;: pack (device)"]]
  end
  subgraph g10["report"]
    s3>"tell"]
  end
  s0 -->|"W"| s1
  s2 -->|"Battery"| s1
  s1 -->|".left W"| s2
  s2 -->|".soc %"| s3
  s2 -.->|"W"| s4
  s4 -.->|"W"| s0
  s4(("the house"))
"""


def test_mermaid_shows_streams_units_devices_and_the_world(graph):
    assert DRAWINGS["mermaid"](graph) == MERMAID


def test_dot_shows_the_same(graph):
    text = DRAWINGS["dot"](graph)
    assert '"plan/share" -> "left/the \\"pack\\"" [label=".left W", style=solid];' in text
    assert '"the house" -> "meter/grid" [label="W", style=dashed];' in text
    assert 'label="report";' in text


@pytest.mark.skipif(not shutil.which("dot"), reason="Graphviz is not installed")
def test_graphviz_understands_it(graph):
    text = DRAWINGS["dot"](graph)
    subprocess.run(["dot", "-Tsvg"], input=text, text=True, check=True, capture_output=True)


def test_json_names_every_wire_and_no_secret(graph):
    told = json.loads(DRAWINGS["json"](graph))
    assert [step["kind"] for step in told["steps"]] == ["source", "operator", "device", "sink"]
    assert told["steps"][1]["settings"] == {"when": "soc > 5%", "key": "***"}
    assert told["wires"][2] == {
        "from": "plan/share",
        "to": 'left/the "pack"',
        "input": "setpoint",
        "field": "left",
        "type": "number",
        "unit": "W",
    }
    assert told["world"] == [
        {"from": 'left/the "pack"', "to": "the house", "type": "number", "unit": "W"},
        {"from": "the house", "to": "meter/grid", "type": "number", "unit": "W"},
    ]


def test_the_stream_of_errors_is_drawn_though_it_has_no_step(graph):
    alarm = _step("alarm", tell, values=Tap("errors"))
    more = Graph("home", "", "", {**graph.steps, alarm.id: alarm}, graph.streams)
    assert '(("errors"))' in DRAWINGS["mermaid"](more)


def test_a_field_that_may_be_unknown_carries_its_unit_all_the_same(graph):
    """`soc` of a battery is `Percent | None`."""
    wires = json.loads(DRAWINGS["json"](graph))["wires"]
    (wire,) = (wire for wire in wires if wire["field"] == "soc")
    assert (wire["type"], wire["unit"]) == ("number", "%")


SUB = """
node: cell
inputs: {power: W}
settings: {host: {type: text}}
streams:
  law: [from: power, marstek_udp: "${host}"]
"""
HOUSE = """
streams:
  meter: [homewizard_p1: h]
  alias: [from: meter]
  plan: [from: alias, response_predictor: {batteries: [left]}, rebalance]
  left: [from: plan.left, cell: h]
  out: [from: [left.power, meter], print]
"""


def test_steps_that_only_hand_on_are_not_drawn(tmp_path):
    (tmp_path / "nodes").mkdir()
    (tmp_path / "nodes" / "cell.yaml").write_text(SUB)
    graph = drawn(load(HOUSE, env={}, beside=tmp_path))
    assert set(graph.steps) == {
        "meter/homewizard_p1", "alias/from", "left/cell.law/marstek_udp",
        "plan/response_predictor", "plan/rebalance", "out/from", "out/print",
    }  # fmt: skip
    told = {(edge.start, edge.field, edge.end, edge.label) for edge in edges(graph)}
    cell = "left/cell.law/marstek_udp"
    assert ("plan/rebalance", "left", cell, ".left W") in told
    assert (cell, None, "plan/response_predictor", "Battery") in told
    assert (cell, "power", "out/from", ".power W") in told
    for draw in (DRAWINGS["mermaid"], DRAWINGS["dot"]):
        assert "cell.power" not in draw(graph)
