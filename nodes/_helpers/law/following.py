"""Whether a battery's setpoints get through: a clamp further down, or a device that refuses.

The plan learns of it only by what the battery says it accepted. What is asked and never accepted
would be missing for ever, so after a while the rest is given to others.
"""

import math
from typing import NamedTuple

from flowctl import Ability, Seconds, Watts

REFUSED = 100.0  # W accepted less than asked: more than dead bands and rounding take away
PATIENCE = 5.0  # s without a new acceptance, on top of the write interval: ramps go on accepting
BARRED = 60.0  # s until it is asked for more again


class Following(NamedTuple):
    """How one battery follows what it is asked for. Powers are + discharging."""

    asked: Watts = 0.0
    accepted_at: Seconds = -math.inf
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


def follow(before: Following | None, ability: Ability, asked: Watts, at: Seconds) -> Following:
    """Compare what was asked with what was accepted, and note what is asked now."""
    accepted = ability.accepted_at
    if before is None:
        return Following(asked, accepted, at)
    _, accepted_then, since, sign, most, until = before
    way = 1.0 if before.asked >= 0 else -1.0
    missing = way * (before.asked - ability.setpoint)
    if missing <= REFUSED or accepted != accepted_then or accepted == -math.inf:
        return Following(asked, accepted, at, sign, most, until)
    if at - since <= ability.write_every + PATIENCE:
        return Following(asked, accepted, since, sign, most, until)
    return Following(asked, accepted, at, way, max(0.0, way * ability.setpoint), at + BARRED)
