"""The guardian as a run has it: started with the flows, told that they live, told goodbye."""

import asyncio
import faulthandler
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from flowctl.faults import FlowError
from flowctl.language.chain import devices
from flowctl.live.guardian import EVERY, TELL, Guardian
from flowctl.live.session import Session

log = logging.getLogger("flowctl")


class Guarding:
    """Nobody is guarded whose flows borrow nothing."""

    def __init__(self, release: Sequence[str], again: Sequence[str], *, wanted: bool) -> None:
        self._commands, self._wanted = (release, again), wanted
        self._guardian: Guardian | None = None

    def start(self, sessions: Sequence[Session]) -> None:
        """Start the guardian if anything is borrowed."""
        borrowed = (devices(session.engine.graph) for session in sessions)
        if self._wanted and not self._guardian and any(borrowed):
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

    def leave(self) -> None:
        """End without a goodbye: the guardian gives back what may still be borrowed."""
        if self._guardian:
            self._guardian.last()
            self._guardian.leave()


@contextmanager
def guarding(release: Sequence[str], again: Sequence[str], *, wanted: bool) -> Iterator[Guarding]:
    """Guard what runs inside; `release` gives everything back, `again` starts it anew.

    A fault of a flow comes after everything was given back. What else goes wrong may have come
    before that: then the guardian does it, and starts nothing, for somebody has to see the error.
    """
    made = Guarding(release, again, wanted=wanted)
    try:
        yield made
    except FlowError:
        made.end()
        raise
    except BaseException:
        made.leave()
        raise
    made.end()
