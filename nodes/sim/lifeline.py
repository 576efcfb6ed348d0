"""How long a simulated house goes on: as long as an engine holds its line, and a while longer."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import inf
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from aiohttp import web

BYE = "bye"
SHORTEST, LONGEST = 1.0, 15.0  # s after a goodbye: for devices that give their batteries back


class Lifelines:
    """The engines that live in this house. One that is killed says no goodbye: its line breaks."""

    def __init__(self, mark: str, outlives: float, clock: Callable[[], float]) -> None:
        """Wait `outlives` seconds for an engine that was lost; for ever if that is infinite."""
        self.mark = mark
        self._outlives, self._clock = outlives, clock
        self._guests, self._left, self._bye = 0, clock(), False

    def begin(self) -> None:
        """Wait for an engine from now on: before, the doors were still closed."""
        self._left = self._clock()

    async def hold(self, request: "web.Request") -> "web.WebSocketResponse":
        """Serve one engine's line until it breaks or says goodbye."""
        from aiohttp import web

        line = web.WebSocketResponse(heartbeat=10.0)
        await line.prepare(request)
        await line.send_str(self.mark)
        with self.guest():
            async for message in line:
                if message.data == BYE:
                    self.goodbye()
        return line

    @contextmanager
    def guest(self) -> Iterator[Self]:
        """Be an engine that lives here."""
        self._guests, self._bye = self._guests + 1, False
        try:
            yield self
        finally:
            self._guests -= 1
            self._left = self._clock()

    def goodbye(self) -> None:
        """Hear that an engine leaves in peace and will not come back."""
        self._bye = True

    def over(self, held: bool) -> bool:
        """Tell whether the house may end; `held` while a battery is still commanded."""
        if self._guests:
            return False
        gone = self._clock() - self._left
        if self._bye and self._outlives < inf:
            return gone > (LONGEST if held else SHORTEST)
        return gone > self._outlives
