"""Why a battery was told what it was told, found in a recording."""

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from flowctl.engine.explanation import Explanation, Then
from flowctl.engine.witness import Witness, told
from flowctl.faults import FlowError
from flowctl.language.chain import device_step
from flowctl.language.graph import Graph
from flowctl.recordings.columns import Row, look_up
from flowctl.recordings.foreign import foreign
from flowctl.recordings.moments import zone_of
from flowctl.recordings.opening import UNKNOWN, Opening, opening
from flowctl.recordings.recording import RESTART, header, read
from flowctl.telling.progress import Tell
from flowctl.telling.then import SOON, Accepted, then
from flowctl.virtual.replay import Player

BEAT = 60.0  # s of the recording between two words of how far it is
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
    return explain_all(graph, recording, [device], at, columns)[0][0]


def explain_all(
    graph: Graph,
    recording: str | Path,
    devices: Sequence[str],
    at: float,
    columns: Mapping[str, str] | None = None,
    tell: Tell = lambda _: None,
) -> tuple[list[Explanation], list[str]]:
    """Explain the setpoints of several devices; also say of which there is none.

    Raises:
        FlowError: there is no such device, or nothing was decided or recorded by then.
    """
    for device in devices:
        device_step(graph, device)
    player = _played(graph, Path(recording), devices, at, columns, tell)
    player.clock.advance_to(at - player.epoch)
    found: list[Explanation] = []
    silent: list[FlowError] = []
    for witness in player.witnesses:
        try:
            found.append(told(witness, at, player.epoch, player.then(witness)))
        except FlowError as error:
            silent.append(error)
    if not found:
        raise FlowError([fault for error in silent for fault in error.faults])
    return found, [str(error) for error in silent]


class _Watched(Player):
    """A flow that is played, and watched at some devices; of its runs the newest counts."""

    def __init__(
        self, graph: Graph, epoch: float, devices: Sequence[str], run: Opening = UNKNOWN
    ) -> None:
        self.epoch, self._devices = epoch, devices
        super().__init__(graph, epoch, run)

    def hear(self, row: Row, at: float) -> None:
        """Take in what was recorded, up to a time; and what a device said of itself later."""
        time, stream, raw = row
        if stream in self._accepted:
            self._accepted[stream].hear(time - self.epoch, raw, later=time > at)
        if time <= at:
            self.feed(time, stream, raw)

    def then(self, witness: Witness) -> Then:
        """Return what a device was given in the run that is played."""
        shell = self.engine.shells[device_step(self.engine.graph, witness.device).id]
        return then(witness, shell, self.run, self._accepted[witness.device])

    def begin(self, run: Opening) -> None:
        """Start the flow, and watch it."""
        super().begin(run)
        self._accepted = {device: Accepted() for device in self._devices}
        self.witnesses = [Witness(self.engine, device) for device in self._devices]


def _played(
    graph: Graph,
    recording: Path,
    devices: Sequence[str],
    at: float,
    columns: Mapping[str, str] | None,
    tell: Tell,
) -> _Watched:
    """Play a recording to a flow up to a time."""
    edges = {name for name in graph.streams if graph.edge(name)}
    look_up(columns, edges)
    run = opening(header(recording))
    player: _Watched | None = None
    for row in _rows(recording, at, columns, tell):
        if player is None and row[1] in edges and row[0] <= at:
            player = _Watched(graph, run.start(row[0]), devices, run)
        if player:
            player.hear(row, at)
    if player is None:
        raise foreign(recording, edges, columns)
    return player


def _rows(
    recording: Path, at: float, columns: Mapping[str, str] | None, tell: Tell
) -> Iterator[Row]:
    """Yield what was recorded up to a time, and of the same run soon after."""
    first = last = tells = math.nan
    for row in read(recording, columns, restarts=True):
        time, stream, _ = row
        first = time if math.isnan(first) else first
        if time > at + (0.0 if stream == RESTART else SOON):
            break
        if not time < tells + BEAT:
            tells = time
            tell((time - first) / max(at - first, BEAT))
        last = time
        yield row
    else:
        if not at <= last + SLACK:
            raise _outside(recording, first, last)
    if at < first:
        raise _outside(recording, first, math.nan)


def _outside(recording: Path, first: float, last: float) -> FlowError:
    """Say from when to when a recording knows anything; before it begins, `last` is not known."""
    if math.isnan(first):
        return FlowError(f"{recording}: holds no value")
    zone = zone_of(recording)
    begin = f"{datetime.fromtimestamp(first, zone):%Y-%m-%d %H:%M:%S}"
    if math.isnan(last):
        return FlowError(f"{recording}: begins at {begin}; what was before it is not known")
    end = f"{datetime.fromtimestamp(last, zone):%Y-%m-%d %H:%M:%S}"
    said = f"goes from {begin} to {end}; what came after it is not known"
    return FlowError(f"{recording}: {said}")
