"""The guardian as a run has it: started with the flows, told that they live, told goodbye."""

import asyncio
import faulthandler
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from flowctl.live.guardian import EVERY, TELL, Guardian
from flowctl.live.session import Session
from flowctl.signature.node import NodeKind

log = logging.getLogger("flowctl")


class Guarding:
    """Nobody is guarded whose flows borrow nothing."""

    def __init__(self, release: Sequence[str], again: Sequence[str], *, wanted: bool) -> None:
        self._commands, self._wanted = (release, again), wanted
        self._guardian: Guardian | None = None

    def start(self, sessions: Sequence[Session]) -> None:
        """Start the guardian if anything is borrowed."""
        if self._wanted and not self._guardian and any(map(_has_devices, sessions)):
            faulthandler.register(TELL, all_threads=False)
            self._guardian = Guardian(*self._commands)

    async def beating(self, sessions: Sequence[Session]) -> None:
        """Tell it again and again that the engine lives; one that is gone is replaced."""
        while True:
            self.start(sessions)  # a reload may have brought the first device
            if self._guardian and not self._guardian.beat():
                log.warning("the guardian is gone: another one is started")
                self.end()
                continue
            await asyncio.sleep(EVERY)

    def last(self) -> None:
        """Say that the flows were asked to stop: nobody is to start them again."""
        if self._guardian:
            self._guardian.last()

    def end(self) -> None:
        """Say goodbye: every device has been released."""
        if self._guardian:
            self._guardian.bye()
            self._guardian = None


@contextmanager
def guarding(release: Sequence[str], again: Sequence[str], *, wanted: bool) -> Iterator[Guarding]:
    """Guard what runs inside; `release` gives everything back, `again` starts it anew."""
    made = Guarding(release, again, wanted=wanted)
    try:
        yield made
    finally:
        made.end()


def _has_devices(session: Session) -> bool:
    steps = session.engine.graph.steps.values()
    return any(step.kind is NodeKind.DEVICE for step in steps)
