import subprocess
import sys

import pytest

from flowctl import FlowError
from flowctl.language.check import load
from flowctl.language.library import Library
from flowctl.start.scaffold import KINDS, new_flow, new_node


def test_every_kind_of_new_node_passes_its_new_test(tmp_path):
    for kind in KINDS:
        node, test = new_node(f"my-{kind}", tmp_path, kind)
        assert node == tmp_path / "nodes" / f"my_{kind}.py"
        assert test == tmp_path / "tests" / f"test_my_{kind}.py"
        assert Library.beside(tmp_path).get(f"my_{kind}").kind.value == kind
    new_node("my-inverter", tmp_path, "device", "modbus")
    assert Library.beside(tmp_path).get("my_inverter").kind.value == "device"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "7 passed" in done.stdout


def test_every_new_node_has_a_sentence_for_each_setting(tmp_path):
    for kind in KINDS:
        new_node(f"my_{kind}", tmp_path, kind)
        spec = Library.beside(tmp_path).get(f"my_{kind}")
        assert spec.summary.endswith((".", "."))
        assert all(item.about for item in spec.settings.values())


def test_nothing_is_ever_overwritten(tmp_path):
    node, test = new_node("mine", tmp_path)
    node.unlink()
    test.write_text("my own\n")
    with pytest.raises(FlowError, match=r"test_mine\.py: it exists; it stays"):
        new_node("mine", tmp_path)
    assert not node.exists()
    assert test.read_text() == "my own\n"
    flow = new_flow("house", tmp_path)
    flow.write_text("my own\n")
    with pytest.raises(FlowError, match=r"house\.yaml: it exists"):
        new_flow("house", tmp_path)
    assert flow.read_text() == "my own\n"


def test_a_word_of_python_is_told_as_such(tmp_path):
    with pytest.raises(FlowError, match="is a word of Python; write 'class_it', say"):
        new_node("class", tmp_path)


@pytest.mark.parametrize("name", ["", "2fast", "a b", "../evil", "class", "_hidden", "a/b"])
def test_a_name_that_is_none_is_refused(tmp_path, name):
    with pytest.raises(FlowError, match="is not a name"):
        new_node(name, tmp_path)
    with pytest.raises(FlowError, match="is not a name"):
        new_flow(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_taken_is_refused_with_its_place(tmp_path):
    with pytest.raises(FlowError, match=r"clamp.py: a node 'clamp' is there already"):
        new_node("clamp", tmp_path)


def test_a_folder_that_cannot_be_written_is_the_users_mistake(tmp_path):
    (tmp_path / "nodes").write_text("a file where a folder should be")
    with pytest.raises(FlowError, match="cannot be written"):
        new_node("mine", tmp_path)


def test_a_new_flow_is_without_fault_and_bears_its_name(tmp_path):
    graph = load(new_flow("attic", tmp_path))
    assert graph.name == "attic"
    assert graph.warnings == ()


def test_only_a_device_speaks_modbus(tmp_path):
    with pytest.raises(FlowError, match="there is no sink 'modbus'; write '--kind device'"):
        new_node("mine", tmp_path, "sink", "modbus")
    assert list(tmp_path.iterdir()) == []
