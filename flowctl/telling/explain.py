"""Why a battery was told what it was told, found in a recording."""

import math
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from flowctl.engine.witness import Explanation, Witness, told
from flowctl.faults import FlowError
from flowctl.language.chain import device_step
from flowctl.language.graph import Graph
from flowctl.recordings.moments import zone_of
from flowctl.recordings.recording import read
from flowctl.virtual.replay import Player

SLACK = 1.0  # s that one may ask beyond the end: times are typed in whole seconds


def explain(
    graph: Graph,
    recording: str | Path,
    device: str,
    at: float,
    columns: Mapping[str, str] | None = None,
) -> Explanation:
    """Explain the setpoint that a device has at a time (seconds since the epoch).

    Raises:
        FlowError: there is no such device, or nothing was decided or recorded by then.
    """
    device_step(graph, device)
    edges = {name for name in graph.streams if graph.edge(name)}
    player: Player | None = None
    witness: Witness | None = None
    epoch, first, last, beyond = 0.0, math.nan, math.nan, True
    for time, stream, raw in read(recording, columns):
        first, beyond = time if math.isnan(first) else first, time <= at
        if not beyond:
            break
        last = time
        if stream not in edges:
            continue
        if player is None:
            epoch, player = time, Player(graph, time)
            witness = Witness(player.engine, device)
        player.feed(time, stream, raw)
    if (beyond and at > last + SLACK) or at < first:
        raise _outside(Path(recording), first, last)
    if player is None or witness is None:
        raise FlowError(f"{recording}: holds no value for an edge of this flow by then")
    player.clock.advance_to(at - epoch)
    return told(witness, at, epoch)


def _outside(recording: Path, first: float, last: float) -> FlowError:
    """Say from when to when a recording knows anything; `last` is not known before it begins."""
    zone = zone_of(recording)
    begin = f"{datetime.fromtimestamp(first, zone):%Y-%m-%d %H:%M:%S}"
    if math.isnan(last):
        return FlowError(f"{recording}: begins at {begin}; what was before it is not known")
    end = f"{datetime.fromtimestamp(last, zone):%Y-%m-%d %H:%M:%S}"
    said = f"goes from {begin} to {end}; what came after it is not known"
    return FlowError(f"{recording}: {said}")
