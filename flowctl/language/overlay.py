"""Settings of steps given from outside, laid over what is written: `plan/rebalance.share`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from flowctl.faults import Mark, nearest
from flowctl.language.drafts import Draft
from flowctl.language.marked import BROKEN, Marked, scalar
from flowctl.language.report import Report
from flowctl.language.text import read_text
from flowctl.signature.node import NodeSpec

OPTION = "--sweep"


@dataclass(frozen=True, slots=True)
class Overlay:
    """What goes before the text of a flow: `stream/step.setting`, or `.setting.key` of a mapping.

    The name of a stream alone is its last step.
    """

    given: Mapping[str, str]
    report: Report
    _steps: dict[str, str] = field(default_factory=dict)
    """Each key that found its step."""

    def onto(self, names: tuple[str, ...], spec: NodeSpec, given: Marked | None) -> Marked | None:
        """Return what is given to a step of these names, with what goes before it."""
        for key, text in self.given.items():
            step, inside = _split(key, names)
            if step:
                self._steps[key] = step
                given = _laid(_by_name(spec, given), inside, self._read(text, key))
        return given

    def check(self, steps: Mapping[str, Draft]) -> None:
        """Report what was given to steps that are not there."""
        known = [name for name, draft in steps.items() if draft.spec]
        for key in self.given.keys() - self._steps.keys():
            step = key.rpartition(".")[0]
            said = f"'{step}' has no settings" if step in steps else f"no step is called '{step}'"
            cure = _nearest(step, known)
            self.report.add(Mark(OPTION), "E125", key, said, "" if step in steps else cure)

    def _read(self, text: str, key: str) -> Marked:
        """A list or a mapping is written as in a flow; all else may be a number or a text."""
        if text[:1] in "[{" and text:
            return read_text(text, f"{OPTION} {key}", self.report) or Marked(Mark(OPTION), BROKEN)
        return Marked(Mark(OPTION), scalar(text), text=text, soft=True)


def _nearest(step: str, known: Sequence[str]) -> str:
    """Name the step that was meant, in its stream if there is that; or all there are."""
    stream, _, label = step.partition("/")
    beside = {
        name.removeprefix(f"{stream}/"): name for name in known if name.startswith(f"{stream}/")
    }
    alike = nearest(label, beside) if beside else "any"  # not by the name of the stream alone
    cure = nearest(step, beside.values() or known) if alike else ""
    return cure or f"it has {', '.join(beside.values() or known)}"


def _split(key: str, names: tuple[str, ...]) -> tuple[str, list[str]]:
    """Tell a step and what follows it; nothing if the key means none of these names."""
    for name in names:
        rest = key.removeprefix(f"{name}.")
        if rest != key and "/" not in rest:
            return name, rest.split(".")
    return "", []


def _by_name(spec: NodeSpec, given: Marked | None) -> Marked:
    """Write what is given to a step by name: a lone value is its first setting."""
    if given is None:
        return Marked(Mark(OPTION), {})
    if isinstance(given.value, dict):
        return given
    first = spec.first_setting or ""
    return Marked(given.mark, {first: given}, {first: given.mark}, size=given.size)


def _laid(over: Marked, inside: list[str], item: Marked) -> Marked:
    """Put an item into a mapping, as deep inside as is said."""
    name, *rest = inside
    name = next((known for known in over.value if _same(known, name)), name)
    if rest:
        below = over.value.get(name)
        is_mapping = below is not None and isinstance(below.value, dict)
        item = _laid(below if is_mapping else Marked(Mark(OPTION), {}, rest=below), rest, item)
    return replace(
        over,
        value={**over.value, name: item},
        keys={**over.keys, name: Mark(OPTION)},
        size=over.size + item.size,
    )


def _same(one: str, other: str) -> bool:
    return one.replace("-", "_") == other.replace("-", "_")
