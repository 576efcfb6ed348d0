"""The meter's word on a battery whose own word stands still: whether it obeys, or stands as well.

Two loads are kept, as the observer keeps one: what the house draws if the battery obeys, and what
it draws if it stands. Loads seldom move at the very moment that an answer is due, so the one that
moves less is nearer to the truth.
"""

import math
from typing import NamedTuple

from flowctl import Seconds, Watts
from nodes._helpers.law.knowing.flight import Flight, owed, owed_between

SURE = 200.0  # W that the other load must have moved more ...
PART = 0.4  # ... and of that this one may have moved: other loads, noise, batteries that err
MOST = 250.0  # W of a move between two readings that count: one that fits by chance is not all
MEMORY = 600.0  # W of moves that are remembered, so that a change of mind takes as much


class Reading(NamedTuple):
    """What the meter leaves beside all other batteries: the load, less what this one gives."""

    at: Seconds
    least: Watts
    most: Watts


class Timing(NamedTuple):
    """How late it answers, and by how much its dead time may be wrong."""

    dead: Seconds
    lag: Seconds
    delta: Seconds


class Still(NamedTuple):
    """What one that tells the same again was told meanwhile, and what the meter made of it."""

    power: Watts
    """What it tells ..."""
    since: Seconds
    """... since when."""
    moved: Watts = 0.0
    """How far it has moved from there if it obeys, once all has landed."""
    sent: tuple[Flight, ...] = ()
    read_at: Seconds = -math.inf
    stands: Watts = 0.0
    """The load if it stands, by the newest reading ..."""
    obeys: Watts = 0.0
    """... and if it obeys."""
    standing: Watts = 0.0
    """How far the load has moved of late if it stands ..."""
    obeying: Watts = 0.0
    """... and if it obeys."""
    disbelieved: bool = False

    @property
    def is_wrong(self) -> bool:
        """Tell whether the meter shows that it obeys."""
        is_better = self.standing - self.obeying >= SURE
        return is_better and self.obeying <= PART * self.standing

    @property
    def is_right(self) -> bool:
        """Tell whether the meter shows that it does not."""
        return self.obeying > self.standing

    def told(self, at: Seconds, change: Watts) -> "Still":
        """Note another setpoint."""
        return self._replace(moved=self.moved + change, sent=(*self.sent, (at, change)))

    def off(self, dead: Seconds, lag: Seconds, at: Seconds) -> Watts:
        """Say how far it has moved by then, if it obeys."""
        return self.moved - owed(self.sent, dead, lag, at)


def weighed(still: Still, timing: Timing, before: Reading, now: Reading) -> Still:
    """Move both loads as little as a reading allows, and note how far they went."""
    stands, obeys = still.stands, still.obeys
    if still.read_at != before.at:
        stands = (before.least + before.most) / 2
        obeys = stands + still.off(timing.dead, timing.lag, before.at)
    stood = max(now.least, min(now.most, stands))
    low, high = _spanned(still, timing, now.at)
    obeyed = max(now.least + low, min(now.most + high, obeys))
    standing, obeying = abs(stood - stands), abs(obeyed - obeys)
    counts = min(1.0, MOST / (max(standing, obeying) or 1.0))
    standing = still.standing + counts * standing
    obeying = still.obeying + counts * obeying
    stays = min(1.0, MEMORY / ((standing + obeying) or 1.0))
    return still._replace(
        read_at=now.at,
        stands=stood,
        obeys=obeyed,
        standing=stays * standing,
        obeying=stays * obeying,
    )


def _spanned(still: Still, timing: Timing, at: Seconds) -> tuple[Watts, Watts]:
    """Say how far it has moved at least and at most, if it obeys."""
    least, most = owed_between(still.sent, timing.dead, timing.delta, timing.lag, at)
    return still.moved - most, still.moved - least
