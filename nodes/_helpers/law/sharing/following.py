"""Whether a battery's setpoints get through: a clamp further down, or a device that refuses.

The plan learns of it only by what the battery says it accepted. What is asked and never accepted
would be missing for ever, so after a while the rest is given to others.
"""

import math
from typing import NamedTuple

from flowctl import Seconds, Watts
from nodes._helpers.law.knowing.ceiling import RETRY_HUNGRY

REFUSED = 100.0  # W between asked and accepted: more than dead bands and rounding make
MOVED = 5.0  # W nearer to what is asked: ramps go on accepting
PATIENCE = 5.0  # s without coming nearer, on top of the write interval
BEYOND = 8.0  # s after which more than is asked for is no matter of a write interval any more
BARRED = 60.0  # s until it is asked for more again; sooner while nobody else would give it


class Following(NamedTuple):
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
    hungry: bool = False,
) -> Following:
    """Compare what was asked with what was accepted, and note what is asked now."""
    if before is None:
        return Following(asked, accepted, at)
    asked_then, accepted_then, since, sign, most, until = before
    if hungry:
        until = min(until, at + RETRY_HUNGRY)
    way = 1.0 if asked_then >= 0 else -1.0
    missing = way * (asked_then - accepted)
    if -REFUSED <= missing <= REFUSED or abs(missing) < abs(asked_then - accepted_then) - MOVED:
        return Following(asked, accepted, at, sign, most, until)
    if at - since <= patience or missing < 0:
        return Following(asked, accepted_then, since, sign, most, until)
    barred = RETRY_HUNGRY if hungry else BARRED
    return Following(asked, accepted, at, way, max(0.0, way * accepted), at + barred)
