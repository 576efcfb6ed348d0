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

Form = Literal["env", "ini", "yaml", "python"]
_ENV = re.compile(r"\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*", re.ASCII)


class Old(NamedTuple):
    """A value of an old file."""

    text: str
    line: int


Settings = dict[str, Old]


def read(file: Path, form: Form) -> Settings:
    """Read all settings of a file by key; a key of a section or list is a path with dots.

    Raises:
        FlowError: it cannot be read, or is not of that form.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
        return READERS[form](text)
    except OSError as error:
        raise FlowError(f"{file}: {error.strerror or error}") from None
    except (UnicodeDecodeError, Error, SyntaxError, ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None) or 1
        said = str(error).splitlines()[0]
        raise FlowError(
            [Fault(Mark(str(file), line, 1), "E101", "", f"is no {form}: {said}")]
        ) from None


def _env(text: str) -> Settings:
    found: Settings = {}
    for number, line in enumerate(text.splitlines(), 1):
        match = _ENV.fullmatch(line)
        if match:
            found[match[1]] = Old(_unquoted(match[2]), number)
        elif line.strip() and not line.lstrip().startswith("#"):
            raise ValueError(f"line {number} is not of the form NAME=value")
    return found


def _unquoted(text: str) -> str:
    for quote in "\"'":
        if text.startswith(quote):
            return text[1:].partition(quote)[0]
    return text.partition(" #")[0].rstrip()


def _ini(text: str) -> Settings:
    parser = ConfigParser(interpolation=None, strict=False, allow_no_value=True)
    parser.optionxform = str  # type: ignore[assignment,method-assign] # keys keep their capitals
    parser.read_string(text)
    lines = _ini_lines(text)
    return {
        f"{section}.{key}": Old((value or "").strip(), lines.get((section, key), 1))
        for section in parser.sections()
        for key, value in parser.items(section)
    }


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
        raise ValueError(" ".join(str(error).split())) from None
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
