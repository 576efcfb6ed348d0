"""A value that is asked for more often than it is renewed: what repeats it is no news.

A meter that sends a telegram each ten seconds may be read each second, a battery behind a cloud as
often. If each answer counted, the newest would seem to be of now: what batteries have done since
the value was new would be taken for load, or for their failure. So how seldom a value is renewed is
learned from how long it stood each time. One that stands because all is at rest does not do so
evenly, and moves as soon as something happens.
"""

import math
from typing import NamedTuple

from flowctl import Seconds

FEW = 2  # repeats without which a value did not stand: asked about as often as it is renewed
ENOUGH = 3  # times in a row that it stood: by chance that is rare, and seldom so evenly
UNEVEN, UNEVEN_SECONDS = 1.2, 0.5  # times between two askings, and s, by which it may differ
LATE = 0.25  # of it, by which the next one may be late ...
OVERDUE = 0.5  # ... and after which it was surely due, and is the same
SOON, TWICE = 0.6, 2  # of it: what is another one sooner, and that twice, is renewed oftener
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
    soon: int = 0
    """How many in a row stood for less."""

    def again(self, since: Seconds) -> "Renewal":
        """Count one more repeat of a value that was new then, if this is the first."""
        since = self.since if self.repeats else since
        return self._replace(repeats=self.repeats + 1, since=since)

    def is_next(self, before: Seconds, at: Seconds) -> bool:
        """Tell whether a repeat is the next value, which is the same, since another time."""
        return not self.every or self._turn(at) > self._turn(before)

    def _turn(self, at: Seconds) -> float:
        return max(0.0, (at - self.since - LATE * self.every) // self.every)

    def another(self, at: Seconds) -> "Renewal":
        """Note that there is another value now.

        What is known outlasts one that came early or late: telegrams are on their way for longer
        or shorter, and polls do not meet them evenly.
        """
        stood = at - self.since
        if self.repeats < FEW or not SOON * self.every < stood < math.inf:
            is_known = self.every and self.soon + 1 < TWICE
            return Renewal(every=self.every, soon=self.soon + 1) if is_known else NEW
        last, asked_each = (*self.stood, stood)[-ENOUGH:], stood / (self.repeats + 1)
        uneven = UNEVEN * asked_each + UNEVEN_SECONDS
        is_known = self.every and _off(stood, self.every) <= uneven
        every = self.every if is_known else _every(last, uneven) or self.every
        return Renewal(stood=last, every=every)


NEW = Renewal()


def _every(stood: tuple[Seconds, ...], uneven: Seconds) -> Seconds:
    """Return the mean of these times, if they are about as long, or multiples of that."""
    if len(stood) < ENOUGH:
        return 0.0
    mean = sum(stood) / sum([_times(seconds, min(stood)) for seconds in stood])
    is_even = max([_off(seconds, mean) for seconds in stood]) <= uneven
    return mean if is_even and SHORTEST <= mean <= LONGEST else 0.0


def _off(seconds: Seconds, every: Seconds) -> Seconds:
    """Say how far a time is from a multiple of another one."""
    return abs(seconds - every * _times(seconds, every))


def _times(seconds: Seconds, every: Seconds) -> int:
    return max(1, round(seconds / every))
