"""The page for node authors is true: its nodes are nodes, and it knows every word there is."""

import inspect
import re
from pathlib import Path

import pytest

import flowctl
from flowctl.signature.node import NodeKind, read_node
from flowctl.testing import play

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "write-a-node.md").read_text(encoding="utf-8")
KINDS = {
    "late_peak": NodeKind.OPERATOR,
    "empty_stop": NodeKind.OPERATOR,
    "meter_file": NodeKind.SOURCE,
    "note_file": NodeKind.SINK,
}


@pytest.fixture(scope="module")
def shown():
    """All that the snippets define."""
    scope: dict[str, object] = {}
    for code in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(code, scope)
    return scope


def test_every_node_shown_is_one_of_its_kind(shown):
    for name, kind in KINDS.items():
        spec = read_node(shown[name])
        assert spec.kind is kind
        assert spec.summary.endswith(".") or spec.doc
    defined = {name for name, made in shown.items() if inspect.isfunction(made)}
    assert defined - {"play", "sampled", "ticks", "absolute"} == KINDS.keys()


def test_the_nodes_shown_do_what_they_say(shown):
    line = [(0, 300.0), (1, 2500.0), (30, 100.0), (70, 100.0)]
    said = play(shown["late_peak"], line, above="1kW")
    assert said == [(0, 300.0), (1, 2500.0), (30, 2500.0), (70, 100.0)]
    low = flowctl.Battery(soc=11.0)
    said = play(shown["empty_stop"], [(0, 500.0), (2, 500.0), (3, -500.0)], battery=[(1, low)])
    assert said == [(0, 500.0), (2, 0.0), (3, -500.0)]


def test_every_word_for_node_authors_is_on_the_page():
    assert [word for word in flowctl.__all__ if not re.search(rf"\b{word}\b", PAGE)] == []


def test_a_rule_of_ones_own_is_a_fault_of_the_flow(shown):
    rule = read_node(shown["meter_file"]).settings["path"]
    with pytest.raises(ValueError, match="begin it with /"):
        rule.adapter.validate_python("meter")
