"""Settings, wires, units, expressions and the rules for a flow as a whole."""
# ruff: noqa: E501 - what a user reads stays on one line

import math
from typing import Any

import pytest

from flowctl.expression import Expression
from flowctl.faults import FlowError
from flowctl.language.check import load
from flowctl.language.graph import Tap
from flowctl.signature.node import NodeKind
from flowctl.values import Battery, Plan
from tests.language import GOOD, check, faults, pipe, told

# settings


def test_settings_are_python_values_with_defaults_and_terms_filled_in():
    cell = check(GOOD).steps["left/cell"]
    assert cell.settings["host"] == "a"
    assert cell.settings["device"] == 1
    assert cell.settings["lease"] == 10.0
    assert cell.settings["release"] == "own"
    assert cell.settings["max_charge"] is None


def test_every_kind_of_setting_is_read():
    step = "gate: {mode: hard, count: '3', factor: 2, strict: off, name: x, steps: [1kW, 0], limits: {a: 5%}}"
    gate = check(pipe(step, "out")).steps["a/gate"].settings
    assert gate == {
        "mode": "hard", "count": 3, "factor": 2.0, "strict": False, "name": "x",
        "steps": [1000.0, 0.0], "limits": {"a": 5.0}, "least": 0.0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("split: {batteries: {}, by: [soc, pwer]}", "by.1: 'pwer' is not one of"),
        ("split: {batteries: {}, by: weighted, weights: {left: -2}}", "weights.left: must be at"),
        ("fair_share: {batteries: {}, weights: {left: -2}}", "weights.left: must be at least 0"),
        ("unit_commit: {batteries: {}, efficiency: {100W: 120%}}", "100W: must be at most 100"),
        ("rebalance: {efficiency: {100W: 120%}}", "efficiency.100W: must be at most 100"),
    ],
)
def test_one_mistake_in_a_list_or_mapping_is_one_fault_at_its_place(step, said):
    text = f"flow: x\nstreams:\n  meter: [homewizard_p1: 192.168.1.2]\n  a: [from: meter, {step}]\n"
    with pytest.raises(FlowError) as error:
        load(text)
    told = [fault for fault in error.value.faults if fault.code == "E132"]
    assert len(told) == 1
    assert said in str(told[0])


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("mode: hrad", "6:20 E132 a/gate: mode: 'hrad' is not one of soft, hard; did you mean 'hard'?"),
        ("mode: 5", "6:20 E132 a/gate: mode: 5 is not one of soft, hard"),
        ("count: 0", "6:21 E132 a/gate: count: must be at least 1"),
        ("count: 1.5", "6:21 E132 a/gate: count: 1.5 is not a whole number"),
        ("count: x", "6:21 E132 a/gate: count: 'x' is not a whole number"),
        ("count: true", "6:21 E132 a/gate: count: true is not a number"),
        ("count: null", "6:21 E132 a/gate: count: nothing is not a whole number"),
        ("count: [1]", "6:21 E132 a/gate: count: a list is not a whole number"),
        ("factor: x", "6:22 E132 a/gate: factor: 'x' is not a number"),
        ("factor: false", "6:22 E132 a/gate: factor: false is not a number"),
        ("factor: .inf", "6:22 E132 a/gate: factor: '.inf' is not a number"),
        ("factor: inf", "6:22 E132 a/gate: factor: is not a finite number"),
        ("strict: maybe", "6:22 E132 a/gate: strict: 'maybe' is not true or false"),
        ("strict: 2", "6:22 E132 a/gate: strict: 2 is not true or false"),
        ("name: 5", "6:20 E132 a/gate: name: 5 is not a text; put it in quotes"),
        ("name: true", "6:20 E132 a/gate: name: true is not a text; put it in quotes"),
        ("steps: 1kW", "6:21 E132 a/gate: steps: '1kW' is not a list"),
        ("steps: [1kW, 5%]", "6:27 E132 a/gate: steps.1: '5%' is in %, but W is wanted here"),
        ("steps: [1kW, -1W]", "6:27 E132 a/gate: steps.1: must be at least 0W"),
        ("limits: {a: 5%, bb: 5}", "6:34 E132 a/gate: limits.bb: 5 has no unit; did you mean '5%'?"),
        ("limits: [a]", "6:22 E132 a/gate: limits: a list is not a mapping"),
        ("least: 5", "6:21 E132 a/gate: least: 5 has no unit; did you mean '5%'?"),
        ("least: 0.12", "6:21 E132 a/gate: least: 0.12 has no unit; did you mean '12%'?"),
        ("least: 5W", "6:21 E132 a/gate: least: '5W' is in W, but % is wanted here"),
        ("least: {a: 5}", "6:25 E132 a/gate: least.a: 5 has no unit; did you mean '5%'?"),
        ("least: {a: -5%}", "6:25 E132 a/gate: least.a: must be at least 0%"),
        ("cuont: 1", "6:14 E130 a/gate: gate has no setting 'cuont'; did you mean 'count'?"),
        ("values: grid", "6:14 E130 a/gate: what gate works on comes from above; write '- from: STREAM' as a step above it"),
        ("from: grid", "6:14 E130 a/gate: what gate works on comes from above; write '- from: STREAM' as a step above it"),
        ("count: 1, c-o: 1, c_o: 2", "6:32 E103 a/gate: 'c_o' is given twice"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_told_at_its_place(settings, expected):
    assert expected in told(pipe(f"gate: {{{settings}}}", "out"))


def test_a_number_for_all_or_numbers_by_name_draws_no_fault_for_the_other_form():
    assert len(told(pipe("gate: {least: {a: 5, b: 5%}}", "out"))) == 1
    assert "mapping" not in "".join(told(pipe("gate: {least: [5]}", "out")))


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("wait: 2", "6:13 E132 a/wait: time: 2 has no unit; did you mean '2s'?"),
        ("wait: '2'", "6:13 E132 a/wait: time: 2 has no unit; did you mean '2s'?"),
        ("wait: 0", "6:13 E132 a/wait: time: must be more than 0s"),
        ("wait: -1s", "6:13 E132 a/wait: time: must be more than 0s"),
        ("wait: 5W", "6:13 E132 a/wait: time: '5W' is in W, but s is wanted here"),
        ("wait: soon", "6:13 E132 a/wait: time: 'soon' is not a quantity; write a number and its unit, e.g. '90s'"),
        ("wait: true", "6:13 E132 a/wait: time: true is not a quantity of s"),
        ("wait: [1s]", "6:13 E132 a/wait: time: a quantity is a number with its unit, not a list"),
        ("wait", "6:7 E131 a/wait: the setting 'time' is missing; write 'time: ...' (how long)"),
        ("wait: {}", "6:7 E131 a/wait: the setting 'time' is missing; write 'time: ...' (how long)"),
        ("add", "6:7 E131 a/add: the input 'others' is missing; name the streams: 'others: [STREAM, ...]'"),
        ("add: soc", "6:12 E130 a/add: add has no settings; name the input: 'add: {others: STREAM}'"),
        ("energy: 5", "6:15 E130 a/energy: energy has no settings"),
        ("energy: {x: 5}", "6:16 E130 a/energy: energy has no setting 'x'; it has none"),
        ("waite: 5s", "6:7 E201 a/waite: no node is called 'waite'; did you mean 'wait'?"),
        ("zzz: 5s", "6:7 E201 a/zzz: no node is called 'zzz'; `flowctl nodes` lists what there is"),
    ],
)  # fmt: skip
def test_a_wrong_step_is_told(step, expected):
    assert expected in told(pipe(step, "out"))


def test_what_is_faulty_draws_no_further_faults():
    assert len(told(pipe("wait: '${NO}'", "out"))) == 1
    assert len(told(pipe("zzz: {a: b}", "gate", "out"))) == 1
    assert len(told(pipe("wait: 5", "limit: {high: 5kW}", "out"))) == 1


# wires


def wires(*steps, streams=""):
    graph = check(pipe(*steps, "out", streams=streams))
    return [
        (step.wire.type, step.wire.unit)
        for step in graph.steps.values()
        if step.stream == "a" and step.wire
    ]


def test_types_and_units_flow_down_the_pipe():
    assert wires("wait: 1s", "slope: 5W/s", "energy", "limit: {high: 5kWh}") == [
        (float, "W"), (float, "W"), (float, "W"), (float, "Wh"), (float, "Wh"),
    ]  # fmt: skip


def test_a_plan_flows_through_what_takes_both():
    more = "b: [from: a/limit.b, cell: h]"
    assert wires("law: {batteries: b}", "limit: {high: 2kW}", "wait: 1s", streams=more)[1:] == [
        (Plan, None), (Plan, None), (Plan, None),
    ]  # fmt: skip


def test_a_field_carries_its_own_type_and_unit():
    more = "b: [from: grid, cell: h]\nc: [from: b.soc]\nd: [from: b, take: power]\ne: [from: b, take: mode]"
    graph = check(pipe("out", streams=more))
    assert (graph.steps["b/cell"].wire.type) is Battery
    assert graph.steps["c/from"].wire.unit == "%"
    assert graph.steps["d/take"].wire.unit == "W"
    assert graph.steps["e/take"].wire.type is str


def test_a_setting_says_the_unit_of_a_source():
    more = (
        "b: [tell: {topic: t, unit: '%'}]\nc: [tell: {topic: u}]\nd: [tell: {topic: v, unit: °C}]"
    )
    graph = check(pipe("out", streams=more))
    units = [graph.steps[f"{name}/tell"].wire.unit for name in "bcd"]
    assert units == ["%", None, "degC"]


def test_a_setting_says_the_unit_of_a_field_where_its_record_does_not():
    more = """
        w: [words]
        b: [from: w, take: {field: ENERGY.Power, unit: W}]
        c: [from: grid, cell: h]
        d: [from: c, take: {field: soc, unit: W}]
        e: [from: w, take: {field: x, unit: kW}]
    """
    graph = check(pipe("out", streams=more.replace("kW", "W")))
    assert (graph.steps["b/take"].wire.type, graph.steps["b/take"].wire.unit) == (Any, "W")
    assert graph.steps["d/take"].wire.unit == "%"
    assert [line.split()[1] for line in told(pipe("out", streams=more))] == ["E303"]


def test_a_clocked_node_begins_a_stream():
    graph = check("streams:\n  t: [beat: 1s, out]")
    assert graph.steps["t/beat"].kind is NodeKind.CLOCKED


@pytest.mark.parametrize(
    ("steps", "streams", "expected"),
    [
        (["energy", "energy"], "", "7:7 E301 a/energy#2: energy works on W, but this wire carries Wh (since line 6); streams of W here: grid"),
        (["wait: 1s", "gate: {open: soc}"], "", "7:20 E302 a/gate: open wants true or false, but 'soc/charge' carries a number (since line 3)"),
        (["add: {others: [grid, soc]}"], "", "6:21 E301 a/add: others wants W, but 'soc/charge' carries % (since line 3); streams of W here: grid"),
        (["law: {batteries: [soc]}"], "", "6:24 E302 a/law: batteries wants Battery, but 'soc/charge' carries a number (since line 3)"),
        (["limit: {high: 5%}"], "", "6:21 E303 a/limit: high: '5%' is in %, but this wire carries W"),
        (["limit: {high: 5kW, low: 1s}"], "", "6:31 E303 a/limit: low: '1s' is in s, but this wire carries W"),
        (["slope: 5%/s"], "", "6:14 E303 a/slope: up: '5%/s' is in %/s, but this wire carries W"),
        (["slope: 5W"], "", "6:14 E132 a/slope: up: '5W' is not a rate; did you mean '5W/s'?"),
        (["law: {batteries: b}", "limit: {high: 5%}"], "b: [from: a.b, cell: h]", "8:21 E303 a/limit: high: '5%' is in %, but this wire carries W"),
        (["out"], "b: [words]\nc: [from: b, limit: {high: 1W}, out]", "5:16 E302 c/limit: limit works on a number or Plan, but this wire carries a text (since line 4)"),
        (["out"], "b: [from: [grid, soc], out]", "4:13 E304 b/from: streams of W (since line 2) and of % (since line 3) cannot be merged"),
        (["out"], "w: [words]\nb: [from: [grid, w], out]", "5:13 E304 b/from: streams of W (since line 2) and of a text (since line 4) cannot be merged"),
        (["out"], "b: [from: soc, cell: h]", "4:18 E301 b/cell: cell works on W, but this wire carries % (since line 3); streams of W here: grid"),
        (["out"], "b: [tell: {topic: t, unit: kW}, out]", "4:30 E303 b/tell: unit: 'kW' is not a unit of a wire; wires carry W: scale by 1000 and write 'W'"),
        (["out"], "b: [tell: {topic: t, unit: watt}, out]", "4:30 E303 b/tell: unit: 'watt' is not a unit of a wire; wires carry W, Wh, %, s, V"),
        (["out"], "b: [from: grid, cell: h]\nc: [from: b, take: pwoer, out]", "5:22 E206 c/take: Battery has no field 'pwoer'; did you mean 'power'?"),
        (["out"], "b: [from: grid, cell: h]\nc: [from: b.pwoer, out]", "5:13 E206 c/from: what 'b/cell' says (Battery) has no field 'pwoer'; did you mean 'power'?"),
        (["law: {batteries: [left]}", "out"], "left: [from: a/law.lfet, cell: h]", "4:16 E206 left/from: the plan of 'a/law' has no battery 'lfet'; did you mean 'left'?"),
        (["out"], "m: [mute: p.yaml]\nb: [from: m, out]", "5:13 E207 b/from: nothing ever comes out of 'm/mute'; mute yields nothing to read"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told(steps, streams, expected):
    assert expected in told(pipe(*steps, "out", streams=streams))


def test_zero_needs_no_unit_and_an_unknown_wire_takes_any():
    check(pipe("limit: {high: 0}", "out"))
    check(pipe("out", streams="b: [tell: t, limit: {high: 5%, low: -1%}, out]"))


def test_a_wire_whose_unit_is_not_known_takes_plain_numbers():
    check(pipe("out", streams="b: [tell: t, limit: {high: 5, low: -1.5}, slope: 0.5, out]"))


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ("grid, limit: {high: 5}", "E132 b/limit: high: 5 has no unit; did you mean '5W'?"),
        ("soc, limit: {high: 5}", "E132 b/limit: high: 5 has no unit; did you mean '5%'?"),
        ("grid, slope: 300", "E132 b/slope: up: 300 has no unit; did you mean '300W/s'?"),
        ("stat, limit: {high: 5, low: -1kW}", "E132 b/limit: high: 5 has no unit; did you mean '5W'?"),
        ("stat, limit: {high: 5%, low: -1kW}", "E303 b/limit: low: '-1kW' is in W, but high is in %"),
    ],
)  # fmt: skip
def test_the_quantities_of_a_step_are_in_one_unit(steps, expected):
    (line,) = told(pipe("out", streams=f"stat: [tell: t]\nb: [from: {steps}, out]"))
    assert line.partition(" ")[2] == expected


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("limit: {high: 2,5kW}", ["6:21 E132 a/limit: high: a number is written with a point, not with a comma; did you mean '2.5kW'?"]),
        ("limit: {high: 0,5}", ["6:21 E132 a/limit: high: a number is written with a point, not with a comma; did you mean '0.5'?"]),
        ("limit: {high: 2,5kW, low: -1,6kW}", [
            "6:21 E132 a/limit: high: a number is written with a point, not with a comma; did you mean '2.5kW'?",
            "6:33 E132 a/limit: low: a number is written with a point, not with a comma; did you mean '-1.6kW'?",
        ]),
    ],
)  # fmt: skip
def test_a_comma_in_a_number_is_told_as_such(step, expected):
    assert told(pipe(step, "out")) == expected


def test_what_is_no_rate_is_told_once():
    assert len(told(pipe("slope: 5W", "out"))) == 1


def test_a_plan_field_is_no_battery():
    more = "b: [from: a/law.b, cell: h]\nc: [from: a/law.unmet, out]"
    graph = check(pipe("law: {batteries: b}", "out", streams=more))
    assert graph.steps["c/from"].wire.unit == "W"


# expressions


def test_vars_are_bound_and_fields_are_not():
    more = "b: [from: grid, cell: h]\nc: [from: b, keep: soc > low and power < top, out]"
    text = "vars: {low: 12%, top: 2kW}\n" + pipe("out", streams=more)
    expression = check(text).steps["c/keep"].settings["where"]
    assert isinstance(expression, Expression)
    assert expression.free == ("power", "soc")
    assert expression(Battery(soc=13.0, power=100.0)) is True
    assert expression(Battery(soc=13.0, power=3000.0)) is False


@pytest.mark.parametrize(
    ("name", "means"),
    [("value", "what flows"), ("abs", "a function"), ("min", "a function")],
)
def test_a_var_has_no_name_that_expressions_use(name, means):
    (line,) = told(f"vars: {{{name}: 3kW}}\n" + pipe("keep: value > 5", "out"))
    said = f"'{name}' is not a name for a var: in an expression it is {means}"
    assert line == f"1:8 E112 vars/{name}: {said}; call it 'the_{name}', say"


def test_an_expression_does_not_choose_between_a_var_and_a_field():
    more = "b: [from: grid, cell: h]\nc: [from: b, keep: soc > 5, out]"
    (line,) = told("vars: {soc: 12%}\n" + pipe("out", streams=more))
    said = "'soc' is a var, and a field of what comes in, too; give the var another name"
    assert line == f"6:22 E133 c/keep: {said}"


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("keep: value > abs", "6:13 E132 a/keep: where: 'abs' is a function; write abs(value), say"),
        ("keep: vlaue > 5", "6:13 E133 a/keep: 'vlaue' is not known here; did you mean 'value'?"),
        ("keep: {where: x > 5, others: {y: soc}}", "6:21 E133 a/keep: 'x' is not known here; known: value, y"),
        ("keep: value >", "6:13 E132 a/keep: where: 'value >' is not an expression: invalid syntax"),
        ("keep: value.__class__", "6:13 E132 a/keep: where: fields do not begin with '_': __class__"),
        ("keep: eval('1')", "6:13 E132 a/keep: where: eval() is not a function here; known: abs, min"),
        ("keep: value is 5", "6:13 E132 a/keep: where: 'value is 5' is not an expression: \"is\" with"),
        ("keep: value < 2,5kW", "6:13 E132 a/keep: where: 'value < 2,5kW' is several values, not one; did you mean '2.5kW'?"),
        ("keep: value < 2.5kw", "6:13 E132 a/keep: where: 'value < 2.5kw' is not an expression: invalid decimal literal; did you mean '2.5kW'?"),
        ("keep: value, 5", "6:13 E132 a/keep: where: 'value, 5' is several values, not one"),
        ("keep: [1]", "6:13 E132 a/keep: where: an expression is a text, not a list"),
    ],
)  # fmt: skip
def test_a_wrong_expression_is_told(step, expected):
    assert told(pipe(step, "out"))[0].startswith(expected)


MORE = "soc2: [from: soc]\nb: [from: grid, cell: h]\nplan: [from: grid, law: {batteries: b}, out]"


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("value < 20s", "'value' is in W, but '20s' is in s; did you mean '20W'?"),
        ("20% < value", "'20%' is in %, but 'value' is in W; did you mean '20W'?"),
        ("abs(value - 3%) < 5", "'value' is in W, but '3%' is in %; did you mean '3W'?"),
        ("value < low", "'value' is in W, but 'low' is in %; what is added, compared or chosen from must be in the same unit"),
        ("max(value, 1s) > 0", "'value' is in W, but '1s' is in s; did you mean '1W'?"),
        ("clamp(value, 0, 5%) > 0", "'value' is in W, but '5%' is in %; did you mean '5W'?"),
        ("(value if value > 5W else 1s) > 0", "'value' is in W, but '1s' is in s; did you mean '1W'?"),
        ("value in [1W, 2s]", "'value' is in W, but '2s' is in s; did you mean '2W'?"),
        ("not 0 < value < 5%", "'value' is in W, but '5%' is in %; did you mean '5W'?"),
        ("value * 2 > 3s or value > 3", "'value * 2' is in W, but '3s' is in s; did you mean '3W'?"),
        ("{where: value < s, others: {s: soc}}", "'value' is in W, but 's' is in %; what is added, compared or chosen from must be in the same unit"),
        ("{where: value < b.soc, others: {b: b}}", "'value' is in W, but 'b.soc' is in %; what is added, compared or chosen from must be in the same unit"),
        ("{where: \"value < b['soc']\", others: {b: b}}", "'value' is in W, but 'b['soc']' is in %; what is added, compared or chosen from must be in the same unit"),
    ],
)  # fmt: skip
def test_what_an_expression_compares_is_in_one_unit(step, expected):
    (line,) = told("vars: {low: 12%}\n" + pipe(f"keep: {step}", "out", streams=MORE))
    assert line.partition(" ")[2] == f"E305 a/keep: {expected}"


@pytest.mark.parametrize(
    "step",
    [
        "value < 500",
        "value / 2kW > 3",
        "value * 2 < 3kW and value / 4 < 1kW",
        "value * 1h / 1s > 5",
        "value * 1s < 5Wh",
        "value / 1kW * 100% < 5%",
        "(value > 5W) + 1 > 0",
        "max(0, value) < limit and value < 3 * top",
        "text(value) == '5s'",
        "sqrt(value) < 5s",
        "{where: x < 5s and x > 3%, others: {x: stat}}",
        "{where: p.left < 5W and p.unmet < 2W, others: {p: plan/law}}",
        "{where: value < high, others: {high: grid}}",
    ],
)
def test_what_may_be_meant_in_an_expression_draws_no_fault(step):
    more = MORE + "\nstat: [tell: t]"
    check("vars: {limit: 5kW, top: 2, high: 5%}\n" + pipe(f"keep: {step}", "out", streams=more))


def test_an_unknown_wire_may_have_any_field():
    check(pipe("out", streams="b: [tell: t, keep: power > 5kW, out]"))


def test_the_fields_of_a_record_are_known():
    more = "b: [from: grid, cell: h]\nc: [from: b, keep: sco > 5%, out]"
    (line,) = told(pipe("out", streams=more))
    assert line == "5:22 E133 c/keep: 'sco' is not known here; did you mean 'soc'?"


# the flow as a whole


def order(graph):
    return list(graph.steps)


def test_each_step_comes_after_all_it_listens_to():
    graph = check(GOOD.replace("  grid:", "  late: [from: plan.left, out]\n  grid:"))
    seen = set()
    for step in graph.steps.values():
        for source in step.inputs.values():
            taps = (
                [source]
                if isinstance(source, Tap)
                else list(getattr(source, "values", lambda s=source: s)())
            )
            for tap in taps:
                assert tap.step in seen or graph.steps[tap.step].kind is NodeKind.DEVICE
        seen.add(step.id)


def test_a_circle_through_a_device_is_no_circle():
    assert check(GOOD).warnings == ()


@pytest.mark.parametrize(
    ("streams", "expected"),
    [
        ("b: [from: c, out]\nc: [from: d]\nd: [from: c]", "5:13 E310 c/from: streams feed themselves: c -> d -> c; read an earlier step, or let it pass through a device"),
        ("b: [from: b]", "4:13 E310 b/from: streams feed themselves: b/from -> b/from; read an earlier step, or let it pass through a device"),
        ("b: [from: grid, add: {others: c}]\nc: [from: b, gate, out]\n", None),
        ("b: [from: grid, add: {others: c/gate}]\nc: [from: b, gate, out]", "4:33 E310 b/add: streams feed themselves: b -> c -> b; read an earlier step, or let it pass through a device"),
    ],
)  # fmt: skip
def test_circles_are_told_as_a_chain(streams, expected):
    lines = told(pipe("out", streams=streams))
    assert expected is None or [line for line in lines if " E310 " in line] == [expected]


def test_a_step_may_listen_to_an_earlier_one_of_its_own_stream():
    graph = check(pipe("wait: 1s", "gate", "add: {others: a/wait}", "out"))
    assert order(graph)[-4:] == ["a/wait", "a/gate", "a/add", "a/out"]


@pytest.mark.parametrize(
    ("streams", "expected"),
    [
        ("b: [from: grid, cell: h]\nc: [from: grid, cell: h]", "5:19 E311 c/cell: is the same device as b/cell (line 4); steer it from one stream"),
        ("b: [from: grid, cell: {host: h, device: 2}]\nc: [from: grid, cell: h]", None),
        ("b: [from: grid, cell: '']\nc: [from: grid, cell: '']", None),
        ("b: [from: grid, gate]\nc: [from: [grid, b], cell: h]", "5:13 E311 c/cell: cell would get setpoints from several streams at once; let one step make them of all (sum, switch)"),
        ("b: [from: [grid, c]]\nc: [from: grid, gate]\nd: [from: b, wait: 1s, cell: h]", "4:13 E311 d/cell: cell would get setpoints from several streams at once; let one step make them of all (sum, switch)"),
        ("b: [from: [grid, c], wait: 1s]\nc: [from: grid, gate]\nd: [from: b, cell: h]", None),
        ("b: [from: grid, out: t]\nc: [from: grid, out: t]", "5:19 W403 c/out: writes to the same place as b/out (line 4)"),
    ],
)  # fmt: skip
def test_a_device_has_one_producer(streams, expected):
    text = pipe("out", streams=streams)
    if expected and " W" in expected:
        assert [fault.message in expected for fault in check(text).warnings if fault.code == "W403"]
        return
    assert told(text) == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("every", "cell", "expected"),
    [
        ("1s", "{host: h, lease: 2s}", None),
        ("6s", "h", "4:19 E312 b/cell: a lease of 10s is under two readings of grid/meter (every 6s); write 'lease: 12s' or more"),
        ("2s", "{host: h, lease: 3s}", "4:42 E312 b/cell: a lease of 3s is under two readings of grid/meter (every 2s); write 'lease: 4s' or more"),
    ],
)  # fmt: skip
def test_a_lease_outlives_two_readings_of_the_meter(every, cell, expected):
    text = pipe("out", streams=f"b: [from: grid, cell: {cell}]")
    text = text.replace("{host: x}", f"{{host: x, every: {every}}}")
    assert told(text) == ([expected] if expected else [])


def test_a_lease_is_not_judged_where_the_beat_is_not_known():
    check(pipe("out", streams="b: [tell: t]\nc: [from: b, cell: {host: h, lease: 1s}]"))


def test_a_stream_nobody_reads_is_a_warning():
    graph = check("streams:\n  m: [meter: h]\n  p: [mute: x]\n  c: [from: m, gate]")
    assert [(fault.code, fault.where, fault.message) for fault in graph.warnings] == [
        ("W401", "c", "nobody reads the stream 'c'")
    ]
    assert graph.unread == ("c/gate",)
    assert graph.warnings[0].mark.line == 4


def test_a_path_in_a_flow_is_meant_from_its_folder(tmp_path):
    from flowctl.language.check import load
    from tests.language import LIBRARY

    path = tmp_path / "flow.yaml"
    path.write_text("streams:\n  p: [mute: plants/x.yaml]\n  q: [mute: '${P}']\n  r: [mute: /x]\n")
    graph = load(path, env={"P": "here.yaml"}, library=LIBRARY)
    told = {step.stream: str(step.settings["plant"]) for step in graph.steps.values()}
    assert told == {"p": str(tmp_path / "plants/x.yaml"), "q": "here.yaml", "r": "/x"}


def test_watches_are_the_flow_its_env_file_and_the_nodes_beside(tmp_path):
    from flowctl.language.check import load

    (tmp_path / "nodes").mkdir()
    for name in ("mine.py", "_gain.py"):
        (tmp_path / "nodes" / name).write_text("")
    (tmp_path / ".env").write_text("A=1\n")
    path = tmp_path / "flow.yaml"
    path.write_text("streams:\n  t: [tick: 1s, print]\n")
    watched = load(path).watches
    names = sorted(name.removeprefix(str(tmp_path)) for name in watched)
    assert names == ["/.env", "/flow.yaml", "/nodes/_gain.py", "/nodes/mine.py"]


def test_infinite_and_missing_numbers_never_reach_a_node():
    for text in (".inf", "-.inf", ".nan", "inf", "nan", "1e999", "infinity"):
        assert faults(pipe(f"gate: {{factor: {text}}}", "out")), text
    value = check(pipe("gate: {factor: 1e300}", "out")).steps["a/gate"].settings["factor"]
    assert math.isfinite(value)


def test_steps_of_a_big_flow_are_checked_soon():
    import time

    lines = [f"  s{n}: [from: s{n - 1}, wait: 1s, gate]" for n in range(1, 1000)]
    text = "\n".join(["streams:", "  s0: [meter: h]", *lines, "  end: [from: s999, out]"])
    begun = time.monotonic()
    assert len(check(text).steps) == 3 * 999 + 3
    assert time.monotonic() - begun < 20
