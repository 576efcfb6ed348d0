"""Read YAML 1.2 as marked values; no bytes lead to a traceback."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from flowctl.faults import Mark, nearest
from flowctl.language.marked import Marked, scalar
from flowctl.language.report import CONTROL, Report

LONGEST = 1_000_000  # characters of one file
DEEPEST = 40
MOST = 50_000  # values, each counted as often as aliases repeat it

_CORE = "tag:yaml.org,2002:"
_PLAIN_TAGS = {_CORE + kind for kind in ("int", "float", "bool", "null", "map", "seq")}
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Stopped(Exception):  # noqa: N818 - not an error: the fault is told already
    """The text cannot be read any further."""


def read_file(path: Path, report: Report, *, empty: str = "") -> Marked | None:
    """Read a YAML file; what is wrong goes to the report, `empty` is the cure for nothing."""
    file = str(path)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        said = f"is not UTF-8 text ({error.reason})"
        report.add(Mark(file, 1, 1), "E101", "", said, "save it as UTF-8")
        return None
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or str(error)
        report.add(Mark(file, 1, 1), "E101", "", f"cannot be read: {said}", like(path))
        return None
    return read_text(text, file, report, empty=empty)


def like(path: Path) -> str:
    """Name a file beside the one that is not there as a cure, or one in a folder, or nothing."""
    try:
        if path.is_dir():
            inside = sorted(item.name for item in path.glob("*.yaml"))
            return f"name a file in it, e.g. {path / inside[0]}" if inside else ""
        beside = [item for item in path.parent.iterdir() if item.suffix == path.suffix]
    except (OSError, ValueError):
        return ""
    known = [item.stem for item in beside if item.name != path.name]
    return nearest(path.stem, known).replace("'?", f"{path.suffix}'?")


def read_text(text: str, file: str, report: Report, *, empty: str = "") -> Marked | None:
    """Read a YAML text; what is wrong goes to the report, `empty` is the cure for nothing."""
    text = text.removeprefix("\ufeff")
    report.know(file, text[:LONGEST])
    if len(text) > LONGEST:
        report.add(Mark(file, 1, 1), "E104", "", f"is longer than {LONGEST} characters")
        return None
    strange = CONTROL.search(text)
    if strange:
        mark = _mark_at(text, strange.start(), file)
        report.add(mark, "E102", "", f"the character {strange[0]!r} is not allowed in YAML")
        return None
    return _compose(text, file, report, empty)


def _compose(text: str, file: str, report: Report, empty: str) -> Marked | None:
    builder = _Builder(file, report)
    try:
        for event in yaml.parse(text, Loader=_Loader):
            builder.take(event)
    except _Stopped:
        return None
    except yaml.YAMLError as error:
        _tell(error, file, report)
        return None
    if builder.root is None:
        report.add(Mark(file, 1, 1), "E101", "", "is empty", empty)
    return builder.root


class _Builder:
    """Turns the parser's events into one marked value."""

    def __init__(self, file: str, report: Report) -> None:
        self.file, self.report = file, report
        self.root: Marked | None = None
        self.open: list[tuple[Any, list[Marked]]] = []
        self.anchors: dict[str, Marked] = {}

    def take(self, event: Any) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self._put(event.anchor, self._scalar(event))
        elif isinstance(event, yaml.AliasEvent):
            self._put(None, self._alias(event))
        elif isinstance(event, yaml.CollectionStartEvent):
            if len(self.open) == DEEPEST:
                self._stop(event, "E104", f"is nested deeper than {DEEPEST} levels")
            self.open.append((event, []))
        elif isinstance(event, yaml.CollectionEndEvent):
            start, items = self.open.pop()
            self._put(start.anchor, self._collection(start, items))
        elif isinstance(event, yaml.DocumentStartEvent) and self.root is not None:
            self._stop(event, "E102", "a file holds one document; a second one begins here")

    def _put(self, anchor: str | None, item: Marked) -> None:
        if anchor:
            self.anchors[anchor] = item
        if self.open:
            start, items = self.open[-1]
            items.append(item)
            if len(items) > 2 * MOST:
                self._stop(start, "E104", f"holds more than {MOST} values")
        else:
            self.root = item

    def _scalar(self, event: Any) -> Marked:
        plain = event.implicit[0] or event.tag in _PLAIN_TAGS
        if event.tag not in (None, "!", _CORE + "str", *_PLAIN_TAGS):
            self._note(event, "E105", f"the tag {_short(event.tag)} means nothing here")
        value = scalar(event.value) if plain else event.value
        return Marked(self._mark(event), value, text=event.value)

    def _alias(self, event: Any) -> Marked:
        if event.anchor not in self.anchors:
            known = any(start.anchor == event.anchor for start, _ in self.open)
            said = "is inside its own anchor" if known else "has no anchor above it"
            self._stop(event, "E104", f"the alias *{event.anchor} {said}")
        return self.anchors[event.anchor]

    def _collection(self, start: Any, items: list[Marked]) -> Marked:
        size = 1 + sum(item.size for item in items)
        if size > MOST:
            self._stop(start, "E104", f"holds more than {MOST} values (are aliases repeated?)")
        if start.tag not in (None, "!", *_PLAIN_TAGS):
            self._note(start, "E105", f"the tag {_short(start.tag)} means nothing here")
        mark = self._mark(start)
        if isinstance(start, yaml.SequenceStartEvent):
            return Marked(mark, items, size=size)
        return self._mapping(mark, items, size)

    def _mapping(self, mark: Mark, items: list[Marked], size: int) -> Marked:
        value: dict[str, Marked] = {}
        keys: dict[str, Mark] = {}
        merged: list[Marked] = []
        for key, item in zip(items[::2], items[1::2], strict=True):
            if key.text == "<<":
                merged += item.value if isinstance(item.value, list) else [item]
            elif self._is_new(key, keys):
                value[key.text], keys[key.text] = item, key.mark
        for name, item, place in self._merged(merged):
            if name not in value:
                value[name], keys[name] = item, place
        return Marked(mark, value, keys, size=size)

    def _is_new(self, key: Marked, keys: Mapping[str, Mark]) -> bool:
        if isinstance(key.value, dict | list):
            self.report.add(key.mark, "E105", "", f"a key is a text, not {key.kind}")
            return False
        if key.text in keys:
            first = keys[key.text].line
            said = f"'{key.text}' is given twice (first in line {first})"
            self.report.add(key.mark, "E103", "", said, "remove one of them")
            return False
        return True

    def _merged(self, parts: list[Marked]) -> Iterator[tuple[str, Marked, Mark]]:
        for part in parts:
            if not isinstance(part.value, dict):
                self.report.add(part.mark, "E105", "", f"'<<' takes a mapping, not {part.kind}")
                continue
            for name, item in part.value.items():
                yield name, item, part.keys[name]

    def _mark(self, event: Any) -> Mark:
        return Mark(self.file, event.start_mark.line + 1, event.start_mark.column + 1)

    def _note(self, event: Any, code: str, said: str) -> None:
        self.report.add(self._mark(event), code, "", said)

    def _stop(self, event: Any, code: str, said: str) -> None:
        self._note(event, code, said)
        raise _Stopped


def _short(tag: str) -> str:
    return tag.replace(_CORE, "!!")[:40]


def _mark_at(text: str, index: int, file: str) -> Mark:
    before = text[:index].replace("\r\n", "\n").replace("\r", "\n")
    return Mark(file, before.count("\n") + 1, index - before.rfind("\n"))


def _tell(error: yaml.YAMLError, file: str, report: Report) -> None:
    place = getattr(error, "problem_mark", None)
    mark = Mark(file, place.line + 1, place.column + 1) if place else Mark(file, 1, 1)
    problem = getattr(error, "problem", None) or "cannot be read"
    context = getattr(error, "context", None)
    said, cure = f"{problem} {context}".strip() if context else problem, ""
    begins = not report.line(mark)[: mark.column - 1].strip()
    if begins and any(sign in problem for sign in _INDENTED):
        said, cure = "the line is indented unlike those above it", "begin it below one of them"
    else:
        known = (plain for sign, *plain in _PLAINLY if sign in problem)
        said, cure = next(known, [said, cure])
    report.add(mark, "E102", "", said, _cure(mark, report) or cure)


_INDENTED = ("did not find expected key", "expected <block end>", "<document start>")
_PLAINLY = (
    ("'-' indicator", "a list goes on here, whose entries begin with '- '", "write '- ' before it"),
    ("expected key", "there is more after the value", "put the text in quotes, or on a new line"),
    ("mapping values are not", "a ':' is where none may be",
     "put the text in quotes, or begin the line below one of those above it"),
    ("',' or ']'", "a list in brackets goes on here", "write ',' before it, or ']' above it"),
    ("',' or '}'", "a mapping in braces goes on here", "write ',' before it, or '}' above it"),
    ("unexpected end of stream", "a quote is not closed", "write it after the text"),
    ("cannot start any token", "a text cannot begin with this character", "put the text in quotes"),
)  # fmt: skip


def _cure(mark: Mark, report: Report) -> str:
    line = report.line(mark)
    before = line[: mark.column]
    if "\t" in before:
        return "YAML is indented by spaces, not tabs"
    if "${" in before or line[mark.column - 1 : mark.column + 1] == "${":
        return 'inside braces and brackets, write quotes around "${...}"'
    if line[mark.column - 1 : mark.column] in ("%", "@", "`"):
        return "put the text in quotes"
    return ""
