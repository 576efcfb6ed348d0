"""The time for which a battery is left to somebody else: kept over restarts and rebuilds."""

import logging
import math

from flowctl.clock import Clock
from flowctl.engine.lease import SOON
from flowctl.store import Store
from flowctl.terms import Terms
from flowctl.units import show

STAY = "stay"  # whose it is: behind the name of the device's step
SINCE = "left since"  # by the time of day, s: the only one that outlives a run


class Stay:
    """Since when a battery is left alone, and how long yet.

    What an earlier run kept counts as long as the terms yield, and never for longer than they say:
    the clock may have been set meanwhile.
    """

    def __init__(self, terms: Terms, clock: Clock, store: Store) -> None:
        self._clock, self._store, self._length = clock, store, terms.stay_away
        self._until = -math.inf
        since = store.get(SINCE)
        if not isinstance(since, float) or not math.isfinite(since):
            return
        past = clock.wall().timestamp() - since
        if terms.on_override != "yield" or past >= self._length:
            self.end()
            return
        self._until = clock.time() + min(self._length - past, self._length)

    @property
    def rest(self) -> float:
        """Seconds to go; 0 of a battery that is left to nobody."""
        rest = self._until - self._clock.time()
        return rest if rest > SOON else 0.0

    def tell(self, log: logging.Logger) -> None:
        """Say what an earlier run, or an earlier step, has left to this one."""
        if self.rest:
            rest = show(round(self.rest), "s")
            log.info("it was set by somebody else: left alone for another %s", rest)

    def begin(self) -> None:
        """Leave it alone from now on."""
        self._until = self._clock.time() + self._length
        self._store[SINCE] = self._clock.wall().timestamp()

    def last(self, length: float) -> None:
        """Let it last for so long since it began."""
        self._until += length - self._length
        self._length = length

    def end(self) -> bool:
        """Forget it; tells whether there was anything to forget."""
        was = self._until > -math.inf
        self._until = -math.inf
        if SINCE in self._store:
            del self._store[SINCE]
        return was
