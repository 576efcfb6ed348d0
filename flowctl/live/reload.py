"""Replace steps of a running flow: only what changed is rebuilt, all else keeps its state."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flowctl.engine.engine import Engine
from flowctl.engine.sentences import CHANGED
from flowctl.language.graph import Graph, Source, Step
from flowctl.marks import ShellsOwn
from flowctl.terms import Terms
from flowctl.virtual.detached import rehearse


@dataclass
class Changes:
    """What a reload does to each step, by step id."""

    added: list[str] = field(default_factory=list)
    rebuilt: list[str] = field(default_factory=list)
    adjusted: list[str] = field(default_factory=list)
    """Devices that are held on other terms; they may have other wires, too."""
    rewired: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.added or self.rebuilt or self.adjusted or self.rewired or self.removed)

    def __str__(self) -> str:
        told = {
            "+": self.added,
            "~": (*self.rebuilt, *self.adjusted),
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
        elif before.settings != step.settings:
            changes.adjusted.append(step_id)
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
        engine.remove(step_id)
    for step_id in changes.rebuilt:
        engine.remove(step_id, CHANGED)
    engine.adopt(new)
    for step_id in (*changes.adjusted, *changes.rewired, *changes.kept):
        engine.rewire(step_id, wires=step_id not in changes.kept)
    for step_id in list(new.steps)[::-1]:
        if step_id in changes.added or step_id in changes.rebuilt:
            engine.build(new.steps[step_id], late=True)
    for step_id in changes.removed:
        engine.outputs.pop(step_id, None)


def _same_node(before: Step, after: Step) -> bool:
    """Same function, settings and form of inputs: only wires and terms of a shell may differ."""
    if (before.spec is None) != (after.spec is None):
        return False
    if before.spec and after.spec and before.spec.function is not after.spec.function:
        return False
    forms = [{name: _form(source) for name, source in s.inputs.items()} for s in (before, after)]
    return _of_the_node(before) == _of_the_node(after) and forms[0] == forms[1]


def _of_the_node(step: Step) -> dict[str, Any]:
    """Pick the settings that a node goes by: not the terms that its shell alone does."""
    spec = step.spec
    if spec is None or spec.terms is None:
        return dict(step.settings)
    own = Terms.names() if "terms" not in spec.handed.values() else frozenset()
    return {
        name: value
        for name, value in step.settings.items()
        if name not in own and not spec.settings[name].mark(ShellsOwn)
    }


def _form(source: Source) -> object:
    if isinstance(source, Mapping):
        return tuple(source)
    return len(source) if isinstance(source, tuple) else 1
