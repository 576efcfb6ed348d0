"""What the steps of a flow know from earlier runs, as far as a recording may hold it."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from flowctl.engine.stay import SINCE, STAY
from flowctl.language.graph import Graph, Step
from flowctl.recordings.opening import Kept
from flowctl.secret import Secret
from flowctl.signature.node import NodeKind
from flowctl.store import Store

NAME = re.compile(r"[a-z_]{1,24}\Z")
DATE = re.compile(r"\d{4}-\d\d-\d\d(T[\d:.+Z-]{1,24})?\Z")


def knowledge(graph: Graph, store: Callable[[str], Store]) -> Kept:
    """Return what operators keep, and how long devices are left alone; never a secret.

    Nodes at the edges may keep tokens and passwords: nothing of theirs is told. Of operators it is
    numbers, flags and dates, and nothing of one that is given a secret.
    """
    found: dict[str, dict[str, Any]] = {}
    names = frozenset(graph.streams)
    for step in graph.steps.values():
        place = f"{graph.name}:{step.id}"
        if step.kind is NodeKind.DEVICE:
            since = store(f"{place}:{STAY}").get(SINCE)
            found[f"{step.id}:{STAY}"] = {SINCE: since} if isinstance(since, float) else {}
        elif _may_tell(step):
            kept = store(place)
            found[step.id] = {k: kept[k] for k in kept if _is_plain({k: kept[k]}, names)}
    return {place: kept for place, kept in found.items() if kept}


def _may_tell(step: Step) -> bool:
    if step.spec is None or step.kind not in (NodeKind.OPERATOR, NodeKind.CLOCKED):
        return False
    return "store" in step.spec.handed.values() and not _is_secret(step.settings)


def _is_secret(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_is_secret, value.values()))
    if isinstance(value, list | tuple | set | frozenset):
        return any(map(_is_secret, value))
    return isinstance(value, Secret)


def _is_plain(value: Any, names: frozenset[str]) -> bool:
    """Tell whether something is made of numbers, flags, dates and the names of streams only."""
    if isinstance(value, Mapping):
        known = (isinstance(key, str) and (key in names or NAME.match(key)) for key in value)
        return all(known) and all(_is_plain(part, names) for part in value.values())
    if isinstance(value, list | tuple):
        return all(_is_plain(part, names) for part in value)
    if isinstance(value, str):
        return value in names or DATE.match(value) is not None
    return value is None or isinstance(value, int | float)
