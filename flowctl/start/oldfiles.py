"""Settings out of the files of other programs: `.env`, ini, YAML, and constants of a Python source.

Nothing is run; of a Python source only what stands there as plain values is read.
"""

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from configparser import ConfigParser, Error
from pathlib import Path
from typing import Any, Literal, NamedTuple

from flowctl.faults import Fault, FlowError, Mark
from flowctl.language.dotenv import entries
from flowctl.recordings.lines import LATIN

Form = Literal["env", "ini", "yaml", "python"]
LARGEST = 1 << 20  # bytes; no file of settings is longer


class Old(NamedTuple):
    """A value of an old file."""

    text: str
    line: int


Settings = dict[str, Old]


class PlaceError(ValueError):
    """Something wrong in a line; it never shows the line, for that may hold a secret."""

    def __init__(self, line: int, said: str) -> None:
        super().__init__(said)
        self.line = line


def read(file: Path, form: Form) -> Settings:
    """Read all settings of a file by key; a key of a section or list is a path with dots.

    Raises:
        FlowError: it cannot be read, or is not of that form.
    """
    try:
        return READERS[form](_text(file))
    except OSError as error:
        raise FlowError(f"{file}: {error.strerror or error}") from None
    except PlaceError as error:
        line, said = error.line, str(error)
    except SyntaxError as error:
        line, said = error.lineno or 1, error.msg
    except (ValueError, RecursionError):
        line, said = 1, "nothing in it can be read"
    raise FlowError([Fault(Mark(str(file), line, 1), "E101", "", f"is not {form}: {said}")])


def _text(file: Path) -> str:
    """Return the text of a file, as UTF-8, as UTF-16 with its mark, or else as Windows had it."""
    with file.open("rb") as opened:
        data = opened.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise PlaceError(1, "it is too long to be settings")
    marked = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = data.decode("utf-16" if marked else "utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode(LATIN, "replace")
    if "\0" in text:
        raise PlaceError(1, "it is not text")
    return text.replace("\r\n", "\n")


def _env(text: str) -> Settings:
    found: Settings = {}
    for number, name, value in entries(text.splitlines()):
        if not name:
            raise PlaceError(number, f"line {number} is not of the form NAME=value")
        found[name] = Old(value, number)
    return found


def _ini(text: str) -> Settings:
    parser = ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign] # keys keep their capitals
    try:
        parser.read_string(text)
    except Error as error:
        places = getattr(error, "errors", None) or [(getattr(error, "lineno", 1), "")]
        raise PlaceError(places[0][0], _first(error.message)) from None
    lines = _ini_lines(text)
    return {
        f"{section}.{key}": Old((value or "").strip(), lines.get((section, key), 1))
        for section in parser.sections()
        for key, value in parser.items(section)
    }


def _first(message: str) -> str:
    return message.partition("\n")[0].partition(": '<string>'")[0]


def _ini_lines(text: str) -> Mapping[tuple[str, str], int]:
    found, section = {}, ""
    for number, line in enumerate(text.splitlines(), 1):
        if head := re.match(r"\s*\[(.+?)\]", line):
            section = head[1]
        elif key := re.match(r"([^\s=:#;][^=:]*?)\s*[=:]", line):
            found[section, key[1]] = number
    return found


def _yaml(text: str) -> Settings:
    import yaml  # reading a flow needs it too; the other forms do not

    try:
        top = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        said = getattr(error, "problem", None) or "it cannot be read"
        raise PlaceError(mark.line + 1 if mark else 1, said) from None
    return {} if top is None else dict(_leaves(top, ""))


def _leaves(node: Any, path: str) -> Iterator[tuple[str, Old]]:
    from yaml import MappingNode, ScalarNode

    if isinstance(node, ScalarNode):
        yield path, Old(str(node.value), node.start_mark.line + 1)
        return
    pairs = (
        [(key.value, part) for key, part in node.value]
        if isinstance(node, MappingNode)
        else list(enumerate(node.value, 1))
    )
    for key, part in pairs:
        yield from _leaves(part, f"{path}.{key}" if path else str(key))


def _python(text: str) -> Settings:
    found: Settings = {}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found |= _plain(node.targets[0].id, node.value)
        elif isinstance(node, ast.FunctionDef):
            arguments = node.args.args[len(node.args.args) - len(node.args.defaults) :]
            for argument, default in zip(arguments, node.args.defaults, strict=True):
                found |= _plain(f"{node.name}.{argument.arg}", default)
        elif isinstance(node, ast.Call) and node.args:
            name = getattr(node.func, "attr", None) or getattr(node.func, "id", "")
            found |= _plain(f"{name}().1", node.args[0])
    return found


def _plain(name: str, node: ast.expr) -> Settings:
    """Take a plain number or text, or a list of them."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str | int | float):
        return {name: Old(str(node.value), node.lineno)}
    if isinstance(node, ast.List | ast.Tuple):
        parts = [_plain(f"{name}.{n}", part) for n, part in enumerate(node.elts, 1)]
        return {key: old for part in parts for key, old in part.items()}
    return {}


READERS: Mapping[Form, Callable[[str], Settings]] = {
    "env": _env,
    "ini": _ini,
    "yaml": _yaml,
    "python": _python,
}
