"""A box of one: what a sink or a device reads its values from. Newest wins, nothing queues."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Latest(Generic[T]):
    """Iterate it to get each newest value; a value not taken in time is replaced by the next.

    Ends when the stream behind it completes.
    """

    def __init__(self) -> None:
        self._full = asyncio.Event()
        self._held: deque[T] = deque()
        self._closed = False
        self._in_hand: list[T] = []
        self.delivered: Callable[[], None] = lambda: None
        """Called when the taker of a value comes back for the next."""
        self.conflated = 0
        """How many values gave way to newer ones before anybody took them."""

    def put(self, value: T) -> None:
        """Lay a value into the box (the engine does)."""
        self.conflated += len(self._held)
        self._held.clear()
        self._held.append(value)
        self._full.set()

    def retry(self) -> None:
        """Lay back the value whose taker failed, unless a newer one came (the engine does)."""
        if self._in_hand and not self._held:
            self.put(self._in_hand.pop())
        self._in_hand.clear()

    @property
    def spent(self) -> bool:
        """Whether it is closed, and empty."""
        return self._closed and not self._held

    @property
    def waiting(self) -> bool:
        """Whether a newer value lies in it than the one in hand."""
        return bool(self._held)

    def close(self) -> None:
        """End the iteration once the box is empty."""
        self._closed = True
        self._full.set()

    def __aiter__(self) -> AsyncIterator[T]:
        return self._values()

    async def _values(self) -> AsyncIterator[T]:
        while True:
            await self._full.wait()
            if not self._held:
                return
            yield self._take()
            self._took()

    async def or_every(self, seconds: float) -> AsyncIterator[T | None]:
        """Yield each new value at once, and `None` whenever `seconds` passed without one.

        It is the heart of a device node: a value is to be written, `None` says poll now. The beat
        keeps its own time: values in between do not delay it.
        """
        loop = asyncio.get_running_loop()
        due = loop.time() + seconds
        while not self._closed or self._held:
            if await self._until(due):
                yield self._take()
                self._took()
            if loop.time() >= due and not self._closed:
                due = max(due + seconds, loop.time())
                yield None

    def _take(self) -> T:
        value = self._held.popleft()
        self._in_hand[:] = [value]
        if not (self._held or self._closed):
            self._full.clear()
        return value

    def _took(self) -> None:
        self._in_hand.clear()
        self.delivered()

    async def _until(self, due: float) -> bool:
        try:
            async with asyncio.timeout_at(due):
                await self._full.wait()
        except TimeoutError:
            return False
        return bool(self._held)
