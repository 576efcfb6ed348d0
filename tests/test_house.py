"""The rules of the house: who may import whom, how long things get, what is documented."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

import flowctl
from flowctl.language.library import Library
from flowctl.telling.docs import pages
from tests.manual import shells_own

ROOT = Path(__file__).parent.parent
ROOMS = [  # each may use those before it, never those after; what lies in none: words for all
    "signature", "recordings", "language", "engine", "virtual", "live", "telling", "backtest",
    "start", "commands",
]  # fmt: skip
DOORS = {"__init__", "__main__", "cli", "testing"}  # they lead into rooms
DEVICE_LIBRARIES = {
    "pymodbus", "aiomqtt", "paho", "aiohttp", "amqtt", "serial", "zeroconf", "cryptography",
}  # fmt: skip
NODE_MAY = {"flowctl", "reactivex", "nodes", *sys.stdlib_module_names}
LONGEST_FUNCTION, LONGEST_FILE = 30, 250
LONG_FILES: dict[str, str] = {}  # with the reason why
CLOCKS = re.compile(
    r"\btime\.(time|monotonic|perf_counter|sleep)\b|\bdatetime\.(now|utcnow|today)\b|\bdate\.today\b"
)
THREADS = re.compile(r"\bto_thread\b|\brun_in_executor\b|\bthreading\b|\bThreadPool")
PRIVATE = re.compile(
    r"(?<![\w.])/(?:work|root|opt)/|/home/(?!user\b|pi\b)[a-z]+/"
    r"|pypi\.org|pythonhosted|npmjs\.(org|com)|(?:extra-)?index-url\s*[= ]\s*\S*[/:]"
)
TEXTS = {".py", ".md", ".yaml", ".yml", ".toml", ".txt", ".json", ".jsonl", ".cfg", ".ini", ""}
UNSEEN = {"__pycache__", "node_modules", "state", "dist", "build"}

SOURCES = sorted([*ROOT.glob("flowctl/**/*.py"), *ROOT.glob("nodes/**/*.py")])
NODES = [path for path in SOURCES if path.parent == ROOT / "nodes" and path.stem != "__init__"]
LIBRARY = Library.beside()
SHELLS_OWN = set(shells_own())


def room(path: Path) -> str:
    return str(path.relative_to(ROOT))


ours = pytest.mark.parametrize("path", SOURCES, ids=room)
in_nodes = pytest.mark.parametrize("path", sorted(ROOT.glob("nodes/**/*.py")), ids=room)
each_node = pytest.mark.parametrize("name", LIBRARY.names())


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path, *, typing_too: bool = True) -> set[str]:
    """Full names of all modules that a file imports, in functions too."""
    package = ".".join(path.relative_to(ROOT).parts[:-1])
    found: set[str] = set()
    todo: list[ast.AST] = [tree(path)]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(f"{package}.{node.module or ''}" if node.level else str(node.module))
        elif typing_too or not (
            isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        ):
            todo += ast.iter_child_nodes(node)
    return found


def firsts(names: Iterable[str]) -> set[str]:
    """The packages that some modules belong to."""
    return {name.partition(".")[0] for name in names}


def run(code: str, *arguments: str) -> str:
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


@cache
def uses(name: str) -> frozenset[str]:
    """The modules of flowctl that one imports, by its own statements."""
    path = ROOT / f"{name.replace('.', '/')}.py"
    named = imports(path, typing_too=False)
    named |= {f"flowctl.{public}" for public in public_names(path)}
    return frozenset(named & MODULES - {name})


def reach(name: str) -> set[str]:
    seen: set[str] = set()
    todo = [name]
    while todo:
        fresh = uses(todo.pop()) - seen
        seen |= fresh
        todo += fresh
    return seen


MODULES = frozenset(map(module, ROOT.glob("flowctl/**/[a-z]*.py")))


@pytest.mark.parametrize("place", range(len(ROOMS)))
def test_a_room_uses_those_before_it(place):
    later = tuple(f"flowctl.{name}." for name in ROOMS[place + 1 :])
    inside = [name for name in MODULES if name.startswith(f"flowctl.{ROOMS[place]}.")]
    assert [(name, used) for name in inside for used in uses(name) if used.startswith(later)] == []


def test_words_use_no_room():
    words = [n for n in MODULES if n.count(".") == 1 and n.partition(".")[2] not in DOORS]
    rooms = tuple(f"flowctl.{name}." for name in ROOMS)
    assert [(name, used) for name in words for used in uses(name) if used.startswith(rooms)] == []


def test_no_module_imports_itself_through_others():
    assert [name for name in MODULES if name in reach(name)] == []


def test_every_room_is_on_the_map():
    """What each room is for is the first line of its `__init__`, and stands in docs/rooms.md."""
    page = (ROOT / "docs" / "rooms.md").read_text(encoding="utf-8")
    for path in ROOT.glob("flowctl/*/__init__.py"):
        if path.parent.name in ROOMS:
            says = (ast.get_docstring(tree(path)) or "").partition("\n")[0]
            assert f"| `{path.parent.name}/` | {says} |" in page
    assert {path.parent.name for path in ROOT.glob("flowctl/*/__init__.py")} == set(ROOMS)


def test_the_engine_knows_no_node_and_no_device():
    strangers = {"nodes", *DEVICE_LIBRARIES}
    templates = ROOT / "flowctl" / "start" / "templates"  # what a user writes
    for path in {*ROOT.glob("flowctl/**/*.py")} - {*templates.glob("*.py")}:
        assert firsts(imports(path)) & strangers == set(), room(path)


READS_FILES = ("plant_file.py", "trace_file.py", "trace.py", "rows.py")
"""As flow files and recordings are read: the same places, faults, units, and numbers in tables."""


@in_nodes
def test_a_node_imports_public_names_and_helpers_only(path):
    for name in imports(path):
        first, _, rest = name.partition(".")
        reads = path.name in READS_FILES
        assert reads or first != "flowctl" or not rest, f"{name} is not public"
        own_room = path.parent.name if path.parent.name in ("_helpers", "sim") else ""
        allowed = ("_helpers", own_room) if own_room else ("_helpers",)
        assert first != "nodes" or rest.startswith(allowed), f"{name} is another node"
    assert path.name in READS_FILES or public_names(path) <= set(flowctl.__all__)


def public_names(path: Path) -> set[str]:
    return {
        alias.name
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom) and node.module == "flowctl"
        for alias in node.names
    }


def test_reading_signatures_imports_no_device_library():
    code = (
        "from flowctl.language.library import Library; library = Library.beside()\n"
        "for name in library.names(): library.get(name)\n"
        "import sys; print(*sys.modules)"
    )
    assert firsts(run(code).split()) & DEVICE_LIBRARIES == set()


@pytest.mark.parametrize("path", NODES, ids=room)
def test_a_node_file_names_no_library(path):
    assert firsts(imports(path)) <= NODE_MAY, "device libraries belong into nodes/_helpers"


@in_nodes
def test_no_node_reads_a_clock_or_starts_a_thread(path):
    code = ast.unparse(tree(path))
    assert CLOCKS.findall(code) == []
    assert THREADS.findall(code) == []


@in_nodes
def test_no_node_reads_a_term_that_is_its_shells_own(path):
    found = [node.attr for node in ast.walk(tree(path))
             if isinstance(node, ast.Attribute) and "terms" in ast.unparse(node.value)]  # fmt: skip
    assert not SHELLS_OWN & set(found), "it would not hear of another value while it runs"


@ours
def test_functions_and_files_are_short(path):
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    found = [node for node in ast.walk(tree(path)) if isinstance(node, functions)]
    long = {node.name: body_lines(node) for node in found if body_lines(node) > LONGEST_FUNCTION}
    assert long == {}
    if room(path) not in LONG_FILES:
        assert length(path) <= LONGEST_FILE


def length(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from the first statement to the last, without the docstring."""
    body = function.body[1:] if ast.get_docstring(function, clean=False) else function.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


def test_most_functions_and_files_are_of_the_size_we_aim_at():
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    sizes = [
        body_lines(node)
        for path in SOURCES
        for node in ast.walk(tree(path))
        if isinstance(node, functions)
    ]
    files = [length(path) for path in SOURCES]
    assert sorted(sizes)[len(sizes) * 9 // 10] <= 15
    assert sorted(files)[len(files) * 9 // 10] <= 200


def test_a_long_file_that_became_short_needs_no_exception():
    assert [name for name in LONG_FILES if length(ROOT / name) <= LONGEST_FILE] == []


@ours
def test_everything_public_has_a_docstring(path):
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    owners = [tree(path), *(node for node in tree(path).body if isinstance(node, ast.ClassDef))]
    public = [
        node
        for owner in owners
        for node in owner.body
        if isinstance(node, kinds) and not node.name.startswith("_")
        if not getattr(owner, "name", "").startswith("_")
    ]
    assert [node.name for node in public if not ast.get_docstring(node)] == []
    assert ast.get_docstring(tree(path))


@each_node
def test_every_node_is_documented(name):
    spec = LIBRARY.get(name)
    assert re.match(r"[A-Z].*[.:]$", spec.summary), "a summary is one line, a sentence"
    silent = [item.name for item in spec.settings.values() if not item.about]
    silent += [item.name for item in spec.inputs[1:] if not item.about]
    assert silent == [], "each setting and each further input has its sentence"
    assert spec.name == name == spec.function.__name__


@each_node
def test_every_node_has_a_test_of_its_own(name):
    assert (ROOT / "tests" / "nodes" / f"test_{name}.py").exists()


def test_the_pages_of_all_nodes_are_fresh():
    fresh = pages(map(LIBRARY.get, LIBRARY.names()))
    written = (ROOT / "docs" / "nodes.md").read_text(encoding="utf-8")
    assert written == fresh, "run: python -m flowctl.telling.docs > docs/nodes.md"


def texts() -> Iterator[Path]:
    for path in ROOT.rglob("*"):
        parts = path.relative_to(ROOT).parts
        hidden = any(part.startswith(".") for part in parts if part != ".ci")
        if path.is_file() and not hidden and not UNSEEN & set(parts) and path.suffix in TEXTS:
            yield path


def test_nothing_tells_of_the_machine_it_was_written_on():
    here = Path(__file__)
    found = {room(p): PRIVATE.findall(p.read_text(errors="replace")) for p in texts() if p != here}
    assert {name: hits for name, hits in found.items() if hits} == {}


FLOWS = [path for path in sorted(ROOT.glob("flows/*.yaml")) if not path.stem.endswith(".tests")]


@pytest.mark.parametrize("path", FLOWS, ids=room)
def test_every_flow_is_without_fault(path):
    check = pytest.importorskip("flowctl.language.check", exc_type=ImportError)
    assert check.load(path).warnings == ()


def test_checking_a_flow_imports_no_device_library():
    pytest.importorskip("flowctl.language.check", exc_type=ImportError)
    code = "import sys; from flowctl.language.check import load; load(sys.argv[1]); "
    code += "print(*sys.modules)"
    loaded = firsts(run(code, str(ROOT / "flows" / "home.yaml")).split())
    assert loaded & DEVICE_LIBRARIES == set()
