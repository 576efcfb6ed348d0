"""Node types written in YAML."""
# ruff: noqa: E501 - what a user reads stays on one line

import shutil
from textwrap import dedent
from typing import Any

import pytest

from flowctl.faults import FlowError
from flowctl.language.check import load
from flowctl.language.graph import Tap
from flowctl.language.library import Library, Place
from flowctl.signature.node import NodeKind
from flowctl.values import Battery
from tests.language import NODES

CALM = """
    node: calm
    about: |
      Limit and slow a power.

      More about it.
    inputs:
      grid: W
      cells: {type: mapping of Battery, about: what they tell}
    settings:
      top: {unit: W, about: largest power}
      pace: {unit: s, default: 200ms}
      low: -1kW
      name: calm
    vars: {half: "${top}"}
    streams:
      law:
        - from: grid
        - limit: {high: "${top}", low: "${low}"}
        - keep: {where: abs(value) < half, others: cells}
        - wait: "${pace}"
      side:
        - from: law/limit
        - out: "${name}"
    output: law
"""
FLOW = """
    streams:
      grid: [meter: h]
      a:
        - from: grid
        - calm: {top: 2kW, cells: [left]}
        - wait: 1s
      left: [from: a, cell: x]
"""


@pytest.fixture
def house(tmp_path):
    shutil.copytree(NODES, tmp_path / "nodes", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def put(folder, **texts):
    for name, text in texts.items():
        path = folder / ("flow.yaml" if name == "flow" else f"nodes/{name}.yaml")
        path.write_text(dedent(text).lstrip())


def library(house):
    return Library((Place(house / "nodes", None),))


def check(folder, **texts):
    put(folder, **texts)
    return load(folder / "flow.yaml", env={}, library=library(folder))


def told(folder, **texts):
    with pytest.raises(FlowError) as caught:
        check(folder, **texts)
    return [
        f"{fault.mark.file.removeprefix(str(folder))}:{fault.mark.line}:{fault.mark.column} "
        f"{fault.code} {fault.where}: {fault.message}"
        for fault in caught.value.faults
    ]


def test_a_sub_flow_is_unfolded_into_its_steps(house):
    graph = check(house, calm=CALM, flow=FLOW)
    assert [name for name in graph.steps if name.startswith("a/")] == [
        "a/from", "a/calm.grid", "a/calm.law/from", "a/calm.law/limit", "a/calm.law/keep",
        "a/calm.law/wait", "a/calm.side/from", "a/calm.side/out", "a/calm", "a/wait",
    ]  # fmt: skip
    assert graph.steps["a/calm.grid"].inputs == {"from": (Tap("a/from"),)}
    assert graph.steps["a/calm"].inputs == {"from": (Tap("a/calm.law/wait"),)}
    assert graph.steps["a/calm"].wire.unit == "W"
    assert graph.steps["a/calm.law/keep"].inputs["others"] == {"left": Tap("left/cell")}
    assert {step.stream for step in graph.steps.values()} == {"grid", "a", "left"}
    assert graph.unread == ()
    assert graph.warnings == ()


def test_its_settings_are_put_in_with_their_defaults(house):
    graph = check(house, calm=CALM, flow=FLOW)
    assert graph.steps["a/calm.law/limit"].settings == {"high": 2000.0, "low": -1000.0}
    assert graph.steps["a/calm.law/wait"].settings == {"time": 0.2}
    assert graph.steps["a/calm.side/out"].settings["topic"] == "calm"
    where = graph.steps["a/calm.law/keep"].settings["where"]
    assert where.free == ()
    assert (where(1999.0), where(2001.0)) == (True, False)


def test_its_page_is_read_from_it(house):
    put(house, calm=CALM)
    spec = library(house).get("calm")
    assert (spec.name, spec.kind) == ("calm", NodeKind.OPERATOR)
    assert spec.summary == "Limit and slow a power."
    assert spec.doc.endswith("More about it.\n")
    assert [item.name for item in spec.inputs] == ["grid", "cells"]
    assert spec.first_setting == "top"
    assert {name: item.unit for name, item in spec.settings.items()} == {
        "top": "W", "pace": "s", "low": "W", "name": None,
    }  # fmt: skip
    assert spec.settings["top"].required
    assert spec.settings["pace"].default == 0.2
    assert spec.settings["top"].about == "largest power"


def test_it_is_used_twice_and_inside_another(house):
    outer = """
        node: twice
        inputs: {grid: W}
        settings: {top: 1kW}
        streams:
          a:
            - from: grid
            - small: "${top}"
            - small: 5kW
    """
    small = """
        node: small
        inputs: {power: "*"}
        settings: {top: {unit: W}}
        streams: {x: [from: power, limit: {high: "${top}"}]}
    """
    flow = "streams:\n  m: [meter: h]\n  a: [from: m, twice, out]\n"
    graph = check(house, twice=outer, small=small, flow=flow)
    highs = {n: s.settings["high"] for n, s in graph.steps.items() if s.node == "limit"}
    assert highs == {
        "a/twice.a/small.x/limit": 1000.0,
        "a/twice.a/small#2.x/limit": 5000.0,
    }
    assert graph.steps["a/twice"].wire.unit == "W"


def test_one_without_inputs_begins_a_stream(house):
    source = """
        node: house
        settings: {host: {type: text}}
        streams:
          meter: [meter: "${host}"]
          all: [from: meter, energy]
        output: all
    """
    graph = check(house, house=source, flow="streams:\n  a: [house: x, out]\n")
    assert graph.steps["a/house"].wire.unit == "Wh"
    assert graph.edge("a").id == "a/house.meter/meter"


def test_one_that_ends_in_a_device_tells_its_telemetry(house):
    device = """
        node: gentle
        inputs: {setpoint: W}
        settings: {host: {type: text}}
        streams: {d: [from: setpoint, wait: 1s, cell: "${host}"]}
    """
    flow = """
        streams:
          m: [meter: h]
          p: [from: m, law: {batteries: [b]}]
          b: [from: p.b, gentle: x]
          r: [from: b.soc, out]
    """
    graph = check(house, gentle=device, flow=flow)
    assert graph.edge("b").id == "b/gentle.d/cell"
    assert graph.steps["r/from"].wire.unit == "%"
    assert graph.warnings == ()


def test_one_that_ends_in_a_sink_says_nothing(house):
    sink = "node: tell_all\ninputs: {x: any}\nstreams: {s: [from: x, out: t]}\n"
    graph = check(
        house, tell_all=sink, flow="streams:\n  m: [meter: h]\n  a: [from: m, tell_all]\n"
    )
    assert graph.warnings == ()
    assert graph.unread == ()


def test_a_list_of_streams_is_handed_on(house):
    node = """
        node: total
        inputs: {first: W, rest: list of W}
        streams: {s: [from: first, add: {others: rest}]}
    """
    flow = (
        "streams:\n  m: [meter: h]\n  n: [meter: i]\n  a: [from: m, total: {rest: [n, m]}, out]\n"
    )
    graph = check(house, total=node, flow=flow)
    assert graph.steps["a/total.s/add"].inputs["others"] == (Tap("n/meter"), Tap("m/meter"))


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("calm: {top: 2kW}", "/flow.yaml:5:7 E131 a/calm: the input 'cells' is missing"),
        ("calm: {cells: left}", "/flow.yaml:5:7 E131 a/calm: the setting 'top' is missing"),
        ("calm: {top: 5%, cells: left}", "/flow.yaml:5:19 E132 a/calm: top: '5%' is in %, but W is wanted here"),
        ("calm: {top: 5, cells: left}", "/flow.yaml:5:19 E132 a/calm: top: 5 has no unit"),
        ("calm: {tap: 5W, cells: left, top: 1W}", "/flow.yaml:5:14 E130 a/calm: calm has no setting 'tap'"),
        ("calm: {top: 2kW, cells: lfet}", "/flow.yaml:5:31 E204 a/calm.law/keep: no stream is called 'lfet'"),
    ],
)  # fmt: skip
def test_a_wrong_use_is_told_where_it_is_used(house, step, expected):
    flow = dedent(FLOW).replace("calm: {top: 2kW, cells: [left]}", step)
    flow = "\n".join(line for line in flow.splitlines() if line)
    assert told(house, calm=CALM, flow=flow) == [expected]


def test_a_wire_that_does_not_fit_is_told_where_it_is_used(house):
    flow = "streams:\n  s: [charge]\n  a: [from: s, calm: {top: 1W, cells: l}, out]\n  l: [from: a, cell: x]\n"
    assert told(house, calm=CALM, flow=flow)[0] == (
        "/flow.yaml:3:16 E301 a/calm.grid: grid works on W, but this wire carries % (since line 2)"
    )


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("wait: \"${pace}\"", "waot: 1s"), "/nodes/calm.yaml:20:7 E201 a/calm.law/waot: no node is called 'waot'"),
        (("from: grid", "from: grit"), "/nodes/calm.yaml:17:13 E204 a/calm.law/from: no stream is called 'grit'"),
        (("low: -1kW", "low: 5%"), "/nodes/calm.yaml:18:36 E303 a/calm.law/limit: low: '5%' is in %, but this wire carries W"),
        (("< half", "< hafl"), "/nodes/calm.yaml:19:21 E133 a/calm.law/keep: 'hafl' is not known here"),
        (("${name}", "${nane}"), "/nodes/calm.yaml:23:12 E120 a/calm.side/out: ${nane} is not set"),
        (("output: law", "output: lav"), "/nodes/calm.yaml:24:9 E204 output: no stream is called 'lav'"),
        (("output: law", ""), "/nodes/calm.yaml:1:1 E111 : the file does not say which stream is the output"),
        (("output: law", "outputs: law"), "/nodes/calm.yaml:24:1 E110 : unknown key 'outputs'"),
        (("node: calm", "node: clam"), "/nodes/calm.yaml:1:7 E112 node: the node in the file calm.yaml is named 'clam'"),
        (("grid: W", "grid: Watt"), "/nodes/calm.yaml:7:9 E113 inputs/grid: 'Watt' is neither a unit nor a type"),
        (("unit: s,", "unit: sec,"), "/nodes/calm.yaml:11:16 E113 settings/pace: 'sec' is not a unit"),
        (("unit: s,", "type: second,"), "/nodes/calm.yaml:11:16 E113 settings/pace: 'second' is not a type"),
        (("200ms", "200"), "/nodes/calm.yaml:11:28 E132 settings/pace: 200 has no unit"),
        (("unit: s,", "type: number,"), "/nodes/calm.yaml:11:33 E132 settings/pace: '200ms' is not a number"),
        (("about: largest power", "abuot: x"), "/nodes/calm.yaml:10:18 E110 settings/top: unknown key 'abuot'"),
        (("grid: W", "5: W"), "/nodes/calm.yaml:7:3 E112 : '5' is not a name for an input or a setting"),
    ],
)  # fmt: skip
def test_what_is_wrong_inside_is_told_in_its_file(house, change, expected):
    calm = dedent(CALM).lstrip()
    assert change[0] in calm
    assert expected in told(house, calm=calm.replace(*change), flow=FLOW)


def test_a_fault_inside_shows_the_line_of_its_file(house):
    put(house, calm=CALM.replace("from: grid", "from: grit"), flow=FLOW)
    with pytest.raises(FlowError) as caught:
        load(house / "flow.yaml", env={}, library=library(house))
    assert "   17 |     - from: grit" in str(caught.value)


@pytest.mark.parametrize(
    "texts",
    [
        {"a1": "node: a1\ninputs: {x: W}\nstreams: {s: [from: x, a1]}\n"},
        {
            "a1": "node: a1\ninputs: {x: W}\nstreams: {s: [from: x, b1]}\n",
            "b1": "node: b1\ninputs: {x: W}\nstreams: {s: [from: x, a1]}\n",
        },
    ],
)
def test_sub_flows_that_use_themselves_are_told(house, texts):
    flow = "streams:\n  m: [meter: h]\n  a: [from: m, a1, out]\n"
    assert [line.split()[1] for line in told(house, flow=flow, **texts)] == ["E220"]


def test_sub_flows_do_not_see_the_vars_of_the_flow(house):
    node = "node: a1\ninputs: {x: W}\nstreams: {s: [from: x, wait: '${pace}']}\n"
    flow = "vars: {pace: 1s}\nstreams:\n  m: [meter: h]\n  a: [from: m, a1, out]\n"
    assert [line.split()[1] for line in told(house, a1=node, flow=flow)] == ["E120"]


def test_a_broken_file_is_told_once_however_often_it_is_used(house):
    flow = "streams:\n  m: [meter: h]\n  a: [from: m, a1, a1, out]\n  b: [from: m, a1, out]\n"
    assert [line.split()[1] for line in told(house, a1="node: [", flow=flow)] == ["E102"]
    assert [line.split()[1] for line in told(house, a1="", flow=flow)] == ["E101"]
    assert [line.split()[1] for line in told(house, a1="5", flow=flow)] != []


def test_optional_settings_may_be_nothing(house):
    node = """
        node: a1
        inputs: {x: W}
        settings: {top: {unit: W, default: null}, on: {type: bool, default: false}}
        streams: {s: [from: x, limit: {high: "${top}"}, gate: {strict: "${on}"}]}
    """
    flow = "streams:\n  m: [meter: h]\n  a: [from: m, a1, out]\n  b: [from: m, a1: {top: 1kW, on: true}, out]\n"
    graph = check(house, a1=node, flow=flow)
    assert graph.steps["a/a1.s/limit"].settings["high"] is None
    assert graph.steps["b/a1.s/limit"].settings["high"] == 1000.0
    assert graph.steps["b/a1.s/gate"].settings["strict"] is True


def test_sub_flows_that_multiply_are_refused(house):
    texts = {
        f"a{n}": f"node: a{n}\ninputs: {{x: W}}\nstreams: {{s: [from: x{f', a{n + 1}' * 12}]}}\n"
        for n in range(6)
    }
    texts["a6"] = "node: a6\ninputs: {x: W}\nstreams: {s: [from: x, wait: 1s]}\n"
    flow = "streams:\n  m: [meter: h]\n  a: [from: m, a0, out]\n"
    assert {line.split()[1] for line in told(house, flow=flow, **texts)} == {"E104"}


def test_an_input_is_no_stream_as_well(house):
    node = "node: a1\ninputs: {x: W}\nstreams: {x: [from: errors]}\n"
    flow = "streams:\n  m: [meter: h]\n  a: [from: m, a1, out]\n"
    assert told(house, a1=node, flow=flow) == [
        "/nodes/a1.yaml:3:11 E112 x: 'x' is an input and a stream"
    ]


def test_a_broken_header_does_not_hide_what_is_wrong_inside(house):
    put(
        house, bad="node: badd\ninputs: {power: Wx}\nstreams:\n  law: [from: powr, limit: {lo: 5W}]"
    )
    text = "streams:\n  grid: [meter: h]\n  a: [from: grid, bad, out: t]"
    with pytest.raises(FlowError) as error:
        load(text + "\n", env={}, beside=house, library=Library((Place(house / "nodes", None),)))
    found = [f"{f.mark.line}:{f.mark.column} {f.message}; {f.cure}" for f in error.value.faults]
    assert found == [
        "1:7 the node in the file bad.yaml is named 'badd'; write 'node: bad'",
        "2:17 'Wx' is neither a unit nor a type; did you mean 'W'?",
        "4:15 no stream is called 'powr'; did you mean 'power'?",
        "4:29 limit has no setting 'lo'; did you mean 'low'?",
    ]


@pytest.mark.parametrize(
    ("streams", "kind", "out"),
    [
        ("law: [from: power, cell: h]", NodeKind.DEVICE, Battery),
        ("law: [from: power, cell: h]\n  end: [from: law]\noutput: end", NodeKind.DEVICE, Battery),
        ("law: [from: power, inner]", NodeKind.DEVICE, Battery),
        ("law: [from: power, out: t]", NodeKind.SINK, None),
        ("law: [from: power, cell: h, gate]", NodeKind.OPERATOR, Any),
        ("law: [from: power, outer]", NodeKind.OPERATOR, Any),
    ],
)
def test_a_sub_flow_is_what_it_ends_in(house, streams, kind, out):
    head = "inputs: {power: W}\nstreams:\n  "
    put(house, inner=f"node: inner\n{head}law: [from: power, wait: 1s, cell: h]")
    put(house, outer=f"node: outer\n{head}{streams}")
    spec = Library((Place(house / "nodes", None),)).get("outer")
    assert spec.kind is kind
    assert (spec.output and spec.output.type) is out


def test_a_broken_node_does_not_hide_the_others(house):
    put(house, bad="node: badd\nstreams: {law: [beat: 1s]}")
    (house / "nodes" / "worse.py").write_text("def (")
    specs, faults = Library((Place(house / "nodes", None),)).readable()
    assert {"cell", "meter", "wait"} <= {spec.name for spec in specs}
    assert ["badd" in str(fault) or "worse.py" in str(fault) for fault in faults] == [True, True]
