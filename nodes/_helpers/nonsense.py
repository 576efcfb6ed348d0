"""Payloads that make no sense: counted, told in few lines, and passed over."""

import asyncio
import math
from collections.abc import Callable

from flowctl import Log, Seconds

EXCERPT = 80  # characters of an odd payload that are shown
LASTING = 3.0  # s with nothing usable: devices will soon be given back, and this is why
CALM = 600.0  # s without an odd one, after which one more is news
SHORTEST, LONGEST = 10.0, 3600.0  # s until a peer that does so again and again is told of anew


def _now() -> Seconds:
    return asyncio.get_running_loop().time()


class Nonsense:
    """Counts what a peer said in vain; one log line when it begins, one when sense is back.

    Of one that does so again and again it is told when nothing else came for a while, with pauses
    that double, and once an hour come what may. What lasts is a loss: a trouble.
    """

    def __init__(self, log: Log, peer: str, time: Callable[[], Seconds] = _now) -> None:
        self._log, self._peer, self._time = log, peer, time
        self._told = self._lost = False
        self._began: Seconds | None = None  # the odd ones in a row
        self._odd_at = self._told_at = -math.inf
        self._pause = SHORTEST / 2
        self.count = 0

    def heard(self, why: object) -> None:
        """Count one more."""
        self.count += 1
        self._log.odd += 1
        now = self._time()
        if now - self._odd_at >= CALM:
            self._told_at, self._pause = -math.inf, SHORTEST / 2
        self._odd_at = now
        self._began = now if self._began is None else self._began
        lasting = now - self._began >= LASTING
        if not self._told and now - self._told_at >= (self._pause if lasting else LONGEST):
            self._tell(now, f"{self._peer} talks nonsense: {str(why)[: 2 * EXCERPT]}")
        if self._told and lasting and not self._lost:
            self._lost = True
            self._log.trouble(ValueError(f"{self._peer} talks nonsense: {why}"))

    def over(self) -> None:
        """Hear that something made sense again."""
        self._began = None
        if self._told:
            self._told = self._lost = False
            self._log.warning("%s makes sense again, after %d odd ones", self._peer, self.count)

    def _tell(self, now: Seconds, said: str) -> None:
        self._told, self._told_at = True, now
        self._pause = min(LONGEST, 2 * self._pause)
        self._log.warning("%s", said)


def excerpt(payload: str) -> str:
    """Show the beginning of a payload in one line."""
    said = " ".join(payload.split())
    return repr(said if len(said) <= EXCERPT else said[:EXCERPT] + "...")
