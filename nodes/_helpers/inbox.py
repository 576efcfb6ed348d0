"""A bounded queue between a socket and a step: in order, until it is full; then newest by key."""

import asyncio
from collections import deque
from typing import Generic, Self, TypeVar

T = TypeVar("T")
BOUND = 1000  # values; a step that is that far behind wants the newest


class Inbox(Generic[T]):
    """Iterate it to get what was put in. It gives way after each value, so that sinks keep step."""

    def __init__(self, bound: int = BOUND) -> None:
        self._held: deque[tuple[str, T]] = deque()
        self._bound = bound
        self._filled = asyncio.Event()
        self._error: Exception | None = None
        self.conflated = 0
        """How many values gave way to newer ones."""

    def put(self, key: str, value: T) -> None:
        """Lay a value in; of those with its key it is the newest."""
        if len(self._held) >= self._bound:
            self._thin()
        self._held.append((key, value))
        self._filled.set()

    def fail(self, error: Exception) -> None:
        """Raise an error at the reader."""
        self._error = error
        self._filled.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        if self._held:
            await asyncio.sleep(0)
        else:
            self._filled.clear()
            await self._filled.wait()
        if self._error:
            raise self._error
        return self._held.popleft()[1]

    def _thin(self) -> None:
        """Keep the newest value of each key, and of too many keys the newest half."""
        newest: dict[str, T] = {}
        for key, value in self._held:
            newest.pop(key, None)
            newest[key] = value
        kept = list(newest.items())[-(self._bound // 2) :]
        self.conflated += len(self._held) - len(kept)
        self._held = deque(kept)
