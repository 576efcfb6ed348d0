"""The JSON Schema that editors complete and check flows by."""

import json
import re
from pathlib import Path

import pytest
import yaml

from flowctl.language.library import Library, Place
from flowctl.language.schema import schema
from tests.language import GOOD, LIBRARY, NODES, pipe

TYPES = {
    "object": dict, "array": list, "string": str, "number": int | float, "boolean": bool,
    "null": type(None), "integer": int,
}  # fmt: skip


@pytest.fixture(scope="module")
def made():
    return schema(LIBRARY)


def fits(value, form, root) -> bool:
    """The part of JSON Schema draft 7 that we write, and no more."""
    if isinstance(form, bool):
        return form
    if "$ref" in form:
        form = root["definitions"][form["$ref"].removeprefix("#/definitions/")]
    if "if" in form:
        branch = "then" if fits(value, form["if"], root) else "else"
        if not fits(value, form.get(branch, True), root):
            return False
    return all(check(value, form, root) for check in (_kind, _number, _text, _list, _mapping))


def _kind(value, form, root):
    kinds = form.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(
        isinstance(value, TYPES[k]) and (k == "boolean" or not isinstance(value, bool))
        for k in kinds
    ):
        return False
    if "enum" in form and value not in form["enum"]:
        return False
    if "const" in form and (value != form["const"] or isinstance(value, bool)):
        return False
    return "anyOf" not in form or any(fits(value, part, root) for part in form["anyOf"])


def _number(value, form, root):
    if not isinstance(value, int | float) or isinstance(value, bool):
        return True
    low, high = form.get("minimum", value), form.get("maximum", value)
    return low <= value <= high and value > form.get("exclusiveMinimum", value - 1)


def _text(value, form, root):
    return not isinstance(value, str) or bool(re.search(form.get("pattern", ""), value))


def _list(value, form, root):
    if not isinstance(value, list):
        return True
    items = form.get("items", True)
    return len(value) >= form.get("minItems", 0) and all(fits(v, items, root) for v in value)


def _mapping(value, form, root):
    if not isinstance(value, dict):
        return True
    size = form.get("minProperties", 0) <= len(value) <= form.get("maxProperties", 99)
    if not size or not set(form.get("required", [])) <= set(value):
        return False
    return all(_entry(key, part, form, root) for key, part in value.items())


def _entry(key, value, form, root):
    if key in form.get("properties", {}):
        return fits(value, form["properties"][key], root)
    for pattern, part in form.get("patternProperties", {}).items():
        if re.search(pattern, key):
            return fits(value, part, root)
    return fits(value, form.get("additionalProperties", True), root)


def right(text, root):
    return fits(yaml.safe_load(text), root, root)


def test_it_is_plain_json_whose_references_all_lead_somewhere(made):
    text = json.dumps(made)
    names = set(re.findall(r'"#/definitions/([^"]*)"', text))
    assert names
    assert names <= set(made["definitions"])
    assert "$defs" not in text


def test_steps_are_told_apart_by_if_and_then(made):
    step = made["definitions"]["step"]
    assert step["if"] == {"type": "string"}
    assert "gate" in [name["const"] for name in step["then"]["anyOf"] if "const" in name]
    assert set(LIBRARY.names()) <= set(step["else"]["properties"])
    assert "oneOf" not in json.dumps(made)


def test_good_flows_are_right(made):
    assert right(GOOD, made)
    assert right(pipe("wait: 1s", "gate", "gate:", "limit: {high: '${x}'}", "out"), made)
    assert right(pipe("add: {others: [grid, soc]}", "out: {password: x, as: end}"), made)
    assert right(pipe("keep: value > 5", "keep: {where: x, others: {x: soc}}"), made)
    assert right(pipe("cell: {host: h, max-charge: 1kW}", "slope: ${rate}"), made)


@pytest.mark.parametrize(
    "step",
    [
        "waite: 1s", "waite", "wait: 5", "wait: true", "wait: {tim: 1s}", "wait: {}", "wait",
        "gate: {mode: hrad}", "gate: {count: 0}", "gate: {count: x}", "gate: {strict: 5}",
        "gate: {steps: 5W}", "add", "add: {others: 5}", "cell: {host: h, release: owm}",
        "cell: {device: 1}", "meter: {host: h, port: 0}", "{wait: 1s, gate: {}, as: x}", "[wait]",
    ],
)  # fmt: skip
def test_wrong_steps_are_wrong(made, step):
    assert not right(pipe(step), made)


@pytest.mark.parametrize(
    "text", ["streams: []", "streams: {a: []}", "flow: x", "streams: {a: [gate]}\nx: 1", "[5]"]
)
def test_wrong_flows_are_wrong(made, text):
    assert not right(text, made)


def test_tests_and_sub_flows_are_files_of_their_own(made):
    moments = "[{at: 1s, grid: 5W, within: 2%}]"
    assert right(f"- {{about: x, start: y, set: {{}}, given: {moments}, expect: []}}", made)
    assert right(f"streams: {{a: [gate]}}\ntests: [{{given: {moments}}}]", made)
    assert not right("- {given: [{grid: 5W}]}", made)
    assert not right("- {gives: []}", made)
    assert right("node: x\ninputs: {a: W}\nsettings: {}\nstreams: {s: [gate]}\noutput: s", made)
    assert not right("inputs: {a: W}\nstreams: {s: [gate]}", made)


def test_settings_carry_their_sentence_and_default(made):
    settings = made["definitions"]["cell"]["then"]["properties"]
    assert settings["host"]["description"] == "address"
    assert settings["poll"]["default"] == "1s"
    assert settings["lease"]["default"] == "10s"
    assert made["definitions"]["cell"]["description"] == "Battery."
    assert made["definitions"]["law"]["required"] == ["batteries"]


def test_sub_flows_are_in_it_and_broken_nodes_are_not(tmp_path):
    (tmp_path / "calm.yaml").write_text(
        "node: calm\nabout: Calm down.\ninputs: {x: W}\nsettings: {pace: {unit: s, default: 1s}}\n"
        "streams: {s: [from: x, wait: '${pace}']}\n"
    )
    (tmp_path / "broken.py").write_text("1 / 0")
    made = schema(Library((Place(NODES, None), Place(tmp_path, None))))
    assert made["definitions"]["calm"]["description"] == "Calm down."
    assert made["definitions"]["calm"]["then"]["properties"]["pace"]["default"] == "1s"
    assert "broken" not in made["definitions"]
    assert right(pipe("calm", "calm: 2s", "calm: {pace: 2s}"), made)
    assert not right(pipe("calm: {pase: 2s}"), made)


def test_all_that_is_installed_is_in_it():
    library = Library.beside()
    made = schema(library)
    assert set(library.names()) <= set(made["definitions"])
    flows = Path(__file__).parent.parent / "flows"
    for path in {*flows.glob("*.yaml")} - {*flows.glob("*.tests.yaml")}:
        assert right(path.read_text(), made), path
