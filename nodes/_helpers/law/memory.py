"""What the predictor keeps over restarts, and what it tells people."""

import math
from collections.abc import Mapping

from flowctl import Log, Outlook, Seconds, Store, Watts
from nodes._helpers.law.bank import DEADS, LAGS, TIMINGS
from nodes._helpers.law.belief import Belief, believe
from nodes._helpers.law.house import UNHEARD

SAVE_EVERY = 60.0  # s: timings sway while they are learned, and cards wear


class Memory:
    """Learned timings by battery name in a store, and notes as they change in a log."""

    def __init__(self, store: Store, log: Log) -> None:
        self._store, self._log = store, log
        self._saved_at = -math.inf
        self._notes: Mapping[str, str] = {}

    def belief(self, name: str, dead: Seconds, lag: Seconds, rating: Watts) -> Belief:
        """Begin with what was learned before, or with a first guess."""
        kept = self._store.get(name)
        if isinstance(kept, Mapping):
            dead = _within(kept.get("dead_time"), DEADS, dead)
            lag = _within(kept.get("lag"), LAGS, lag)
        return believe(dead, lag, rating)

    def keep(self, beliefs: Mapping[str, Belief], at: Seconds) -> None:
        """Save timings that have changed, now and then."""
        if at - self._saved_at < SAVE_EVERY:
            return
        self._saved_at = at
        for name, belief in beliefs.items():
            timing = {"dead_time": belief.dead, "lag": belief.lag}
            if (belief.dead, belief.lag) in TIMINGS and self._store.get(name) != timing:
                self._store[name] = timing

    def tell(self, outlook: Outlook) -> None:
        """Log what has become special of a battery, and when it is over."""
        notes = {name: says.note for name, says in outlook.batteries.items() if says.note}
        if notes == self._notes:
            return
        for name in outlook.batteries:
            note = notes.get(name, "")
            if note != self._notes.get(name, ""):
                over = "heard" if self._notes.get(name) == UNHEARD else "as told again"
                self._log.info("%s: %s", name, note or over)
        self._notes = notes


def _within(value: object, known: tuple[float, ...], other: Seconds) -> Seconds:
    """Trust a kept number only if it is one that can be learned."""
    return value if isinstance(value, float) and value in known else other
