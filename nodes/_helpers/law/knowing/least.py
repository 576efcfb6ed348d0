"""The smallest power that a battery holds: told less it gives nothing, or lifts it to that."""

import math
from typing import NamedTuple

from flowctl import Seconds, Watts
from nodes._helpers.law.knowing.band import Band
from nodes._helpers.law.knowing.witness import NOISE, RENEWED, Witness

SMALLEST = 25.0  # W: what the dead band of a device swallows says nothing
LARGEST = 250.0  # W: no battery has a larger smallest power (B2500 80 W, control bench 150 W)
NOTHING = 0.25  # of the setpoint: a step of some W and a little noise are less
STANDBY = 20.0  # W that one at rest may draw
SCATTERS = 4.0  # mean deviations that a setpoint must be above to tell nothing from noise
FOLLOWS = 0.5  # of the setpoint, from which on one that stands follows it
ALIKE = 1.3  # times by which setpoints may differ to be the same here
LIFTED, LIFTED_WATTS = 1.25, 10.0  # times the setpoint, and W, beyond which it was lifted
GROW, GROW_WATTS = 1.2, 5.0  # what is asked at least after a setpoint that it left at nothing
SOON = 1.2  # s in which no battery goes to rest and back
TIMES = 3  # as often: a zero is a common glitch
LEAST, MOST = 1.8, 30.0  # s between two: who passes zero is through, who is counted anew
FORGETS = 3600.0  # s after which less is tried again ...
PART = 0.8  # ... by a fifth: if wrong, some seconds without so little


class Least(NamedTuple):
    """What small setpoints came to, in magnitudes; it is the same in both directions."""

    watts: Watts = 0.0
    """The smallest power that it is asked for; 0 if it holds any."""
    follows: Watts = math.inf
    """The smallest that it was seen to hold lately."""
    told: Watts = 0.0
    """A setpoint at which it gave nothing ..."""
    ignored: int = 0
    """... and how often it did, as long as that is not enough to believe it."""
    came: Watts = 0.0
    """What it gave when it was told far less ..."""
    lifted: int = 0
    """... and how often, likewise."""
    at: Seconds = -math.inf
    """When one of these was last counted."""
    known_at: Seconds = -math.inf
    """When `watts` was found, or has last been lowered."""


def observed(least: Least, seen: Band, witness: Witness) -> Least:
    """Take in a measurement, of a battery that stands or is on its way; `witness` knows it, too.

    A lone zero between measurements of a second and less is a glitch.
    """
    at, power = seen.at, seen.power
    if at - least.known_at > FORGETS:
        least = forgotten(least, at)
    if power > LARGEST or seen.told > seen.able + NOISE:
        return least
    stands, scatter = at - witness.stood_at >= RENEWED, witness.scatter
    if stands and seen.free and is_lifted(seen, scatter):
        return _lifted(least, seen)
    if not max(SMALLEST, SCATTERS * scatter) <= seen.held <= LARGEST:
        return least
    if is_nothing(power, seen.held):
        lone = witness.stood_at == at and at - seen.belief.witness.seen_at <= SOON
        return least if lone else _ignored(least, seen.held, at)
    return _followed(least, seen) if stands and power >= FOLLOWS * seen.held else least


def explained(least: Least, seen: Band, witness: Witness) -> Least | None:
    """Return what is known if a verdict on the battery is one on its smallest power.

    Unchanged, it is too soon to say: one lifted must be seen thrice, and one that gives nothing
    must have been told much the same for as long as an answer takes.
    """
    told = seen.waking
    if seen.told > seen.able + NOISE or least.follows <= max(told, SMALLEST):
        return None
    if seen.free and is_lifted(seen, witness.scatter):
        return least
    if told > LARGEST or not is_nothing(seen.power, told):
        return None
    return _raised(least, told, seen.at) if seen.most <= ALIKE * seen.held else least


def refuted(least: Least, seen: Band) -> Least:
    """Forget what was known of one that gives nothing, whatever it is told."""
    if not seen.free or not is_nothing(seen.power, seen.waking):
        return least
    return Least() if seen.waking > LARGEST else least._replace(follows=math.inf)


def forgotten(least: Least, at: Seconds) -> Least:
    """Try less again after a while; and what it followed long ago may be another battery's."""
    if at - least.known_at <= FORGETS:
        return least
    if least.known_at == -math.inf:
        return least._replace(known_at=at)
    less = PART * least.watts
    less = less if less >= SMALLEST else 0.0
    return least._replace(watts=less, follows=least.follows / PART, known_at=at)


def is_nothing(power: Watts, told: Watts) -> bool:
    """Tell whether it rests although it was told so much."""
    return told >= SMALLEST and -STANDBY <= power < NOTHING * told


def is_lifted(seen: Band, scatter: Watts) -> bool:
    """Tell whether it gives far more than it was told, which it was not told before, either."""
    power = seen.power
    if not SMALLEST <= power <= LARGEST or seen.sunny or min(seen.sent) <= 0:
        return False
    if power < LIFTED * max(seen.sent) + max(LIFTED_WATTS, SCATTERS * scatter):
        return False
    scale = seen.sign * seen.gain
    return all(abs(power - scale * goal) > NOISE for goal in seen.goals)


def _lifted(least: Least, seen: Band) -> Least:
    """Count one that gave too much, and each time as much."""
    at, power = seen.at, seen.power
    if power >= GROW * least.follows or at - least.at < LEAST:
        return least
    again = abs(power - least.came) <= NOISE and at - least.at < MOST
    count = least.lifted + 1 if again else 1
    if count < TIMES:
        return least._replace(came=power, lifted=count, at=at)
    return Least(max(least.watts, power / seen.gain), least.follows, known_at=at)


def _ignored(least: Least, told: Watts, at: Seconds) -> Least:
    """Count one that gave nothing; who has followed less has another reason."""
    if told >= least.follows or at - least.at < LEAST:
        return least
    again = least.ignored and at - least.at < MOST
    count, told = (least.ignored + 1, max(told, least.told)) if again else (1, told)
    if count < TIMES:
        return least._replace(told=told, ignored=count, at=at)
    return _raised(least, told, at)


def _raised(least: Least, told: Watts, at: Seconds) -> Least:
    more = max(least.watts, min(least.follows, GROW * told + GROW_WATTS))
    return Least(more, least.follows, told, known_at=at)


def _followed(least: Least, seen: Band) -> Least:
    """Note what it holds; so as much was not too little for it, either."""
    power = seen.power
    if seen.most > ALIKE * seen.held or power > ALIKE * seen.most:
        is_less = least.ignored and power < least.told
        return least._replace(ignored=least.ignored - 1) if is_less else least
    follows = min(least.follows, seen.held)
    if seen.held <= least.told:
        return Least(0.0, follows, known_at=least.known_at)
    return least._replace(follows=follows, watts=min(least.watts, follows))
