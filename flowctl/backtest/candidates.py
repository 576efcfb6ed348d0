"""The flows that are held against each other: files, vars, and settings swept over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from math import prod
from pathlib import Path

from flowctl.faults import FlowError, nearest
from flowctl.language.check import load
from flowctl.language.graph import Graph
from flowctl.language.overlay import OPTION as SWEEP

MOST = 1000  # candidates; more than that is a typing mistake


@dataclass(frozen=True)
class Candidate:
    """One flow as it is to be tried out."""

    label: str
    flow: Path
    sets: Mapping[str, str] = field(default_factory=dict)
    """Vars, as `--set` gives them."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Settings of steps, as `plan/rebalance.share`."""

    def graph(self) -> Graph:
        """Check the flow.

        Raises:
            FlowError: with every fault there is.
        """
        return load(self.flow, sets=self.sets, settings=self.settings)


def named(flows: Sequence[Path], sets: Mapping[str, str]) -> list[Candidate]:
    """Name flows by as much of their paths as tells them apart; one given twice is one."""
    given: dict[Path, Path] = {}
    for flow in flows:
        given.setdefault(flow.resolve(), flow)
    paths = list(given.values())
    first, *others = (Candidate(_label(path, paths), path) for path in paths)
    return [replace(first, sets=sets), *others]


def _label(path: Path, paths: Sequence[Path]) -> str:
    parts = [item.resolve().with_suffix("").parts for item in paths]
    own = path.resolve().with_suffix("").parts
    for count in range(1, len(own)):
        if sum(others[-count:] == own[-count:] for others in parts) == 1:
            return "/".join(own[-count:])
    return str(path)


def swept(base: Candidate, sweeps: Sequence[str]) -> list[Candidate]:
    """Vary a flow: `reserve=10%,20%` is a var, `plan/rebalance.share=100W,300W` a setting.

    Several sweeps make every combination; two of the same name are one.

    Raises:
        FlowError: a sweep is written wrongly, names no var, or makes too many combinations.
    """
    axes: dict[str, list[str]] = {}
    for key, values in map(_axis, sweeps):
        axes[key] = list(dict.fromkeys([*axes.get(key, ()), *values]))
    known = load(base.flow, sets=base.sets).variables
    for key in axes:
        if "." not in key and key not in known:
            cure = nearest(key, known) or "a setting is varied as stream/step.setting"
            raise FlowError(f"{SWEEP}: the flow has no var '{key}'; {cure}")
    count = prod(map(len, axes.values()))
    if count > MOST:
        raise FlowError(f"{SWEEP}: {count} combinations are too many; at most {MOST}")
    choices = product(*axes.values())
    return [_varied(base, dict(zip(axes, choice, strict=True))) for choice in choices]


def _axis(text: str) -> tuple[str, list[str]]:
    key, _, values = text.partition("=")
    found = [value.strip() for value in _parts(values) if value.strip()]
    if not key.strip() or not found:
        raise FlowError(f"{SWEEP} {text}: write it as KEY=a,b,c")
    return key.strip(), found


def _parts(text: str) -> list[str]:
    """Cut at commas, but not inside `[left, right]`, `{left: 10%, right: 20%}`, `max(a, b)`."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter in "[{(") - (letter in "]})")
        if letter == "," and depth <= 0:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def _varied(base: Candidate, choice: Mapping[str, str]) -> Candidate:
    settings = {key: value for key, value in choice.items() if "." in key}
    sets = {key: value for key, value in choice.items() if key not in settings}
    label = " ".join(f"{key}={value}" for key, value in choice.items())
    return replace(
        base, label=label, sets={**base.sets, **sets}, settings={**base.settings, **settings}
    )
