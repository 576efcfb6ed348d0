"""The shape of a flow file: keys, streams, steps, labels, references."""
# ruff: noqa: E501 - what a user reads stays on one line

import pytest

from flowctl.language.check import load
from flowctl.language.graph import Tap
from tests.language import GOOD, LIBRARY, check, faults, pipe, told


def test_the_good_flow_is_a_graph():
    graph = check(GOOD)
    assert graph.name == "home"
    assert graph.about == "Two batteries."
    assert graph.variables == {"reserve": "12%", "big": "20kW"}
    assert graph.warnings == ()
    assert graph.streams == {
        "grid": "grid/keep", "plan": "plan/wait#2", "left": "left/cell", "right": "right/cell",
        "report": "report/out",
    }  # fmt: skip


def test_steps_are_a_name_a_name_with_a_value_or_a_name_with_settings():
    graph = check(pipe("wait: 50ms", "gate", "gate: {mode: hard}", "out"))
    assert graph.steps["a/wait"].settings == {"time": 0.05}
    assert graph.steps["a/gate"].settings["mode"] == "soft"
    assert graph.steps["a/gate#2"].settings["mode"] == "hard"


def test_a_step_of_an_empty_mapping_or_nothing_has_its_defaults():
    graph = check(pipe("gate: {}", "gate:", "out"))
    assert graph.steps["a/gate"].settings == graph.steps["a/gate#2"].settings


def test_hyphens_are_accepted_for_underscores():
    graph = check(
        pipe("gate", "out") + "  b:\n    - from: a/gate\n    - cell: {max-charge: 1kW, host: h}\n"
    )
    assert graph.steps["b/cell"].settings["max_charge"] == 1000.0


def test_a_label_may_stand_beside_the_node_or_in_its_mapping():
    graph = check(pipe("wait: 1s\n      as: calm", "gate: {mode: hard, as: door}", "out"))
    assert list(graph.steps)[-3:] == ["a/calm", "a/door", "a/out"]
    assert graph.steps["a/calm"].node == "wait"


def test_the_second_step_of_a_name_is_numbered():
    graph = check(pipe("wait: 1s", "wait: 2s", "wait: 3s", "out"))
    assert [step.label for step in graph.steps.values() if step.node == "wait"] == [
        "wait", "wait#2", "wait#3",
    ]  # fmt: skip


def test_a_stream_may_be_only_a_from():
    graph = check("streams:\n  m: [meter: {host: x}]\n  b: [from: m]\n  c: [from: b, out]")
    assert graph.steps["b/from"].inputs == {"from": (Tap("m/meter"),)}


def test_references_reach_streams_steps_and_fields():
    streams = """
        b: [from: a/wait, out]
        c:
          - from: grid
          - law: {batteries: [d]}
        d: [from: c.d, cell: x]
        e: [from: c/law.d, out]
        f: [from: d.soc, out]
        g: [from: errors, out]
        h: [from: "a/wait#2", out]
    """
    graph = check(pipe("wait: 1s", "wait: 2s", "out", streams=streams))
    heard = {step.stream: step.inputs["from"] for step in graph.steps.values() if not step.spec}
    assert heard["b"] == (Tap("a/wait"),)
    assert heard["d"] == (Tap("c/law", "d"),)
    assert heard["e"] == (Tap("c/law", "d"),)
    assert heard["f"] == (Tap("d/cell", "soc"),)
    assert heard["g"] == (Tap("errors"),)
    assert heard["h"] == (Tap("a/wait#2"),)


def test_a_mapping_input_is_keyed_by_what_is_written():
    streams = """
        p: [from: grid, law: {batteries: [l, r]}]
        l: [from: p.l, cell: x]
        r: [from: p.r, cell: y]
    """
    step = "keep: {where: l_soc > 5, others: [l.soc, r/cell.soc, soc]}"
    graph = check(pipe(step, "out", streams=streams))
    assert graph.steps["a/keep"].inputs["others"] == {
        "l_soc": Tap("l/cell", "soc"),
        "r_cell_soc": Tap("r/cell", "soc"),
        "soc": Tap("soc/charge"),
    }
    graph = check(pipe("keep: {where: s > 5, others: {s: soc}}", "out"))
    assert graph.steps["a/keep"].inputs["others"] == {"s": Tap("soc/charge")}
    graph = check(pipe("keep: {where: soc > 5, others: soc}", "out"))
    assert graph.steps["a/keep"].inputs["others"] == {"soc": Tap("soc/charge")}


def test_a_list_input_takes_one_stream_or_many():
    more = "b: [from: grid, gate]\n"
    graph = check(pipe("add: {others: [grid, b]}", "add: {others: b}", "out", streams=more))
    assert graph.steps["a/add"].inputs["others"] == (Tap("grid/meter"), Tap("b/gate"))
    assert graph.steps["a/add#2"].inputs["others"] == (Tap("b/gate"),)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("flows: x\nstreams:\n  m: [meter: h, out]", "1:1 E110 : unknown key 'flows'; did you mean 'flow'?"),
        ("flow: [x]\nstreams:\n  m: [meter: h, out]", "1:7 E111 flow: 'flow' is a text, not a list"),
        ("flow: x", "1:1 E111 : the flow has no streams; write 'streams:' and below it a name and its steps"),
        ("flow: x\nstreams: {}", "2:1 E111 : the flow has no streams; write 'streams:' and below it a name and its steps"),
        ("streams: [a]", "1:10 E111 : 'streams' is a mapping (a name and its steps), not a list"),
        ("- a", "1:1 E111 : a flow file is a mapping (flow:, vars:, streams:), not a list"),
        ("just text", "1:1 E111 : a flow file is a mapping (flow:, vars:, streams:), not a text"),
        ("streams:\n  a: []", "2:3 E111 a: the stream has no steps; begin with a source, or with '- from: STREAM'"),
        ("streams:\n  a:", "2:3 E111 a: the stream has no steps; begin with a source, or with '- from: STREAM'"),
        ("streams:\n  a:\n    meter: h", "3:5 E111 a: a stream is a list of steps, not a mapping; put '- ' before each step"),
        ("streams:\n  a: meter", "2:6 E111 a: a stream is a list of steps, not a text; put '- ' before each step"),
        ("streams:\n  a.b: [meter: h, out]", "2:3 E112 a.b: 'a.b' is not a name for a stream; use letters, digits and _, beginning with a letter"),
        ("streams:\n  errors: [meter: h, out]", "2:3 E112 errors: 'errors' is the engine's own stream; take another name; 'from: errors' reads it"),
        ("streams:\n  a: [5]", "2:7 E111 a: a step is not a number; write a node's name, or 'name: setting', or 'name: {setting: value}'"),
        ("streams:\n  a: [[meter]]", "2:7 E111 a: a step is not a list; write a node's name, or 'name: setting', or 'name: {setting: value}'"),
        ("streams:\n  a:\n    - as: x", "3:7 E111 a: a step without a node; name the node"),
        ("streams:\n  a: ['a b c']", "2:7 E112 a: 'a b c' is not a name of a node"),
        ("tests: x\nstreams:\n  m: [meter: h, out]", "1:8 E111 tests: 'tests' is a list, not a text"),
    ],
)  # fmt: skip
def test_what_is_no_flow_is_told_with_place_and_cure(text, expected):
    assert expected in told(text)


def test_a_setting_that_is_not_indented_is_told():
    text = "streams:\n  a:\n    - meter:\n      host: x\n    - out\n"
    assert told(text) == [
        "4:7 E111 a/meter: 'host' stands beside 'meter': a step has only one node; "
        "indent 'host' below 'meter:', or put '- ' before it if it is a step"
    ]


@pytest.mark.parametrize("label", ["5", "a b", "in", "[x]", "a/b", "''", "a.b"])
def test_a_label_is_a_word(label):
    assert "E112" in {fault.code for fault in faults(pipe(f"wait: {{time: 1s, as: {label}}}"))}


def test_two_steps_with_one_label_are_a_fault():
    lines = told(pipe("wait: {time: 1s, as: x}", "gate: {as: x}", "out"))
    assert lines == ["7:7 E212 a/x: two steps of the stream are called 'x'; rename one of them"]


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (["from: grid"], "6:7 E211 a/from#2: 'from' is a first step; begin another stream with it"),
        (["meter: h"], "6:7 E211 a/meter: meter is a source and takes nothing from above; give it a stream of its own"),
        (["beat: 1s"], "6:7 E211 a/beat: beat is a source and takes nothing from above; give it a stream of its own"),
        (["out", "gate"], "7:7 E211 a/gate: out is a sink: nothing comes out of it for gate; move it into a stream of its own"),
    ],
)  # fmt: skip
def test_a_step_in_the_wrong_place_is_told(steps, expected):
    assert told(pipe(*steps))[0] == expected


def test_an_operator_cannot_begin_a_stream():
    assert told("streams:\n  a:\n    - gate\n    - out") == [
        "3:7 E210 a/gate: gate works on what comes from above, and nothing does; "
        "begin the stream with '- from: STREAM' or a source"
    ]


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("grit", "E204 b/from: no stream is called 'grit'; did you mean 'grid'?"),
        ("zzz", "E204 b/from: no stream is called 'zzz'; its streams are grid, soc, b, a, errors, why"),
        ("wait", "E204 b/from: no stream is called 'wait'; did you mean 'a/wait'?"),
        ("a/wayt", "E204 b/from: the stream 'a' has no step 'wayt'; did you mean 'wait'?"),
        ("a/x", "E204 b/from: the stream 'a' has no step 'x'; it has from, wait, out"),
        ("a", "E207 b/from: nothing ever comes out of 'a/out'; out yields nothing to read"),
        ("soc.power", "E206 b/from: what 'soc/charge' says (a number) has no field 'power'"),
        ("a b", "E205 b/from: 'a b' does not name a stream; write STREAM, STREAM/STEP, STREAM.FIELD or STREAM/STEP.FIELD"),
        ("/a", "E205 b/from: '/a' does not name a stream; write STREAM, STREAM/STEP, STREAM.FIELD or STREAM/STEP.FIELD"),
        ("5", "E205 b/from: a stream is named by a text, not a number"),
        ("[]", "E205 b/from: the list of streams is empty"),
        ("{x: soc}", "E205 b/from: a list of streams is wanted, not a mapping"),
        ("[soc, soc]", "E205 b/from: 'soc' is given twice; remove one"),
        ("[[soc]]", "E205 b/from: a stream is named by a text, not a list"),
        ("", "E131 b/from: does not name a stream; write '- from: STREAM'"),
    ],
)  # fmt: skip
def test_a_wrong_reference_is_told(reference, expected):
    lines = told(pipe("wait: 1s", "out", streams=f"b:\n  - from: {reference}\n  - out\n"))
    assert len(lines) == 1
    assert lines[0].split(" ", 1)[1] == expected


def test_one_input_takes_one_stream():
    (line,) = told(pipe("gate: {open: [soc, grid]}", "out"))
    assert line == (
        "6:20 E205 a/gate: one stream is wanted, not a list; "
        "merge them in a stream of their own: '- from: [a, b]'"
    )


def test_tests_are_kept_as_they_are_written(tmp_path):
    path = tmp_path / "home.yaml"
    path.write_text(GOOD + "tests:\n  - about: one\n    given: [{at: 1s, grid: 5kW}]\n")
    (tmp_path / "home.tests.yaml").write_text("- about: two\n")
    graph = load(path, env={}, library=LIBRARY)
    assert graph.tests == (
        {"about": "one", "given": [{"at": "1s", "grid": "5kW"}]},
        {"about": "two"},
    )
    (tmp_path / "home.tests.yaml").write_text("tests: [{about: three}]\n")
    assert load(path, env={}, library=LIBRARY).tests[1] == {"about": "three"}


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ("name: one", "9:5 E110 tests: unknown key 'name'"),
        ("5", "9:5 E111 tests: a test is a mapping"),
        ("given: {grid: 5kW}", "9:12 E111 tests: 'given' is a list of moments, not a mapping"),
        ("expect: [{grid: 5kW}]", "9:14 E111 tests: a moment does not say when"),
        ("expect: [7]", "9:14 E111 tests: a moment does not say when"),
        ("given: [{at: 5, grid: 1W}]", "9:18 E132 tests: at: 5 has no unit; did you mean '5s'?"),
        ("given: [{at: soon, grid: 1W}]", "9:18 E132 tests: at: "),
        ("given: [{at: 5s, grit: 1W}]", "9:22 E204 tests: no stream is called 'grit'; did"),
        (
            "given: [{at: 5s, a: 1W}]",
            "9:22 E204 tests: the stream 'a' has no source or device to speak for; these have one: grid, soc, c",
        ),
        ("given: [{at: 5s, grid: nope}]", "9:28 E132 tests: grid: 'nope' is not a quantity; write"),
        ("given: [{at: 5s, grid: 5%}]", "9:28 E303 tests: grid: '5%' is in %, but it carries W"),
        (
            "given: [{at: 5s, grid: true}]",
            "9:28 E132 tests: grid: true or false is written, but it carries W",
        ),
        (
            "given: [{at: 5s, c: {pover: 5W}}]",
            "9:26 E206 tests: c: Battery has no field 'pover'; did you mean 'power'?",
        ),
        (
            "given: [{at: 5s, c: {soc: 5W}}]",
            "9:31 E303 tests: c.soc: '5W' is in W, but it carries %",
        ),
        (
            "given: [{at: 5s, c: 5W}]",
            "9:25 E132 tests: c: a text is written, but it carries Battery; write its fields, e.g. {power: ...}",
        ),
        (
            "expect: [{at: 5s, a/scal: 1W}]",
            "9:23 E204 tests: the stream 'a' has no step 'scal'; it has from, wait, out",
        ),
        ("expect: [{at: 5s, b: 1W}]", "9:23 E204 tests: no stream is called 'b'"),
        (
            "expect: [{at: 5s, c.sok: 1W}]",
            "9:23 E206 tests: what 'c/cell' says (Battery) has no field 'sok'; did you mean 'soc'?",
        ),
        ("expect: [{at: 5s, c: 1%}]", "9:26 E303 tests: c: '1%' is in %, but it carries W"),
        ("expect: [{at: 5s, c: relesed}]", "9:26 E132 tests: c: 'relesed' is not a quantity"),
        (
            "expect: [{at: 5s, a/wait: 2s}]",
            "9:31 E303 tests: a/wait: '2s' is in s, but it carries W",
        ),
        (
            "expect: [{at: 5s, a/wait: released}]",
            "9:31 E132 tests: a/wait: 'released' is not a quantity",
        ),
        (
            "expect: [{at: 5s, a/wait: 2W, within: x}]",
            "9:43 E132 tests: within: 'x' is not a quantity",
        ),
        ("given: [{at: -1s, grid: 5W}]", "9:18 E132 tests: at: is before the start; begin at 0s"),
        ("given: [{at: 1s, c: {online: 5}}]", "9:25 E132 tests: c: 5.0 is not one of bool | None"),
        (
            "expect: [{at: 1s, plan.lft: 5W}]",
            "9:23 E206 tests: what 'plan/law' says (Plan) has no field 'lft'",
        ),
        ("expect: [{at: 1s, why: nothing}]", "9:23 E204 tests: no stream is called 'why'"),
        ("expect: [{at: 1s, grid: 5W, within: true}]", "9:41 E132 tests: within: "),
        ("set: 5", "9:10 E111 tests: 'set' is a mapping of vars to values, not a number; write"),
        (
            "start: noon",
            "9:12 E132 tests: start: 'noon' is not a date; write e.g. 2026-01-31T18:00+01:00",
        ),
        (
            "set: {lot: 1}",
            "9:11 E125 tests: the flow has no var 'lot'; the flow names its vars under 'vars:'",
        ),
    ],
)
def test_a_test_that_is_none_is_a_fault_at_its_place(test, expected):
    flow = pipe(
        "wait: 1s",
        "out",
        streams="c: [from: plan.c, cell: x]\nplan: [from: grid, law: {batteries: [c]}]",
    )
    found = told(flow + f"tests:\n  - {test}\n")
    (line,) = (line for line in found if "W401" not in line)
    assert line.startswith(expected.replace("9:", "11:", 1))


@pytest.mark.parametrize(
    "test",
    [
        "given: [{at: 0s, grid: 5}, {at: 1s, grid: -0.5kW}, {at: 1s, c: {power: 5W, soc: 5%}}]",
        "expect: [{at: 0s, c: released}, {at: 0s, c/in: 5W, within: 2}, {at: 0s, a: nothing}]",
        "expect: [{at: 0s, c.soc: 5%}, {at: 0s, c/cell: 5W}, {at: 0s, a/wait: 0}]",
    ],
)
def test_a_test_of_what_can_be_is_good(test):
    flow = pipe("wait: 1s", "out", streams="c: [from: grid, cell: x]")
    assert told(flow + f"tests:\n  - {test}\n") == []


def test_tests_may_look_at_steps_fields_and_errors():
    looks = "{at: 1s, a/wait: 1W, grid/meter: 1, errors: nothing, within: 5W}"
    found = told(pipe("wait: 1s", "out") + f"tests:\n  - expect: [{looks}]\n")
    assert [line for line in found if "W401" not in line] == []


def test_a_flow_without_a_name_has_that_of_its_file(tmp_path):
    path = tmp_path / "house.yaml"
    path.write_text(pipe("out"))
    assert load(path, env={}, library=LIBRARY).name == "house"
    assert load(str(path), env={}, library=LIBRARY).file == str(path)


def test_a_fault_shows_file_place_line_and_caret(tmp_path):
    path = tmp_path / "house.yaml"
    path.write_text(pipe("wait: 2", "out"))
    with pytest.raises(Exception) as caught:  # noqa: PT011
        load(path, env={}, library=LIBRARY)
    assert str(caught.value) == (
        f"{path}:6:13: a/wait: time: 2 has no unit; did you mean '2s'?\n"
        "    6 |     - wait: 2\n"
        "                    ^"
    )


def test_all_faults_are_told_at_once_in_the_order_of_the_file():
    lines = told(pipe("wait: 2", "gaet", "gate: {mode: hrad, cuont: 1, factor: x}", "out"))
    assert [line.split()[:2] for line in lines] == [
        ["6:13", "E132"], ["7:7", "E201"], ["8:20", "E132"], ["8:26", "E130"], ["8:44", "E132"],
    ]  # fmt: skip
