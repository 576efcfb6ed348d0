"""Give every device of some flows back to itself: what the guardian does after a kill."""

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path

from flowctl.engine.engine import Engine
from flowctl.language.graph import Graph, Step
from flowctl.live.clock import LiveClock
from flowctl.live.edges import LiveEnds
from flowctl.live.storage import Storage
from flowctl.signature.node import NodeKind
from flowctl.values import RELEASE

log = logging.getLogger("release")


async def release(graphs: Sequence[Graph], storage: Storage, *, all_: bool = True) -> Sequence[str]:
    """Tell each device RELEASE, once, and wait until it has done so or patience ends.

    The storage knows what a battery went by before it was borrowed. One that is left to somebody
    else is given back only where `all_` is meant: it is not ours. The answer names the devices that
    may still be forced.
    """
    clock, ends = LiveClock(), LiveEnds()
    for graph in graphs:
        engine = Engine(graph, clock, ends, storage.store)
        for step in graph.steps.values():
            if step.kind is NodeKind.DEVICE and _is_ours(engine, step, all_=all_):
                end = ends.device(engine.edge(step), lambda _: None, lambda: None)
                end.put(RELEASE)
                end.close()
                log.warning("%s: giving %s back", graph.name, step.stream)
    await ends.finish()
    return ends.forced


def _is_ours(engine: Engine, step: Step, *, all_: bool) -> bool:
    stay = engine.stay(step)
    if all_:
        stay.end()
    stay.tell(engine.log_of(step))
    return not stay.rest


def run_release(graphs: Sequence[Graph], state: Path, *, all_: bool = True) -> Sequence[str]:
    """Do it in an event loop of its own."""
    with Storage(state) as storage:
        return asyncio.run(release(graphs, storage, all_=all_))
