"""A value that is asked for more often than it is renewed: what repeats it is no news.

A meter that sends a telegram each ten seconds may be read each second, a battery behind a cloud as
often. If each answer counted, the newest would seem to be of now: what batteries have done since
the value was new would be taken for load, or for their failure. So how seldom a value is renewed is
learned from how long it stood each time. One that stands because all is at rest does not do so
evenly, and moves as soon as something happens.
"""

from typing import NamedTuple

from flowctl import Seconds

FEW = 2  # repeats without which a value did not stand: asked about as often as it is renewed
ENOUGH = 3  # times in a row that it stood: by chance that is rare, and seldom so evenly
UNEVEN = 1.2  # times between two askings, by which it may differ
LATE = 0.1  # of it, by which the next one may be late ...
OVERDUE = 0.5  # ... and after which it was surely due, and is the same
SHORTEST = 5.0  # s: what is renewed as often serves as well (two batteries, evening: 1 to 9 %)
LONGEST = 60.0  # s: slower ones are not waited for


class Renewal(NamedTuple):
    """How long a value stood, the last few times."""

    repeats: int = 0
    """How often the newest one was told again."""
    since: Seconds = 0.0
    """When it was new."""
    stood: tuple[Seconds, ...] = ()
    """How long each of the last ones stood."""
    every: Seconds = 0.0
    """How seldom it is renewed; 0 while that is not known."""

    def again(self, since: Seconds) -> "Renewal":
        """Count one more repeat of a value that was new then, if this is the first."""
        since = self.since if self.repeats else since
        return Renewal(self.repeats + 1, since, self.stood, self.every)

    def is_next(self, before: Seconds, at: Seconds) -> bool:
        """Tell whether a repeat is the next value, which is the same, since another time."""
        return not self.every or self._turn(at) > self._turn(before)

    def _turn(self, at: Seconds) -> float:
        return max(0.0, (at - self.since - LATE * self.every) // self.every)

    def another(self, at: Seconds) -> "Renewal":
        """Note that there is another value now."""
        if self.repeats < FEW:
            return NEW
        stood = (*self.stood, at - self.since)[-ENOUGH:]
        asked_each = (at - self.since) / (self.repeats + 1)
        return Renewal(stood=stood, every=_every(stood, UNEVEN * asked_each))


NEW = Renewal()


def _every(stood: tuple[Seconds, ...], uneven: Seconds) -> Seconds:
    """Return the least of these times, if the others are about as long, or multiples of it."""
    least = min(stood)
    if len(stood) < ENOUGH or not SHORTEST <= least <= LONGEST:
        return 0.0
    many = [max(1, round(seconds / least)) for seconds in stood]
    off = [abs(seconds / k - least) for seconds, k in zip(stood, many, strict=True)]
    return least if max(off) <= uneven else 0.0
