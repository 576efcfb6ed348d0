"""The shape of a flow file: from YAML to named streams of raw steps."""

import re
from dataclasses import dataclass, field

from flowctl.expression import VALUE, Expression
from flowctl.faults import Mark, nearest
from flowctl.language.marked import Marked
from flowctl.language.report import Report
from flowctl.language.variables import NAME

TOP = ("flow", "about", "vars", "streams", "tests")
FROM = "from"
ERRORS = "errors"  # the stream of everything that goes wrong
WHY = "why"  # the stream of every setpoint written, and what it follows from
OWN = (ERRORS, WHY)  # the engine speaks them: every flow may read them, and none be called so
INTO = "in"  # `left/in`: what goes into the device of stream left
_WORD = re.compile(r"[^\W\d][\w-]*")


@dataclass(frozen=True, slots=True)
class RawStep:
    """One step as it is written."""

    node: str
    """Name of the node type, or `from`."""
    mark: Mark
    given: Marked | None
    label: str | None = None
    """What `as:` beside the node says."""


@dataclass(frozen=True, slots=True)
class RawStream:
    """One named pipe as it is written."""

    name: str
    mark: Mark
    steps: tuple[RawStep, ...]


@dataclass(frozen=True, slots=True)
class RawFlow:
    """A flow file as it is written."""

    name: str
    about: str
    streams: tuple[RawStream, ...]
    declared: dict[str, Marked] = field(default_factory=dict)
    tests: Marked | None = None


def read_flow(root: Marked, stem: str, report: Report) -> RawFlow:
    """Read the keys of a flow file."""
    top = mapping(root, "a flow file", "flow:, vars:, streams:", report)
    if isinstance(root.value, dict) and not {"flow", "streams"} & top.keys():
        cure = "a flow is 'flow: NAME' and 'streams:'; a plant is given with --plant"
        report.add(root.mark, "E111", "", "is not a flow", cure)
        return RawFlow(stem, "", ())
    unknown_keys(root, TOP, "", report)
    streams = top.get("streams")
    if streams is None or not streams.value:
        mark = root.keys.get("streams", root.mark)
        cure = "write 'streams:' and below it a name and its steps"
        report.add(mark, "E111", "", "the flow has no streams", cure)
    found = read_streams(streams, report) if streams and streams.value else ()
    name, about = text_of(top, "flow", report) or stem, text_of(top, "about", report)
    return RawFlow(name, about, found, read_vars(top.get("vars"), report), top.get("tests"))


def read_streams(item: Marked, report: Report) -> tuple[RawStream, ...]:
    """Read a mapping of names to lists of steps."""
    made = []
    for name, steps in mapping(item, "'streams'", "a name and its steps", report).items():
        mark = item.keys[name]
        if not _WORD.fullmatch(name):
            cure = "use letters, digits and _, beginning with a letter"
            report.add(mark, "E112", name, f"'{name}' is not a name for a stream", cure)
        elif name in OWN:
            cure = f"take another name; 'from: {name}' reads it"
            report.add(mark, "E112", name, f"'{name}' is the engine's own stream", cure)
        made.append(RawStream(name, mark, _steps(name, mark, steps, report)))
    return tuple(made)


def read_vars(item: Marked | None, report: Report) -> dict[str, Marked]:
    """Read a mapping of names to numbers and texts."""
    if item is None or item.value is None:
        return {}
    found = mapping(item, "'vars'", "names and their values", report)
    made = {}
    for name, value in found.items():
        if not NAME.fullmatch(name):
            cure = "use letters, digits and _, beginning with a letter"
            report.add(item.keys[name], "E112", "vars", f"'{name}' is not a name for a var", cure)
        elif isinstance(value.value, dict | list):
            said = f"a var is a number or a text, not {value.kind}"
            report.add(value.mark, "E111", f"vars/{name}", said)
        else:
            made[name] = value
            own_word(name, item.keys[name], "var", report)
    return made


def own_word(name: str, mark: Mark, what: str, report: Report) -> None:
    """Report a name that means something else in expressions."""
    if name == VALUE or name in Expression.FUNCTIONS:
        means = "what flows" if name == VALUE else "a function"
        said = f"'{name}' is not a name for a {what}: in an expression it is {means}"
        report.add(mark, "E112", f"{what}s/{name}", said, f"call it 'the_{name}', say")


def mapping(item: Marked, what: str, wanted: str, report: Report) -> dict[str, Marked]:
    """Return the entries of a mapping, or a fault where it is none."""
    if isinstance(item.value, dict):
        return item.value
    report.add(item.mark, "E111", "", f"{what} is a mapping ({wanted}), not {item.kind}")
    return {}


def unknown_keys(item: Marked, known: tuple[str, ...], where: str, report: Report) -> None:
    """Report each key that is not among the known ones."""
    for name in item.keys:
        if name not in known:
            cure = nearest(name, known) or f"known: {', '.join(known)}"
            report.add(item.keys[name], "E110", where, f"unknown key '{name}'", cure)


def text_of(top: dict[str, Marked], key: str, report: Report) -> str:
    """Return a text of the file's own, such as `about`."""
    item = top.get(key)
    if item is None or item.value is None:
        return ""
    if isinstance(item.value, dict | list):
        report.add(item.mark, "E111", key, f"'{key}' is a text, not {item.kind}")
    return item.text


def _steps(name: str, mark: Mark, item: Marked, report: Report) -> tuple[RawStep, ...]:
    if isinstance(item.value, list) and item.value:
        made = (_step(name, part, report) for part in item.value)
        return tuple(step for step in made if step)
    if item.value is None or item.value == []:
        cure = "begin with a source, or with '- from: STREAM'"
        report.add(mark, "E111", name, "the stream has no steps", cure)
    else:
        cure = "put '- ' before each step"
        report.add(item.mark, "E111", name, f"a stream is a list of steps, not {item.kind}", cure)
    return ()


def _step(stream: str, item: Marked, report: Report) -> RawStep | None:
    if isinstance(item.value, str):
        return _named(stream, item.value, item.mark, None, None, report)
    if isinstance(item.value, dict):
        return _mapped(stream, item, report)
    cure = "write a node's name, or 'name: setting', or 'name: {setting: value}'"
    report.add(item.mark, "E111", stream, f"a step is not {item.kind}", cure)
    return None


def _mapped(stream: str, item: Marked, report: Report) -> RawStep | None:
    entries = dict(item.value)
    label = entries.pop("as", None)
    if not entries:
        report.add(item.mark, "E111", stream, "a step without a node", "name the node")
        return None
    node, *others = entries
    for other in others:
        cure = f"indent '{other}' below '{node}:', or put '- ' before it if it is a step"
        said = f"'{other}' stands beside '{node}': a step has only one node"
        report.add(item.keys[other], "E111", f"{stream}/{node}", said, cure)
    given = entries[node]
    if others and given.value is None:  # read on as it was meant
        given = Marked(given.mark, {other: entries[other] for other in others}, item.keys)
    if label is None and isinstance(given.value, dict):
        label = given.value.get("as")
        rest = {key: part for key, part in given.value.items() if key != "as"}
        given = Marked(given.mark, rest, given.keys, size=given.size)
    return _named(stream, node, item.keys[node], given, label, report)


def _named(
    stream: str, name: str, mark: Mark, given: Marked | None, label: Marked | None, report: Report
) -> RawStep | None:
    node = name.replace("-", "_")
    if not _WORD.fullmatch(node):
        cure = "write '- NODE: VALUE'" if ":" in node else ""
        report.add(mark, "E112", stream, f"'{name[:60]}' is not a name of a node", cure)
        return None
    if label is not None and not (isinstance(label.value, str) and _is_label(label.value)):
        report.add(label.mark, "E112", f"{stream}/{node}", "no name for a step after 'as'")
        label = None
    if given is not None and given.value is None:
        given = None
    return RawStep(node, mark, given, label.value if label else None)


def _is_label(text: str) -> bool:
    return bool(_WORD.fullmatch(text)) and text != INTO
