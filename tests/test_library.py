"""Where node types live, and how they are found without being run."""

import os
import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest

from flowctl.faults import FlowError
from flowctl.language import library as library_module
from flowctl.language.check import load
from flowctl.language.library import Library, Place
from flowctl.signature.node import NodeKind

GAIN = '''
"""Multiply."""
from typing import Annotated
from flowctl import Observable, Watts
from ._gain import GAIN


def {name}(power: Observable[Watts], *, by: Annotated[float, "factor"] = GAIN) -> Observable[Watts]:
    """Multiply."""
    return power.map(lambda watts: watts * by)
'''


@pytest.fixture
def house(tmp_path):
    nodes = tmp_path / "nodes"
    nodes.mkdir()
    (nodes / "louder.py").write_text(GAIN.format(name="louder"))
    (nodes / "_gain.py").write_text("GAIN = 2.0\n")
    return tmp_path


def alone(folder):
    return Library((Place(folder / "nodes", None),))


def of(error):
    return [(fault.code, fault.message, fault.cure) for fault in error.value.faults]


def test_the_installed_nodes_are_found():
    names = Library.beside().names()
    assert {"filter", "throttle", "clamp"} <= set(names)
    assert not any(name.startswith("_") for name in names)
    assert names == tuple(sorted(names))
    assert Library.beside().get("throttle").kind is NodeKind.OPERATOR


def test_names_are_known_without_importing_anything():
    code = (
        "import sys; from flowctl.language.library import Library; Library.beside().names();"
        "print([name for name in sys.modules if name.partition('.')[0] == 'nodes'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_folder_beside_the_flow_joins_in(house):
    library = Library.beside(house)
    assert "louder" in library.names()
    assert "throttle" in library.names()
    spec = library.get("louder")
    assert spec.settings["by"].default == 2.0
    assert spec.function.__module__.startswith("flowctl_beside_")
    assert library.where("louder") == house / "nodes" / "louder.py"


def test_a_flow_may_use_a_node_beside_it(house):
    (house / "flow.yaml").write_text("streams:\n  t: [tick: 1s, louder: 3, print]\n")
    assert load(house / "flow.yaml", env={}).steps["t/louder"].settings == {"by": 3.0}


def test_its_init_is_never_run_and_nothing_is_left_behind(house):
    (house / "nodes" / "__init__.py").write_text("raise SystemExit('run')")
    before = list(sys.path)
    assert alone(house).get("louder")
    assert sys.path == before
    assert not (house / "nodes" / "__pycache__").exists()


def test_a_node_may_be_changed_while_we_run(house):
    first = alone(house).get("louder")
    assert alone(house).get("louder") is first  # unchanged: the very same
    file, helper = house / "nodes" / "louder.py", house / "nodes" / "_gain.py"
    file.write_text(
        GAIN.format(name="louder").replace("GAIN = 2", "").replace("factor", "by how much")
    )
    assert alone(house).get("louder").settings["by"].about == "by how much"
    helper.write_text("GAIN = 3.0\n")
    os.utime(helper, (1, 1))
    assert alone(house).get("louder").settings["by"].default == 3.0


def test_a_change_of_another_node_leaves_this_one_alone(house):
    first = alone(house).get("louder")
    (house / "nodes" / "other.py").write_text(GAIN.format(name="other"))
    assert alone(house).get("louder") is first
    assert alone(house).get("other").name == "other"


def test_one_name_in_two_places_names_both_files(house):
    (house / "nodes" / "throttle.py").write_text(GAIN.format(name="throttle"))
    with pytest.raises(FlowError) as error:
        Library.beside(house).get("throttle")
    ((code, message, cure),) = of(error)
    assert code == "E202"
    assert str(house / "nodes" / "throttle.py") in message
    assert message.count("throttle.py") == 2
    assert cure == "rename one of them"


def test_yaml_and_python_of_one_name_are_two_places(house):
    (house / "nodes" / "louder.yaml").write_text("node: louder\n")
    with pytest.raises(FlowError) as error:
        alone(house).get("louder")
    assert of(error)[0][0] == "E202"


def test_the_nearest_name_is_offered():
    with pytest.raises(FlowError) as error:
        Library.beside().get("trottle")
    assert of(error) == [("E201", "no node is called 'trottle'", "did you mean 'throttle'?")]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("def broken(:\n", "line 1: invalid syntax"),
        ("\nimport no_such_library\n", "line 2: ModuleNotFoundError: No module named"),
        ("x = 1\n1 / 0\n", "line 2: ZeroDivisionError: division by zero"),
        ("raise SystemExit(3)\n", "line 1: SystemExit: 3"),
        ("from flowctl import Nothing\n", "cannot import name 'Nothing'"),
        ("def other(): ...\n", "it defines no function 'broken'"),
        ("broken = 5\n", "it defines no function 'broken'"),
        ("def broken(x): ...\n", "parameter x has no annotation"),
        ("def broken(*, x: int) -> int: ...\n", "fits no kind of node"),
        ("def broken(*, x: 'Nope') -> int: ...\n", "NameError: name 'Nope' is not defined"),
        ("\0", "null"),
        ("async def broken():\n  yield 1\n", None),
    ],
)
def test_a_broken_node_file_is_a_fault_that_names_it(house, content, said):
    path = house / "nodes" / "broken.py"
    path.write_text(content)
    (house / "flow.yaml").write_text("streams:\n  a: [broken]\n")
    if said is None:
        assert load(house / "flow.yaml", env={}).steps["a/broken"].wire is None
        return
    with pytest.raises(FlowError) as error:
        load(house / "flow.yaml", env={})
    (fault,) = error.value.faults
    assert fault.code == "E203"
    assert (fault.mark.line, fault.where) == (2, "a/broken")
    assert str(path) in fault.message
    assert said in fault.message


def test_a_broken_node_that_no_flow_names_hurts_nobody(house):
    (house / "nodes" / "broken.py").write_text("1 / 0")
    (house / "flow.yaml").write_text("streams:\n  a: [tick: 1s, print]\n")
    assert load(house / "flow.yaml", env={})


def test_files_with_an_underscore_or_no_name_of_a_word_are_no_nodes(house):
    for name in ("_x.py", "__init__.py", "a-b.py", "5.py", "README.md", "x.txt"):
        (house / "nodes" / name).write_text("1 / 0")
    assert alone(house).names() == ("louder",)


def test_the_folder_of_the_builtins_is_not_taken_twice():
    import nodes

    root = os.path.dirname(os.path.dirname(nodes.__file__))
    library = Library.beside(root)
    assert all(place.package for place in library.places)
    assert library.get("throttle")


@pytest.fixture
def announced(monkeypatch):
    """Packages announced as entry points, as pip would."""

    def announce(*packages):
        points = [EntryPoint(name, name, library_module.GROUP) for name in packages]
        monkeypatch.setattr(library_module.importlib.metadata, "entry_points", lambda group: points)
        library_module._installed.cache_clear()

    yield announce
    library_module._installed.cache_clear()


def test_a_package_joins_by_an_entry_point(announced, tmp_path, monkeypatch):
    package = tmp_path / "strangers"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "_gain.py").write_text("GAIN = 5.0")
    (package / "louder.py").write_text(GAIN.format(name="louder"))
    monkeypatch.syspath_prepend(str(tmp_path))
    announced("nodes", "strangers")
    library = Library.beside()
    assert library.get("louder").function.__module__ == "strangers.louder"
    assert library.get("throttle").function.__module__ == "nodes.throttle"


def test_an_announced_package_that_is_gone_is_a_warning(announced):
    announced("nodes", "no_such_package", "no.such.package")
    graph = load("streams:\n  a: [tick: 1s, print]\n", env={})
    assert [fault.code for fault in graph.warnings] == ["W402", "W402"]
    assert "no_such_package" in graph.warnings[0].message


def test_a_nodes_package_that_hides_ours_is_refused(tmp_path):
    (tmp_path / "nodes").mkdir()
    (tmp_path / "nodes" / "__init__.py").write_text("")
    code = (
        "from flowctl.language.check import load\n"
        "from flowctl.faults import FlowError\n"
        "try: load('streams:\\n  a: [tick: 1s]\\n')\n"
        "except FlowError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "hides the nodes of flowctl" in done.stdout


def test_checking_imports_no_library_of_devices_or_terminals():
    code = (
        "import sys; from flowctl.language.check import load\n"
        "load('streams:\\n  m: [homewizard_p1: h]\\n  t: [from: m, throttle: 1s, print]\\n')\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    strangers = {"aiohttp", "pymodbus", "aiomqtt", "paho", "amqtt", "typer", "rich", "click"}
    assert strangers & set(done.stdout.split()) == set()
