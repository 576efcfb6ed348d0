"""One flow and one plant in a closed loop: the engine with all its steps, in virtual time."""

import logging
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import chain
from typing import Any

from flowctl.backtest.ends import TwinEnds
from flowctl.backtest.jobs import Progress
from flowctl.backtest.makes import SUN
from flowctl.backtest.truth import Truth
from flowctl.backtest.twins import Twins
from flowctl.engine.engine import Engine
from flowctl.language.graph import Graph
from flowctl.store import Store
from flowctl.values import Battery, Trouble
from flowctl.virtual.clock import VirtualClock

LOOK = 1.0  # s between two looks at the truth, at most
TELL = 60.0  # s between two words about progress
Row = tuple[float, str, Any]
"""A second, a stream, and what its source says then."""


class ClosedLoop:
    """A flow that runs against a plant."""

    def __init__(
        self,
        graph: Graph,
        twins: Twins,
        start: datetime,
        *,
        stores: Callable[[str], Store] | None = None,
        fed: Sequence[Row] = (),
    ) -> None:
        self.graph, self.twins, self.truth = graph, twins, Truth(twins)
        self.clock = VirtualClock(start)
        self.ends = TwinEnds(twins, self.clock)
        kept: dict[str, Store] = {}
        self.engine = Engine(
            graph, self.clock, self.ends, stores or (lambda step: kept.setdefault(step, Store()))
        )
        self.troubles: list[Trouble] = []
        self._fed: Iterator[Row] = chain(fed, [(math.inf, "", None)])
        self._next = next(self._fed)
        self._sun = 0.0
        self._meter = twins.names[0]
        edge = graph.edge(self._meter)
        self._hears_messages = bool(edge and edge.wire and edge.wire.type is Any)

    def run(self, seconds: float, progress: Progress = lambda _: None) -> None:
        """Let so many seconds pass, then stop the flow: its batteries are released."""
        self.engine.errors.listen(-1, self.troubles.append)
        self.engine.start()
        self.clock.advance(0)
        for name in self.ends.nobody:
            self._say(name, Battery(online=False))
        now, told = 0.0, TELL
        while now < seconds:
            now = min(self._due(), now + LOOK, seconds)
            self._reach(now)
            if now >= told:
                told = now + TELL
                progress(now)
        self.clock.turn(self.engine.stop)

    def _due(self) -> float:
        timer = self.clock.next_due()
        due = min(self.twins.next_due(), self._next[0])
        return due if timer is None else min(due, timer)

    def _reach(self, now: float) -> None:
        """Let time pass until something is due, then pass on all that is said in that instant."""
        said = self.twins.advance(now)
        self.clock.advance_to(now)
        self.truth.reach(now)
        while self._next[0] <= now:
            self._say(*self._next[1:])
            self._next = next(self._fed)
        for _, name, value in said:
            self._say(name, value)
        while self.ends.sent:
            self.ends.sent = False
            for _, name, value in self.twins.advance(now):  # what was accepted at once
                self._say(name, value)

    def _say(self, name: str, value: Any) -> None:
        if name == self._meter:
            self._say_sun()
            value = self.twins.message(value) if self._hears_messages else value
        push = self.ends.pushes.get(name)
        if push:
            push(value)
            self.clock.advance(0)

    def _say_sun(self) -> None:
        """Let the roof's own meter speak with the meter, before it: what it made since."""
        push = self.ends.pushes.get(SUN)
        if push:
            since = self.twins.taken - self.twins.average
            push(self._mean_sun(max(0.0, since), self.twins.taken))

    def _mean_sun(self, since: float, until: float) -> float:
        made = self.twins.sun_energy(until) - self.twins.sun_energy(since)
        return made / (until - since) if until > since else 0.0


@contextmanager
def quiet(graph: Graph) -> Iterator[None]:
    """Keep what a flow logs off the terminal: its troubles are told with the figures."""
    log = logging.getLogger(graph.name or "flow")
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(before)


def failures(troubles: Sequence[Trouble]) -> Mapping[str, str]:
    """The first trouble of each step that had some."""
    return {trouble.step: trouble.error for trouble in reversed(troubles)}
