"""Give every device of some flows back to itself: what the guardian does after a kill."""

import asyncio
import logging
from collections.abc import Sequence

from flowctl.engine import Engine
from flowctl.graph import Graph
from flowctl.live import LiveClock, LiveEnds
from flowctl.node import NodeKind
from flowctl.values import RELEASE

log = logging.getLogger("release")


async def release(graphs: Sequence[Graph]) -> None:
    """Tell each device RELEASE, once, and wait until it has done so or patience ends."""
    clock, ends = LiveClock(), LiveEnds()
    for graph in graphs:
        engine = Engine(graph, clock, ends)
        for step in graph.steps.values():
            if step.kind is NodeKind.DEVICE:
                end = ends.device(engine.edge(step), lambda _: None, lambda: None)
                end.put(RELEASE)
                end.close()
                log.warning("%s: giving %s back", graph.name, step.stream)
    await ends.finish()


def run_release(graphs: Sequence[Graph]) -> None:
    """Do it in an event loop of its own."""
    asyncio.run(release(graphs))
