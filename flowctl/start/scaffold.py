"""Begin a node or a flow from something that works: `flowctl new`."""

import keyword
from importlib.resources import files
from pathlib import Path
from typing import Literal, get_args

from flowctl.faults import FlowError, faulty
from flowctl.language.library import Library

Kind = Literal["operator", "source", "sink", "device"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Template = Literal["plain", "modbus"]
TEMPLATES: dict[Kind, tuple[Template, ...]] = {"device": ("plain", "modbus")}
PLACEHOLDERS = ("my_node", "my_flow")


def new_node(
    name: str, folder: str | Path = ".", kind: Kind = "operator", template: Template = "plain"
) -> tuple[Path, Path]:
    """Write a working node of a kind into `nodes/` of a folder, and its test into `tests/`.

    Returns both files.

    Raises:
        FlowError: the name cannot be taken, a file stands there already, or there is no such
            template.
    """
    if template not in TEMPLATES.get(kind, ("plain",)):
        kinds = [known for known, has in TEMPLATES.items() if template in has]
        raise FlowError(f"there is no {kind} '{template}'; write '--kind {kinds[0]}'")
    word = _word(name)
    library = Library.beside(folder)
    if word in library.names():
        raise faulty(
            library.where(word), "E202", f"a node '{word}' is there already", "choose another name"
        )
    made = Path(folder) / "nodes" / f"{word}.py", Path(folder) / "tests" / f"test_{word}.py"
    file = f"{kind}.py" if template == "plain" else f"{kind}_{template}.py"
    _write({made[0]: file, made[1]: f"test_{file}"}, word)
    return made


def new_flow(name: str, folder: str | Path = ".") -> Path:
    """Write a small flow that runs into a folder, and return its file.

    Raises:
        FlowError: the name cannot be taken, or a file stands there already.
    """
    word = _word(name.removesuffix(".yaml"))
    made = Path(folder) / f"{word}.yaml"
    _write({made: "flow.yaml"}, word)
    return made


def _word(name: str) -> str:
    word = name.strip().replace("-", "_")
    if keyword.iskeyword(word):
        raise FlowError(f"'{name}' is not a name: it is a word of Python; write '{word}_it', say")
    if not word.isidentifier() or word.startswith("_"):
        said = f"'{name}' is not a name: use letters, digits and _, beginning with a letter"
        raise FlowError(said)
    return word


def _write(wanted: dict[Path, str], word: str) -> None:
    """Write all files or none; never over one that exists."""
    for path in wanted:
        if path.exists():
            raise faulty(path, "E710", "it exists", "it stays as it is; choose another name")
    try:
        for path, template in wanted.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as file:
                file.write(_filled(template, word))
    except OSError as error:
        raise faulty(error.filename, "E710", f"cannot be written: {error.strerror}") from None


def _filled(template: str, word: str) -> str:
    text = (files("flowctl.start") / "templates" / template).read_text(encoding="utf-8")
    for placeholder in PLACEHOLDERS:
        text = text.replace(placeholder, word)
    return text
