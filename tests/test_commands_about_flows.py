"""`flowctl nodes`, `graph` and `new`, as a user calls them."""

import json
import subprocess
import sys
from pathlib import Path
from shutil import copy

import pytest

from flowctl.folders import is_checkout
from tests.typed import typed

ROOT = Path(__file__).parent.parent
MAIN = "import sys; from flowctl.cli import main; sys.argv[0] = 'flowctl'; main()"


@pytest.fixture
def flowctl(tmp_path):
    def call(*words):
        command = [sys.executable, "-P", "-c", MAIN, *words]  # -P: as the script has it
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert "Traceback" not in done.stderr
        return done

    return call


def test_a_new_flow_and_a_new_node_are_begun_listed_and_drawn(flowctl, tmp_path):
    assert flowctl("new", "flow", "attic").stdout == "attic.yaml\n"
    made = flowctl("new", "node", "gentle")
    assert made.stdout == "nodes/gentle.py\ntests/test_gentle.py\n"
    assert made.stderr == "to test it: pip install pytest && python -m pytest\n"
    assert "gentle" in flowctl("nodes", "gentle").stdout
    told = json.loads(flowctl("nodes", "--json").stdout)
    assert {"gentle", "clamp"} <= {node["name"] for node in told}
    assert flowctl("graph", "attic.yaml").stdout.startswith("flowchart LR\n")
    assert json.loads(flowctl("graph", "attic.yaml", "--json").stdout)["flow"] == "attic"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("check", "hom.yaml"), "No such file or directory; did you mean 'home.yaml'?"),
        (("nodes", "--flow", "hom.yaml"), "hom.yaml: cannot be read: No such file"),
        (("schema", "--beside", "nope"), "nope: is not a folder"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_told_with_what_is(words, said, tmp_path, monkeypatch):
    (tmp_path / "home.yaml").touch()
    monkeypatch.chdir(tmp_path)
    answer = typed(*words)
    assert answer.code == 2
    assert said in answer.stderr


def test_it_says_which_version_it_is():
    assert typed("--version").stdout.startswith("flowctl 0.")


def test_an_error_of_the_system_has_no_number(tmp_path):
    answer = typed("import", "env", tmp_path, "--for", "b2500", "--into", tmp_path)
    assert "Errno" not in answer.stderr


def test_a_list_has_a_line_for_each_node(flowctl):
    lines = flowctl("nodes").stdout.splitlines()
    assert any(line.startswith("clamp") and "operator" in line for line in lines)


def test_one_page_can_be_had_as_markdown(flowctl):
    assert "## clamp\n" in flowctl("nodes", "clamp", "--markdown").stdout


def test_what_is_wrong_is_said_with_the_cure_and_ends_with_2(flowctl):
    done = flowctl("nodes", "clmp")
    assert (done.returncode, done.stderr) == (
        2,
        "no node is called 'clmp'; did you mean 'clamp'?\n",
    )
    assert flowctl("graph", "none.yaml").returncode == 2
    flowctl("new", "flow", "attic")
    assert "it exists; it stays as it is" in flowctl("new", "flow", "attic").stderr


def test_a_flow_without_tests_is_told_where_to_write_them(flowctl, tmp_path):
    flowctl("new", "flow", "attic")
    done = flowctl("test", "attic.yaml")
    cure = "write some under 'tests:', or into attic.tests.yaml beside it"
    assert (done.returncode, done.stdout) == (0, f"no tests  attic.yaml: {cure}\n")
    (tmp_path / "attic.tests.yaml").write_text(
        "- {about: it speaks, expect: [{at: 1s, calm: nothing}]}"
    )
    assert "1 failed" in flowctl("test", "attic.yaml").stdout


@pytest.mark.parametrize("name", ["Battery", "Plan", "Outlook", "Ability", "Trouble", "Why"])
def test_a_record_has_a_page_with_a_sentence_for_each_field(flowctl, name):
    page = flowctl("nodes", name, "--markdown").stdout
    assert page.startswith(f"## {name}\n")
    rows = [line.split(" | ") for line in page.splitlines() if line.startswith("| `")]
    assert rows
    silent = [row[0] for row in rows if row[-1] in ("|", " |")]
    assert set(silent) <= {"| `at`", "| `stream`", "| `step`"}  # they say it themselves
    assert flowctl("nodes", name.lower()).stdout.strip().startswith(name)


def test_a_word_of_the_language_is_explained(flowctl):
    for word in ("from", "as", "errors", "tests"):
        assert "docs/flow.md" in flowctl("nodes", word).stdout


@pytest.mark.parametrize("command", ["check", "run", "replay"])
def test_what_nodes_refuse_is_told_with_all_the_rest(command, tmp_path):
    flow = tmp_path / "wrong.yaml"
    flow.write_text(
        "flow: wrong\nstreams:\n"
        "  grid: [homewizard_p1: 127.0.0.1]\n"
        "  calm:\n    - from: grid\n    - clamp: {low: 5W, high: 2W}\n    - throttle: 100\n"
        "  lost:\n    - from: nowhere\n    - stale: {after: 5s, every: 1s}\n"
    )
    words = [command, str(flow), *(["day.jsonl"] if command == "replay" else [])]
    code, _, said = typed(*words)
    assert code == 2
    assert [f"wrong.yaml:{line}:" in said for line in (6, 7, 9, 10)] == [True] * 4
    assert "low is above high" in said
    assert "every repeats a value" in said


def test_the_tests_beside_a_flow_are_no_flow_of_their_own(flowctl, tmp_path):
    """`flows/*.yaml` names them as well."""
    flowctl("new", "flow", "attic")
    (tmp_path / "attic.tests.yaml").write_text("- about: nothing is wrong\n")
    files = ("attic.tests.yaml", "attic.yaml")
    assert flowctl("check", *files).stdout == "attic.yaml: good\n"
    assert "1 passed" in flowctl("test", *files).stdout


def test_in_a_checkout_a_new_node_is_tested_with_what_pytest_wants_there(flowctl, tmp_path):
    checkout(tmp_path)
    told = flowctl("new", "node", "gentle", "--in", "mine").stderr
    assert told.startswith("to test it: cd mine && pip install -c ")
    assert told.endswith("[test]' && python -m pytest tests/test_gentle.py\n")


def test_in_a_checkout_beside_an_installation_nodes_are_listed_once(flowctl, tmp_path):
    """As the README has it: `pip install .`, and on in the same folder."""
    checkout(tmp_path)
    (tmp_path / "mine.yaml").write_text("streams:\n  a: [tick: 1s, print]\n")
    assert flowctl("check", "mine.yaml").stdout == "mine.yaml: good\n"
    assert flowctl("nodes").stdout.count("\nclamp ") == 1


def checkout(folder):
    """Lay a copy of flowctl's own source there, as far as it is known by."""
    for name in ("flowctl/__init__.py", "nodes/clamp.py"):
        (folder / name).parent.mkdir()
        copy(ROOT / name, folder / name)
    assert is_checkout(folder)


def test_nodes_beside_a_flow_are_listed_though_one_of_them_is_broken(flowctl, tmp_path):
    (tmp_path / "nodes").mkdir()
    (tmp_path / "nodes" / "bad.yaml").write_text("node: badd\nstreams: {law: [tick: 1s]}\n")
    (tmp_path / "flow.yaml").write_text("streams:\n  a: [tick: 1s, print]\n")
    done = flowctl("nodes", "--flow", str(tmp_path / "flow.yaml"))
    assert done.returncode == 2
    assert "\nclamp " in done.stdout
    assert "bad.yaml:1:7: node: the node in the file bad.yaml is named 'badd'" in done.stderr
