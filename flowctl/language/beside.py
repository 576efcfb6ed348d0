"""Import node files of a folder beside a flow, as a package of a private name.

`from ._gain import GAIN` works there, the folder's `__init__.py` is never run, and nothing touches
`sys.path`. A changed file is imported anew; one that is unchanged, its helpers too, is not.
"""

import importlib
import sys
from pathlib import Path
from types import ModuleType

_modules: dict[tuple[str, str], ModuleType] = {}


def is_node_file(path: Path) -> bool:
    """Tell whether a file defines a node: named as a word that has no underscore before it."""
    name = path.stem
    return path.suffix in (".py", ".yaml", ".yml") and name.isidentifier() and name[0] != "_"


def import_beside(path: Path) -> ModuleType:
    """Import one file of a folder; whatever it raises, raises here."""
    state = _state([path, *_helpers(path.parent)])
    key = (str(path), state)
    if key not in _modules:
        package = _package(path.parent)
        importlib.invalidate_caches()
        with _NoBytecode():
            _modules[key] = importlib.import_module(f"{package}.{path.stem}")
    return _modules[key]


def _package(folder: Path) -> str:
    from hashlib import sha256  # most flows have no nodes beside them

    state = _state([*_helpers(folder), *filter(is_node_file, sorted(folder.glob("*.py")))])
    hashed = sha256(f"{folder} {state}".encode()).hexdigest()[:12]
    name = f"flowctl_beside_{hashed}"
    if name not in sys.modules:
        package = ModuleType(name, "Nodes beside a flow.")
        package.__path__ = [str(folder)]
        sys.modules[name] = package
    return name


def _helpers(folder: Path) -> list[Path]:
    """Everything below the folder that a node may import and that is not a node itself."""
    found = sorted(folder.rglob("*.py"))
    return [path for path in found if path.parent != folder or path.stem.startswith("_")]


def _state(paths: list[Path]) -> str:
    told = [(path.name, path.stat()) for path in paths]
    return repr([(name, stat.st_mtime_ns, stat.st_size) for name, stat in told])


class _NoBytecode:
    """No `__pycache__` in a user's folder: its whole-second times would hide a quick edit."""

    def __enter__(self) -> None:
        self.before, sys.dont_write_bytecode = sys.dont_write_bytecode, True

    def __exit__(self, *_: object) -> None:
        sys.dont_write_bytecode = self.before
