"""Keep a task at an edge going: one line when it goes away, one when it is back."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from flowctl.faults import RAISED, plainly, told
from flowctl.live.chorus import tell

SHORTEST, LONGEST = 1.0, 60.0  # s between attempts, doubling
GRACE = 2.0  # s at the start in which an edge may come up without a word
EAGER = 0.2  # s between attempts in that time
PROOF = 10.0  # s after which an edge is well that only told what it knew by itself


class Tended:
    """Attempts again and again, with back-off, until the attempt ends by itself."""

    def __init__(
        self,
        name: str,
        log: logging.Logger,
        attempt: Callable[[Callable[[], None]], Awaitable[None]],
        report: Callable[[BaseException], None],
        *,
        grace: float = GRACE,
        away: Callable[[], None] = lambda: None,
    ) -> None:
        self._name, self._log = name, log
        self._attempt, self._report, self._tell_away = attempt, report, away
        self._pause, self._away = EAGER, False
        self._grace = asyncio.get_running_loop().time() + grace
        self._hurry = asyncio.Event()
        self._turned = False
        self._proof: asyncio.TimerHandle | None = None
        self.task = asyncio.get_running_loop().create_task(self._run(), name=name)

    def hurry(self) -> None:
        """Wait no longer than the shortest pause from here on: the flow is stopping."""
        self._hurry.set()

    async def _run(self) -> None:
        while True:
            self._turned = False
            asyncio.get_running_loop().call_soon(self._turn)
            try:
                await self._attempt(self._well)
                self._settle()
                return
            except asyncio.CancelledError as error:
                if _is_ended():
                    self._doubt()
                    raise
                self._failed(error)  # what it waited for was cancelled, not this task
            except RAISED as error:  # the edge is fenced like any step
                if _is_ended():
                    self._doubt()
                    return
                self._failed(error)
            await self._rest()

    def _turn(self) -> None:
        self._turned = True

    def _well(self) -> None:
        """Hear that it works; what it says before it could ask anybody is no sign of that."""
        self._grace = 0.0
        if self._turned:
            self._proved()
        elif not self._proof:
            self._proof = asyncio.get_running_loop().call_later(PROOF, self._proved)

    def _settle(self) -> None:
        """It ended by itself, so all is well that it said."""
        if self._proof:
            self._proved()

    def _proved(self) -> None:
        self._doubt()
        self._pause = SHORTEST
        if self._away:
            self._away = False
            tell(self._log, self._name, "back")

    def _doubt(self) -> None:
        if self._proof:
            self._proof.cancel()
        self._proof = None

    def _failed(self, error: BaseException) -> None:
        self._doubt()
        if isinstance(error, OSError) and asyncio.get_running_loop().time() < self._grace:
            self._log.debug("%s is not there yet: %s", self._name, error)
            return
        self._pause = max(self._pause, SHORTEST)
        if not (self._away and isinstance(error, OSError)):  # once a loss, not once an attempt
            self._report(error)
        if self._away:
            return
        self._away = True
        self._tell_away()
        if isinstance(error, OSError):  # TimeoutError and ConnectionError are among them
            tell(self._log, self._name, "away", plainly(error))
        else:
            self._log.warning("%s is away: %s", self._name, told(error), exc_info=True)

    async def _rest(self) -> None:
        if self._hurry.is_set():
            await asyncio.sleep(SHORTEST)
            return
        pause = self._pause
        if pause >= SHORTEST:
            self._pause = min(LONGEST, pause * 2)
        try:
            async with asyncio.timeout(pause):
                await self._hurry.wait()
        except TimeoutError:
            return


def _is_ended() -> bool:
    """Tell whether somebody wants this very task to end."""
    current = asyncio.current_task()
    return current is not None and current.cancelling() > 0
