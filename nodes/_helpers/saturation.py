"""How surely a battery does nothing though it is told to."""

from typing import NamedTuple

from flowctl import Seconds, Watts

LEAST = 20.0  # W: a command from this on counts, and less than it delivered is nothing
RATE = 0.15  # of the way to one, per second, while it does nothing
DECAY = 0.995  # of the score, per second, while it works
GRACE = 90.0  # s after it was first heard in which nothing counts: it may be waking up
STALL = 60.0  # s of doing nothing after which it is certain


class Saturation(NamedTuple):
    """A score from 0 (works) to 1 (does nothing)."""

    score: float
    since: Seconds
    """When it was first heard."""
    stuck: Seconds | None
    """Since when it has done nothing."""
    at: Seconds


def saturated(before: Saturation | None, command: Watts, power: Watts, at: Seconds) -> Saturation:
    """Bring the score up to date."""
    if before is None:
        return Saturation(0.0, at, None, at)
    seconds = at - before.at
    works = abs(command) < LEAST or abs(power) >= LEAST
    if works or at - before.since < GRACE:
        return Saturation(before.score * DECAY**seconds, before.since, None, at)
    stuck = at if before.stuck is None else before.stuck
    score = before.score + (1 - before.score) * min(1.0, RATE * seconds)
    return Saturation(1.0 if at - stuck >= STALL else score, before.since, stuck, at)
