"""Where node types live: packages of the entry-point group, and a folder beside the flow.

A node type is one file of its own name. Nothing is imported until a flow names it.
"""

import importlib.metadata
import importlib.util
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from traceback import extract_tb
from typing import Any

import flowctl
from flowctl.faults import Fault, FlowError, Mark, nearest
from flowctl.folders import is_checkout
from flowctl.language.beside import import_beside, is_node_file
from flowctl.language.subflow import SubflowSpec, ended, read_subflow
from flowctl.signature.node import NodeSpec, read_node

GROUP = "flowctl.nodes"
_INSTALLED = Path(flowctl.__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Place:
    """A folder of nodes, and the package its modules are imported from."""

    folder: Path
    package: str | None
    """`None`: the folder beside a flow, imported under a private name."""


@dataclass
class Library:
    """All node types that a flow may name."""

    places: tuple[Place, ...]
    troubles: tuple[str, ...] = ()
    """Packages that were announced and cannot be found."""
    _read: dict[Path, NodeSpec] = field(default_factory=dict)
    _found: dict[str, list[tuple[Path, Place]]] | None = None

    @classmethod
    def beside(cls, folder: str | Path | None = None) -> "Library":
        """Return all installed nodes, and those in `nodes/` of a flow's folder."""
        installed, troubles = _installed()
        places = list(installed)
        own = Path(folder).resolve() / "nodes" if folder is not None else None
        if own and own.is_dir() and not _ours(own, places):
            places.append(Place(own, None))
        return cls(tuple(places), troubles)

    def names(self) -> tuple[str, ...]:
        """Return the names of all node types, none of them imported."""
        return tuple(sorted(self._files()))

    def get(self, name: str) -> NodeSpec:
        """Return one node type.

        Raises:
            FlowError: there is not one of that name, or two, or its file is broken.
        """
        spec = self.meant(name)
        if isinstance(spec, SubflowSpec) and spec.faults:
            raise FlowError(spec.faults)
        return spec

    def readable(self) -> tuple[list[NodeSpec], list[Fault]]:
        """Return all node types, and what is wrong with those that are broken."""
        specs, faults = list[NodeSpec](), list[Fault]()
        for name in self.names():
            try:
                specs.append(self.get(name))
            except FlowError as error:
                faults += error.faults
        return specs, faults

    def meant(self, name: str) -> NodeSpec:
        """Return one node type as far as it can be read: a sub-flow may have faults.

        Raises:
            FlowError: there is not one of that name, or two, or nothing of its file can be read.
        """
        found = self._files().get(name, [])
        if not found:
            cure = nearest(name, self.names()) or "`flowctl nodes` lists what there is"
            raise _error("E201", f"no node is called '{name}'", cure)
        if len(found) > 1:
            both = " and ".join(str(path) for path, _ in found)
            raise _error("E202", f"two nodes are called '{name}': {both}", "rename one of them")
        path, place = found[0]
        if path not in self._read:
            spec = self._read[path] = _load(name, path, place)
            if isinstance(spec, SubflowSpec):  # it may use itself, which is told elsewhere
                self._read[path] = ended(spec, self.meant)
        return self._read[path]

    def where(self, name: str) -> Path | None:
        """Return the file of a node type."""
        found = self._files().get(name, [])
        return found[0][0] if found else None

    def watches(self) -> tuple[Path, ...]:
        """Return the files beside the flow: all that a user may edit while it runs."""
        own = [place.folder for place in self.places if place.package is None]
        return tuple(
            path
            for folder in own
            for path in sorted(folder.rglob("*"))
            if path.suffix in (".py", ".yaml", ".yml")
        )

    def _files(self) -> dict[str, list[tuple[Path, Place]]]:
        if self._found is None:
            self._found = {}
            for place in self.places:
                for path in sorted(place.folder.iterdir()):
                    if is_node_file(path):
                        self._found.setdefault(path.stem, []).append((path, place))
        return self._found


def _ours(folder: Path, places: list[Place]) -> bool:
    """A checkout holds the nodes that are installed, perhaps as a copy elsewhere."""
    return is_checkout(folder.parent) or any(folder == place.folder for place in places)


@lru_cache(maxsize=1)
def _installed() -> tuple[tuple[Place, ...], tuple[str, ...]]:
    places: list[Place] = []
    troubles: list[str] = []
    for entry in importlib.metadata.entry_points(group=GROUP):
        try:
            spec = importlib.util.find_spec(entry.value)
        except (ImportError, ValueError):
            spec = None
        folders = list(spec.submodule_search_locations or ()) if spec else []
        if not folders:
            troubles.append(f"the package '{entry.value}' of node library '{entry.name}' is gone")
        for folder in map(Path, folders):
            _refuse_stranger(entry.value, folder)
            place = Place(folder.resolve(), entry.value)
            if folder.is_dir() and place not in places:
                places.append(place)
    return tuple(places), tuple(troubles)


def _refuse_stranger(package: str, folder: Path) -> None:
    """A `nodes` package in the working directory may hide ours under `python -m`."""
    if package == "nodes" and folder.resolve().parent != _INSTALLED:
        said = f"the folder {folder} hides the nodes of flowctl"
        raise _error("E202", said, "run `flowctl` itself, or rename that folder's __init__.py")


def _load(name: str, path: Path, place: Place) -> NodeSpec:
    if path.suffix != ".py":
        return read_subflow(path)
    try:
        module: Any
        if place.package is None:
            module = import_beside(path)
        else:
            module = importlib.import_module(f"{place.package}.{name}")
        function = getattr(module, name, None)
        if not callable(function):
            raise TypeError(f"it defines no function '{name}'")
        return _spec(function, name)
    except (Exception, SystemExit) as error:
        raise _error("E203", f"the node file {path} is broken: {_said(error, path)}") from error


@lru_cache(maxsize=1024)
def _spec(function: Any, name: str) -> NodeSpec:
    """The same function is the same node type, so that a reload knows what has not changed."""
    return read_node(function, name)


def _said(error: BaseException, path: Path) -> str:
    if isinstance(error, SyntaxError):
        return f"line {error.lineno}: {error.msg}"
    lines = [
        frame.lineno for frame in extract_tb(error.__traceback__) if frame.filename == str(path)
    ]
    place = f"line {lines[-1]}: " if lines else ""
    kind = "" if isinstance(error, TypeError) else f"{type(error).__name__}: "
    return f"{place}{kind}{error}"


def _error(code: str, message: str, cure: str = "") -> FlowError:
    return FlowError([Fault(Mark(), code, "", message, cure)])
