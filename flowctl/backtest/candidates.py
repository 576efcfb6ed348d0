"""The flows that are held against each other: files, vars, and settings swept over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path

from flowctl.expression import Expression
from flowctl.faults import FlowError, Mark, nearest
from flowctl.language.check import load
from flowctl.language.graph import Graph
from flowctl.language.marked import BROKEN, Marked, scalar
from flowctl.language.report import Report
from flowctl.language.settings import read

SWEEP = "--sweep"
MOST = 1000  # candidates; more than that is a typing mistake


@dataclass(frozen=True)
class Candidate:
    """One flow as it is to be tried out."""

    label: str
    flow: Path
    sets: Mapping[str, str] = field(default_factory=dict)
    """Vars, as `--set` gives them."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Settings of steps, as `plan/rebalance.reserve`."""

    def graph(self) -> Graph:
        """Check the flow.

        Raises:
            FlowError: with every fault there is.
        """
        graph = load(self.flow, sets=self.sets)
        report = Report()
        for key, text in self.settings.items():
            graph = _with(graph, key, text, report)
        report.settle()
        return graph


def named(flows: Sequence[Path], sets: Mapping[str, str]) -> list[Candidate]:
    """Name flows by their files; those of the same name by their folders, too."""
    stems = [flow.stem for flow in flows]
    labels = [
        flow.stem if stems.count(flow.stem) == 1 else f"{flow.parent.name}/{flow.stem}"
        for flow in flows
    ]
    first, *others = (Candidate(label, flow) for label, flow in zip(labels, flows, strict=True))
    return [replace(first, sets=sets), *others]


def swept(base: Candidate, sweeps: Sequence[str]) -> list[Candidate]:
    """Vary a flow: `reserve=10%,20%` is a var, `plan/rebalance.share=100W,300W` a setting.

    Several sweeps make every combination.

    Raises:
        FlowError: a sweep is written wrongly, names no var, or makes too many combinations.
    """
    axes = [[(key, value) for value in values] for key, values in map(_axis, sweeps)]
    known = load(base.flow, sets=base.sets).variables
    for (key, _), *_ in axes:
        if "." not in key and key not in known:
            cure = nearest(key, known) or "a setting is varied as stream/step.setting"
            raise FlowError(f"{SWEEP}: the flow has no var '{key}'; {cure}")
    count = 1
    for axis in axes:
        count *= len(axis)
    if count > MOST:
        raise FlowError(f"{SWEEP}: {count} combinations are too many; at most {MOST}")
    return [_varied(base, dict(choice)) for choice in product(*axes)]


def _axis(text: str) -> tuple[str, list[str]]:
    key, _, values = text.partition("=")
    found = [value.strip() for value in values.split(",") if value.strip()]
    if not key.strip() or not found:
        raise FlowError(f"{SWEEP} {text}: write it as KEY=a,b,c")
    return key.strip(), found


def _varied(base: Candidate, choice: Mapping[str, str]) -> Candidate:
    settings = {key: value for key, value in choice.items() if "." in key}
    sets = {key: value for key, value in choice.items() if key not in settings}
    label = " ".join(f"{key}={value}" for key, value in choice.items())
    return replace(
        base, label=label, sets={**base.sets, **sets}, settings={**base.settings, **settings}
    )


def _with(graph: Graph, key: str, text: str, report: Report) -> Graph:
    """Give a step another setting."""
    step_id, _, name = key.rpartition(".")
    step = graph.steps.get(step_id) or graph.steps.get(graph.streams.get(step_id, ""))
    mark = Mark(SWEEP)
    if step is None or step.spec is None:
        cure = nearest(step_id, graph.steps) or f"it has {', '.join(graph.steps)}"
        report.add(mark, "E125", key, f"the flow has no step '{step_id}'", cure)
        return graph
    setting = step.spec.settings.get(name.replace("-", "_"))
    if setting is None:
        known = step.spec.settings
        cure = nearest(name, known) or f"it has {', '.join(known) or 'none'}"
        report.add(mark, "E130", key, f"{step.node} has no setting '{name}'", cure)
        return graph
    made = read(setting, Marked(mark, scalar(text), text=text, soft=True), key, report)
    if made is BROKEN:
        return graph
    if isinstance(made, Expression):
        made = made.bound(graph.variables)
    other = replace(step, settings={**step.settings, setting.name: made})
    return replace(graph, steps={**graph.steps, step.id: other})
