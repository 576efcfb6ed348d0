"""The stream `why`: each setpoint that is written, and the chain that it follows from."""

from functools import partial
from typing import TYPE_CHECKING, Any

from flowctl.engine.explanation import Explanation
from flowctl.engine.sentences import command
from flowctl.engine.witness import Witness, told
from flowctl.faults import FlowError
from flowctl.language.chain import all_taps, devices
from flowctl.language.flow import INTO, WHY
from flowctl.language.graph import Graph
from flowctl.language.own import Why

if TYPE_CHECKING:
    from flowctl.engine.engine import Engine


class Whys:
    """Speaks only in a flow that reads `why`; in others it costs nothing."""

    def __init__(self, engine: "Engine") -> None:
        self._engine = engine
        self._witnesses: list[Witness] = []
        self._leave: list[Any] = []

    def begin(self) -> None:
        """Watch every device of the flow as it is now."""
        self._end()
        engine = self._engine
        if not is_asked(engine.graph):
            return
        for device in devices(engine.graph):
            try:
                witness = Witness(engine, device)
            except FlowError:
                continue
            self._witnesses.append(witness)
            into = engine.output(f"{device}/{INTO}")
            self._leave.append(into.listen(0, partial(self._say, witness)))

    def _say(self, witness: Witness, _written: object) -> None:
        """Say it as the next turn: the chain is never re-entered."""
        try:
            found = told(witness, witness.now, 0.0)
        except FlowError:
            return
        self._engine.clock.turn(self._engine.output(WHY).emit, why(found))

    def _end(self) -> None:
        for leave in (*self._leave, *(witness.close for witness in self._witnesses)):
            leave()
        self._leave, self._witnesses = [], []


def is_asked(graph: Graph) -> bool:
    """Tell whether any step reads the stream."""
    return any(tap.step == WHY for step in graph.steps.values() for tap in all_taps(step))


def why(found: Explanation) -> Why:
    """Put an explanation on a wire."""
    because = f": {found.reason}" if found.reason else ""
    said = f"{found.device} {command(found.setpoint)}, decided by {found.step}{because}"
    return Why(
        at=found.at,
        device=found.device,
        setpoint=found.setpoint,
        wanted=found.wanted,
        step=found.step,
        reason=found.reason,
        says="; ".join((said, *found.totals)),
        chain=tuple(f"{said.step} {said.words}" for said in found.chain),
    )
