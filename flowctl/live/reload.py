"""Replace steps of a running flow: only what changed is rebuilt, all else keeps its state."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field

from flowctl.engine.engine import Engine
from flowctl.engine.sentences import CHANGED, REMOVED
from flowctl.language.graph import Graph, Source, Step
from flowctl.virtual.detached import rehearse


@dataclass
class Changes:
    """What a reload does to each step, by step id."""

    added: list[str] = field(default_factory=list)
    rebuilt: list[str] = field(default_factory=list)
    rewired: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.added or self.rebuilt or self.rewired or self.removed)

    def __str__(self) -> str:
        told = {
            "+": self.added,
            "~": self.rebuilt,
            ">": self.rewired,
            "-": self.removed,
        }
        parts = [f"{sign} {name}" for sign, names in told.items() for name in names]
        return ", ".join([*parts, f"{len(self.kept)} untouched"])


def compare(old: Graph, new: Graph) -> Changes:
    """Find what differs between two checked flows. Comments and order of keys never count."""
    changes = Changes(removed=[step_id for step_id in old.steps if step_id not in new.steps])
    for step_id, step in new.steps.items():
        before = old.steps.get(step_id)
        if before is None:
            changes.added.append(step_id)
        elif not _same_node(before, step):
            changes.rebuilt.append(step_id)
        elif before.inputs != step.inputs:
            changes.rewired.append(step_id)
        else:
            changes.kept.append(step_id)
    return changes


def replace(engine: Engine, new: Graph) -> Changes:
    """Bring a running engine to a new flow, between two turns.

    Raises:
        FlowError: a node refuses its settings; the running flow is as it was.
    """
    changes = compare(engine.graph, new)
    built = {step_id: new.steps[step_id] for step_id in (*changes.added, *changes.rebuilt)}
    rehearse(dataclasses.replace(new, steps=built))
    engine.clock.turn(_apply, engine, new, changes)
    return changes


def _apply(engine: Engine, new: Graph, changes: Changes) -> None:
    for step_id in changes.removed:
        engine.remove(step_id, REMOVED)
    for step_id in changes.rebuilt:
        engine.remove(step_id, CHANGED)
    engine.adopt(new)
    for step_id in (*changes.rewired, *changes.kept):
        engine.rewire(step_id, wires=step_id in changes.rewired)
    for step_id in list(new.steps)[::-1]:
        if step_id in changes.added or step_id in changes.rebuilt:
            engine.build(new.steps[step_id], late=True)
    for step_id in changes.removed:
        engine.outputs.pop(step_id, None)


def _same_node(before: Step, after: Step) -> bool:
    """Same function, same settings, inputs of the same form: only wires may differ."""
    if (before.spec is None) != (after.spec is None):
        return False
    if before.spec and after.spec and before.spec.function is not after.spec.function:
        return False
    forms = [{name: _form(source) for name, source in s.inputs.items()} for s in (before, after)]
    return before.settings == after.settings and forms[0] == forms[1]


def _form(source: Source) -> object:
    if isinstance(source, Mapping):
        return tuple(source)
    return len(source) if isinstance(source, tuple) else 1
