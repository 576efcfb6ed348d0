"""That a battery was borrowed: remembered over restarts, and paid back."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from flowctl import Store
from nodes._helpers.refused import RefusedError

OWED = "owed"


class Debt:
    """Whether the battery must still be given back, by this run or the one before."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @property
    def owed(self) -> bool:
        """Whether there is any."""
        return bool(self._store.get(OWED, False))

    @owed.setter
    def owed(self, owed: bool) -> None:
        """Note it; what is known already is not written again."""
        if owed != self.owed:
            self._store[OWED] = owed

    @asynccontextmanager
    async def paid_by(self, release: Callable[[], Awaitable[object]]) -> AsyncIterator[None]:
        """Give the battery back when the block ends, if it is still owed and not away.

        One that is away cannot be given back: the store remembers it, and the run that finds it
        again gives it back when no setpoint comes within the lease.
        """
        try:
            yield
        except RefusedError:  # it is there, and does not do what it is told
            with suppress(OSError):
                await self._pay(release)
            raise
        except OSError:
            raise
        except BaseException:
            await self._pay(release)
            raise
        await self._pay(release)

    async def _pay(self, release: Callable[[], Awaitable[object]]) -> None:
        if self.owed:
            await release()
