"""YAML 1.2 as marked values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowctl.faults import FlowError
from flowctl.language.check import load
from flowctl.language.marked import scalar
from flowctl.language.report import Report
from flowctl.language.text import read_file, read_text


def data(text):
    report = Report()
    root = read_text(text, "f.yaml", report)
    assert not report.faults, report.faults
    return root.plain()


def told(text):
    report = Report()
    read_text(text, "f.yaml", report)
    return [f"{fault.mark.line}:{fault.mark.column} {fault.code}" for fault in report.faults]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"), ("off", "off"), ("no", "no"), ("yes", "yes"), ("y", "y"), ("True", True),
        ("false", False), ("12:30", "12:30"), ("2026-01-02", "2026-01-02"), ("0755", 755),
        ("0x1F", 31), ("0o17", 15), ("1e3", 1000.0), ("-2.5", -2.5), (".5", 0.5), ("5.", 5.0),
        ("1_000", "1_000"), ("2s", "2s"), ("-2.5kW", "-2.5kW"), ("12%", "12%"), ("~", None),
        ("", None), ("null", None), ("1e999", "1e999"), (".inf", ".inf"), (".nan", ".nan"),
        ("9" * 30, float("9" * 30)), ("=", "="), ("+7", 7),
    ],
)  # fmt: skip
def test_plain_scalars_are_read_as_yaml_1_2_does(text, value):
    made = scalar(text)
    assert made == value
    assert type(made) is type(value)


def test_quoted_scalars_stay_text():
    assert data("""{a: "5", b: 'true', c: ""}""") == {"a": "5", "b": "true", "c": ""}


def test_keys_are_texts_as_they_are_written():
    assert data("on: 1\n0755: 2\nnull: 3\n") == {"on": 1, "0755": 2, "null": 3}


def test_every_key_and_value_knows_its_place():
    root = read_text("a:\n  - b: {c: 1,\n      d: [x, y]}\n", "f", Report())
    inner = root.value["a"].value[0].value["b"]
    assert (inner.keys["d"].line, inner.keys["d"].column) == (3, 7)
    assert (inner.value["d"].value[1].mark.line, inner.value["d"].value[1].mark.column) == (3, 14)
    assert root.place(("a", 0, "b", "d", 1)) == inner.value["d"].value[1].mark


def test_the_place_of_what_is_not_there_is_the_nearest_that_is():
    root = read_text("a: {b: [1]}\n", "f", Report())
    assert root.place(("a", "function-after", "b", 7)) == root.value["a"].value["b"].mark


def test_columns_count_characters_not_bytes():
    assert told("größe: äöü\n  x: 1") == ["2:4 E102"]


def test_aliases_and_merge_keys_are_followed():
    text = "x: &x {b: 1, c: 2}\ny:\n  <<: *x\n  c: 3\nz: *x\n"
    assert data(text) == {"x": {"b": 1, "c": 2}, "y": {"c": 3, "b": 1}, "z": {"b": 1, "c": 2}}


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("a: 1\nb: 2\na: 3\nb: 4", ["3:1 E103", "4:1 E103"]),
        ("a: {b: 1, b: 2}", ["1:11 E103"]),
        ("a: &x [*x]", ["1:8 E104"]),
        ("a: *x", ["1:4 E104"]),
        ("? [1, 2]\n: 3", ["1:3 E105"]),
        ("a: !!python/object:os.system x", ["1:4 E105"]),
        ("a: !mine {b: 1}", ["1:4 E105"]),
        ("<<: 5", ["1:5 E105"]),
        ("a: 'open", ["1:9 E102"]),
        ("a:\n\t- b", ["2:1 E102"]),
        ("a: %12", ["1:4 E102"]),
        ("a: b\n--- c", ["2:1 E102"]),
        ("a: \x00", ["1:4 E102"]),
        ("a: b\rc: \x1b", ["2:4 E102"]),
        ("", ["1:1 E101"]),
        ("# only a comment\n", ["1:1 E101"]),
        ("a: \ud800", ["1:4 E102"]),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text, places):
    assert told(text) == places


@pytest.mark.parametrize(
    ("text", "cure"),
    [
        ("a:\n\t- b", "spaces, not tabs"),
        ("a: {b: ${x}}", "quotes around"),
        ("a: %12", "in quotes"),
        ("a: 1\na: 2", "remove one"),
        ("a:\n  b: 1\n c: 2", "indented unlike those above it; begin it below one of them"),
        ("a:\n  - b\n  c: 1", "a list goes on here, whose entries begin with '- '"),
        ("a: b: c", "a ':' is where none may be; put the text in quotes"),
        ("a: [1, 2\nb: 3", "a list in brackets goes on here"),
        ("a: {b: 1\nc: 2", "or '}' above it"),
        ("a: 'open", "a quote is not closed"),
        ('a: "x" y', "there is more after the value"),
    ],
)
def test_common_slips_have_a_cure(text, cure):
    report = Report()
    read_text(text, "f", report)
    fault = report.faults[0]
    assert cure in f"{fault.message}; {fault.cure}"


def test_nothing_is_told_with_the_cure_of_who_reads_it():
    report = Report()
    read_text("# only a comment\n", "f", report, empty="write something")
    assert (report.faults[0].message, report.faults[0].cure) == ("is empty", "write something")
    with pytest.raises(FlowError, match="is empty; `flowctl new flow` writes one"):
        load("# only\n# comments\n")


def test_lines_are_shown_without_what_steers_a_terminal():
    report = Report()
    read_text("a: \x1b[31m", "f", report)
    assert report.faults[0].source == "a: \ufffd[31m"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"\xff\xfe\x00", "E101"),
        (b"a: \xc3", "E101"),
        (b"\xef\xbb\xbfa: 1", None),
        ("a: ä".encode("utf-16"), "E101"),
        (b"a: 1\r\nb: 2\r\n", None),
    ],
)
def test_bytes_of_a_file_are_utf_8_or_a_fault(tmp_path, content, code):
    path, report = tmp_path / "flow.yaml", Report()
    path.write_bytes(content)
    root = read_file(path, report)
    assert [fault.code for fault in report.faults] == ([code] if code else [])
    assert (root is None) == (code is not None)


@pytest.mark.parametrize("name", ["missing.yaml", ".", "a\0b"])
def test_a_file_that_cannot_be_read_is_a_fault(tmp_path, name):
    report = Report()
    assert read_file(tmp_path / name, report) is None
    assert [fault.code for fault in report.faults] == ["E101"]


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.text("abc: -#{}[]'\"é", max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc:# ", max_size=4), inner)
    ),
    max_leaves=12,
)


@given(plain)
def test_what_is_written_as_json_is_read_back(value):
    import json

    assert data(json.dumps(value)) == value


@given(st.text(max_size=60) | st.text("abx:- \n\t#&*!|>'\"%@`{}[],?~<$", max_size=60))
def test_any_text_is_data_or_located_faults(text):
    report = Report()
    root = read_text(text, "f", report)
    assert root is not None or report.faults
    assert all(fault.mark.line > 0 and fault.mark.column > 0 for fault in report.faults)


def test_a_folder_in_place_of_a_file_is_told_with_one_in_it(tmp_path):
    report = Report()
    assert read_file(tmp_path, report) is None
    assert "Is a directory" in report.faults[0].message
    assert report.faults[0].cure == ""
    (tmp_path / "home.yaml").write_text("a: 1")
    report = Report()
    read_file(tmp_path, report)
    assert report.faults[0].cure == f"name a file in it, e.g. {tmp_path / 'home.yaml'}"
