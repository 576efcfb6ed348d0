"""Whether a battery's setpoints get through: a clamp further down, or a device that refuses.

The plan learns of it only by what the battery says it accepted. What is asked and never accepted
would be missing for ever, so after a while the rest is given to others.
"""

import math
from dataclasses import dataclass

from flowctl import Seconds, Watts, changer, maker
from nodes._helpers.law.knowing.ceiling import RETRY_HUNGRY

REFUSED = 100.0  # W between asked and accepted: more than dead bands and rounding make
MOVED = 5.0  # W nearer to what is asked: ramps go on accepting
PATIENCE = 5.0  # s without coming nearer, on top of the write interval
BEYOND = 8.0  # s after which more than is asked for is no matter of a write interval any more
BARRED = 60.0  # s until it is asked for more again; sooner while nobody else would give it


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """How one battery follows what it is asked for. Powers are + discharging."""

    asked: Watts = 0.0
    accepted: Watts = 0.0
    since: Seconds = 0.0
    """Since when it has not followed."""
    sign: float = 1.0
    most: Watts = math.inf
    """What it was seen to accept in the direction of `sign`, a magnitude."""
    until: Seconds = -math.inf
    """How long that counts."""

    def limit(self, sign: float, at: Seconds) -> Watts:
        """Return the most it accepts in a direction."""
        return self.most if at < self.until and sign == self.sign else math.inf


def follow(
    before: Following | None,
    accepted: Watts,
    asked: Watts,
    at: Seconds,
    patience: Seconds,
    *,
    needed: float = 1.0,
    hungry: bool = False,
) -> Following:
    """Compare what was asked with what was accepted, and note what is asked now.

    What is done in the direction that is `needed` by one that is asked for nothing is more than it
    is told, not less.
    """
    if before is None:
        return new_following(asked=asked, accepted=accepted, since=at)
    until = min(before.until, at + RETRY_HUNGRY) if hungry else before.until
    missing, way = abs(before.asked - accepted), 1.0 if before.asked >= 0 else -1.0
    if missing <= REFUSED or missing < abs(before.asked - before.accepted) - MOVED:
        return going_on(before, asked=asked, accepted=accepted, since=at, until=until)
    is_more = way * accepted > way * before.asked or (not before.asked and needed * accepted > 0)
    if is_more or at - before.since <= patience:
        return _waiting(before, asked=asked, until=until)
    return new_following(
        asked=asked,
        accepted=accepted,
        since=at,
        sign=way,
        most=max(0.0, way * accepted),
        until=at + (RETRY_HUNGRY if hungry else BARRED),
    )


new_following = maker(Following)
going_on = changer(Following, "asked", "accepted", "since", "until")
_waiting = changer(Following, "asked", "until")
