"""`${name}`, `${ENV}` and `${ENV:-default}`: what they stand for, and where that is written."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from flowctl.faults import Mark, nearest
from flowctl.language.marked import BROKEN, Marked, scalar
from flowctl.language.report import Report
from flowctl.language.text import MOST

NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_OPEN, _ESCAPED = "${", "$${"
DEEPEST = 20  # defaults inside defaults, vars inside vars
LONGEST = 10_000  # characters that a filled text may have


class Place(NamedTuple):
    """One `${name:-default}` in a text."""

    name: str
    default: "tuple[str | Place, ...] | None"


class MalformedError(ValueError):
    """A `${` that is not closed or names nothing."""


@dataclass
class Variables:
    """All names that a `${...}` of one file may use; the nearest wins: set, var, environment."""

    report: Report
    declared: Mapping[str, Marked] = field(default_factory=dict)
    sets: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    _made: dict[str, Marked] = field(default_factory=dict)
    _making: list[str] = field(default_factory=list)

    def within(self, declared: Mapping[str, Marked]) -> "Variables":
        """Return the names seen inside a sub-flow: its settings and the environment."""
        return Variables(self.report, declared, {}, self.environment)

    def names(self) -> tuple[str, ...]:
        """Return the names of all vars."""
        return tuple({**self.declared, **self.sets})

    def values(self) -> dict[str, Any]:
        """Return all vars as plain values; one that could not be made is left out."""
        made = {name: self.get(name) for name in self.names()}
        return {name: item.plain() for name, item in made.items() if not item.broken()}

    def get(self, name: str) -> Marked:
        """Return the value of a declared or set var."""
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def fill(self, item: Marked, where: str = "") -> Marked:
        """Return a value with every `${...}` inside it replaced."""
        if isinstance(item.value, dict):
            filled = {name: self.fill(part, where) for name, part in item.value.items()}
            return self._sized(replace(item, value=filled), filled.values(), where)
        if isinstance(item.value, list):
            parts = [self.fill(part, where) for part in item.value]
            return self._sized(replace(item, value=parts), parts, where)
        if isinstance(item.value, str) and _OPEN in item.value:
            return self._filled(item, where)
        return item

    def _make(self, name: str) -> Marked:
        if name in self.sets:
            return _soft(Mark("--set"), self.sets[name])
        if name in self._making or len(self._making) > DEEPEST:
            chain = " -> ".join([*self._making, name])
            said = f"the vars refer to one another in circles, or too deeply: {chain}"
            self.report.add(self.declared[name].mark, "E123", f"vars/{name}", said)
            return Marked(self.declared[name].mark, BROKEN)
        self._making.append(name)
        made = self.fill(self.declared[name], f"vars/{name}")
        self._making.pop()
        return made

    def _sized(self, item: Marked, parts: Iterable[Marked], where: str) -> Marked:
        size = 1 + sum(part.size for part in parts)
        if size > MOST:
            self.report.add(item.mark, "E104", where, f"grows to more than {MOST} values")
            return replace(item, value=BROKEN)
        return replace(item, size=size)

    def _filled(self, item: Marked, where: str) -> Marked:
        try:
            parts = split(item.value)
        except MalformedError as error:
            cure = "write '$${' for the two characters themselves"
            self.report.add(item.mark, "E121", where, str(error), cure)
            return replace(item, value=BROKEN)
        found = [self._part(part, item, where) for part in parts]
        if len(found) == 1 and isinstance(parts[0], Place):
            return replace(found[0], mark=item.mark, lent=True)
        return self._joined(found, item, where)

    def _joined(self, found: list[Marked], item: Marked, where: str) -> Marked:
        if any(part.value is BROKEN for part in found):
            return replace(item, value=BROKEN)
        if any(isinstance(part.value, dict | list) for part in found):
            said = "a list or a mapping does not fit into the middle of a text"
            self.report.add(item.mark, "E121", where, said)
            return replace(item, value=BROKEN)
        text = "".join(part.text for part in found)
        if len(text) > LONGEST:
            said = f"grows longer than {LONGEST} characters"
            self.report.add(item.mark, "E104", where, said)
            return replace(item, value=BROKEN)
        return replace(item, value=text, text=text)

    def _part(self, part: str | Place, item: Marked, where: str) -> Marked:
        if isinstance(part, str):
            return Marked(item.mark, part, text=part)
        name = part.name
        if name in self.sets or name in self.declared:
            return self.get(name)
        text = self.environment.get(name)
        if text is not None and (text or part.default is None):
            return _soft(item.mark, text)
        if part.default is not None:
            made = [self._part(inner, item, where) for inner in part.default]
            joined = self._joined(made, item, where)
            return joined if joined.value is BROKEN else _soft(item.mark, joined.text)
        said, cure = f"${{{name}}} is not set", self._cure(name)
        self.report.add(item.mark, "E120", where, said, cure)
        return replace(item, value=BROKEN)

    def _cure(self, name: str) -> str:
        known = nearest(name, [*self.declared, *self.environment])
        ways = (
            f"set it in the environment or in .env beside the flow, or write ${{{name}:-default}}"
        )
        return known or ways


def split(text: str) -> tuple[str | Place, ...]:
    """Cut a text into plain parts and places."""
    parts, end = _split(text, 0, 0)
    return parts if end == len(text) else (*parts, text[end:])


def _split(text: str, at: int, depth: int) -> tuple[tuple[str | Place, ...], int]:
    if depth > DEEPEST:
        raise MalformedError("'${' is inside too many others")
    parts: list[str | Place] = []
    plain = ""
    while at < len(text) and not (depth and text[at] == "}"):
        if text.startswith(_ESCAPED, at):
            plain, at = plain + _OPEN, at + len(_ESCAPED)
        elif text.startswith(_OPEN, at):
            place, at = _place(text, at + len(_OPEN), depth)
            parts += [plain, place] if plain else [place]
            plain = ""
        else:
            plain, at = plain + text[at], at + 1
    return (*parts, plain) if plain else tuple(parts), at


def _place(text: str, at: int, depth: int) -> tuple[Place, int]:
    found = NAME.match(text, at)
    if not found:
        raise MalformedError("after '${' comes a name, as in ${reserve} or ${HOST:-127.0.0.1}")
    end, default = found.end(), None
    if text.startswith(":-", end):
        default, end = _split(text, end + 2, depth + 1)
    if not text.startswith("}", end):
        raise MalformedError(f"'${{{found[0]}' is not closed by '}}'")
    return Place(found[0], default), end + 1


def _soft(mark: Mark, text: str) -> Marked:
    value = scalar(text) if text else ""
    return Marked(mark, value, text=text, soft=True)
