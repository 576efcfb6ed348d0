"""What a sink reads its values from when each of them counts: a queue with a bound."""

from collections.abc import Callable
from typing import TypeVar

from flowctl.latest import Latest

T = TypeVar("T")
BOUND = 1000  # events that may wait


class Events(Latest[T]):
    """Iterate it to get each value in order; of too many that wait the oldest are dropped.

    It takes the place of `Latest` where a pressed button or a printed line must not give way to the
    next. `overflowing` is called when the first one is dropped.
    """

    def __init__(
        self, bound: int = BOUND, overflowing: Callable[[], object] = lambda: None
    ) -> None:
        super().__init__()
        self._bound, self._overflowing = bound, overflowing

    def put(self, value: T) -> None:
        """Queue a value (the engine does)."""
        if len(self._held) >= self._bound:
            self._held.popleft()
            self.conflated += 1
            if self.conflated == 1:
                self._overflowing()
        self._held.append(value)
        self._full.set()

    def retry(self) -> None:
        """Lay back the value whose taker failed: it is the next one again (the engine does)."""
        if self._in_hand:
            self._held.appendleft(self._in_hand.pop())
            self._full.set()

    def skip(self) -> None:
        """Do without the value whose taker failed: it would fail on it again (the engine does)."""
        self._in_hand.clear()
