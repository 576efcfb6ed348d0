"""`${...}`: vars, sets, environment, `.env`."""

import pytest

from flowctl.faults import FlowError
from flowctl.language.check import load
from flowctl.secret import Secret
from tests.language import LIBRARY, check, faults, pipe, told


def flow(step: str, *variables: str) -> str:
    names = ["vars:", *(f"  {line}" for line in variables)] if variables else []
    return "\n".join([*names, pipe(step, "out")])


def setting(name: str, step: str, *variables: str, **given):
    graph = check(flow(step, *variables), **given)
    return next(s for s in graph.steps.values() if name in s.settings and s.stream == "a").settings[
        name
    ]


def test_a_var_alone_keeps_its_type():
    assert setting("count", "gate: {count: '${n}'}", "n: 3") == 3
    assert setting("strict", "gate: {strict: '${s}'}", "s: true") is True
    assert setting("high", "limit: {high: '${top}'}", "top: 2kW") == 2000.0


def test_a_var_inside_a_text_is_put_in_as_it_is_written():
    assert setting("name", "gate: {name: 'x-${n}-${m}'}", "n: 0755", "m: true") == "x-0755-true"
    assert setting("time", "wait: ${n}ms", "n: 50") == 0.05


def test_a_var_of_a_number_is_no_text():
    lines = told(flow("gate: {name: '${n}'}", "n: 5"))
    assert lines == ["8:20 E132 a/gate: name: 5 is not a text; put it in quotes"]


def test_the_environment_is_a_text_and_a_number_alike():
    assert setting("name", "gate: {name: '${N}'}", env={"N": "5"}) == "5"
    assert setting("count", "gate: {count: '${N}'}", env={"N": "5"}) == 5
    assert setting("strict", "gate: {strict: '${N}'}", env={"N": "true"}) is True
    assert setting("name", "gate: {name: '${N}'}", env={"N": "true"}) == "true"
    assert setting("name", "gate: {name: '${N}'}", env={"N": ""}) == ""


def test_a_default_stands_in_when_the_name_is_not_set_or_empty():
    assert setting("count", "gate: {count: '${N:-7}'}") == 7
    assert setting("count", "gate: {count: '${N:-7}'}", env={"N": ""}) == 7
    assert setting("name", "gate: {name: '${N:-}'}") == ""
    assert setting("time", "wait: '${N:-${M:-2s}}'") == 2.0
    assert setting("time", "wait: '${N:-${M:-2s}}'", env={"M": "3s"}) == 3.0
    assert setting("name", "gate: {name: 'x${N:-a:b-c}y'}") == "xa:b-cy"


def test_two_dollars_are_one():
    assert setting("name", "gate: {name: '$${n}'}") == "${n}"
    assert setting("name", "gate: {name: '5$ and {x}'}") == "5$ and {x}"


def test_vars_stand_for_vars():
    assert setting("name", "gate: {name: '${a}'}", "a: '<${b}>'", "b: '${c}!'", "c: x") == "<x!>"


def test_a_set_beats_a_var_and_a_var_beats_the_environment():
    step = "gate: {name: '${n}'}"
    assert setting("name", step, "n: var", env={"n": "env"}) == "var"
    assert setting("name", step, "n: var", env={"n": "env"}, sets={"n": "set"}) == "set"
    assert setting("count", "gate: {count: '${n}'}", "n: 1", sets={"n": "9"}) == 9


def test_what_is_not_set_is_a_fault_with_a_cure():
    (fault,) = faults(flow("wait: '${WAIT}'"), {"WAIST": "1s"})
    assert (fault.code, fault.message) == ("E120", "${WAIT} is not set")
    assert fault.cure == "did you mean 'WAIST'?"
    (fault,) = faults(flow("wait: '${WAIT}'"))
    assert "environment" in fault.cure
    assert ":-default" in fault.cure


@pytest.mark.parametrize(
    "text", ["${", "${}", "${a", "${a:-b", "${5}", "${a b}", "x ${a:+b}", "${ a }", "${a:-${b}"]
)
def test_what_is_malformed_is_a_fault(text):
    assert {fault.code for fault in faults(flow(f"gate: {{name: '{text}'}}"))} == {"E121"}


@pytest.mark.parametrize(
    "variables",
    [("a: '${a}'",), ("a: '${b}'", "b: 'x${a}'"), ("a: '${b}'", "b: '${c}'", "c: '${a}'")],
)
def test_vars_in_circles_are_faults(variables):
    assert {fault.code for fault in faults(flow("wait: 1s", *variables))} == {"E123"}


def test_a_var_that_nobody_uses_is_checked_too():
    assert told(flow("wait: 1s", "a: '${NO}'")) != []


def test_an_unknown_set_is_a_fault():
    (fault,) = faults(flow("wait: 1s", "pace: 1s"), sets={"pase": "2s"})
    assert (fault.code, fault.cure) == ("E125", "did you mean 'pace'?")


@pytest.mark.parametrize("bad", ["a: [1]", "a: {b: 1}", "a-b: 1", "5: 1"])
def test_vars_are_words_for_numbers_and_texts(bad):
    assert {fault.code for fault in faults(flow("wait: 1s", bad))} <= {"E111", "E112"}
    assert faults(flow("wait: 1s", bad))


def of_file(tmp_path, dotenv, env, step="gate: {name: '${N}'}"):
    (tmp_path / "flow.yaml").write_text(flow(step))
    (tmp_path / ".env").write_text(dotenv)
    graph = load(tmp_path / "flow.yaml", env=env, library=LIBRARY)
    assert str(tmp_path / ".env") in graph.watches
    return graph.steps["a/gate"].settings["name"]


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("N=x", "x"), ("export N = x ", "x"), ("N='a # b'", "a # b"), ('N="a b"', "a b"),
        ("N=a # b", "a"), ("# c\n\nN=a#b", "a#b"), ("N=", ""), ("N=a=b", "a=b"), ("\ufeffN=x", "x"),
    ],
)  # fmt: skip
def test_an_env_file_beside_the_flow_is_read(tmp_path, line, value):
    assert of_file(tmp_path, line, {}) == value


def test_the_real_environment_beats_the_env_file(tmp_path):
    assert of_file(tmp_path, "N=file", {"N": "real"}) == "real"


def test_a_faulty_line_of_an_env_file_is_told_and_not_shown(tmp_path):
    with pytest.raises(FlowError) as caught:
        of_file(tmp_path, "N=x\nhunter2\n", {})
    (fault,) = caught.value.faults
    assert (fault.code, fault.mark.line) == ("E124", 2)
    assert "hunter2" not in str(caught.value)


def test_secrets_print_as_stars_wherever_they_show():
    text = flow("out: {password: '${pw}'}", "pw: '${PW}'")
    text = text.replace("    - out\n", "")
    graph = check(text, env={"PW": "hunter2"})
    assert graph.steps["a/out"].settings["password"] == Secret("hunter2")
    assert "hunter2" not in repr(graph)


def test_a_fault_beside_a_secret_does_not_tell_it():
    text = flow("out: {password: '${PW}', topik: x}").replace("    - out\n", "")
    assert faults(text, {"PW": "hunter2"})
    assert all("hunter2" not in str(fault) for fault in faults(text, {"PW": "hunter2"}))
    text = flow("out: {password: ['${PW}']}").replace("    - out\n", "")
    assert all("hunter2" not in str(fault) for fault in faults(text, {"PW": "hunter2"}))


def test_a_secret_file_that_is_missing_is_a_fault(tmp_path):
    text = flow(f"out: {{password: 'file:{tmp_path}/no'}}").replace("    - out\n", "")
    (fault,) = faults(text)
    assert fault.code == "E132"
    assert "cannot read the secret file" in fault.message


def test_a_secret_file_is_meant_from_the_folder_of_the_flow(tmp_path):
    (tmp_path / "pw.txt").write_text("hunter2\n")
    (tmp_path / "flow.yaml").write_text(
        "streams:\n  a: [meter: h, out: {password: 'file:pw.txt'}]\n"
    )
    graph = load(tmp_path / "flow.yaml", env={}, library=LIBRARY)
    assert graph.steps["a/out"].settings["password"] == Secret("hunter2")
