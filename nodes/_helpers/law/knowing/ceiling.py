"""What a battery can really deliver: ceilings cut by telemetry, and tried again later."""

import math
from dataclasses import dataclass, replace

from flowctl import Seconds, Watts
from nodes._helpers.law.knowing.band import Band
from nodes._helpers.law.knowing.witness import (
    ALIKE,
    GAIN_MOST,
    GAIN_TOLD,
    SHORT_TWICE,
    TOLERANCE,
    TOLERANCE_PART,
    Witness,
    enough,
)

LEAST_PART = 0.3  # of what it was told: less than that of little is standby, or a step
AGAINST_TWICE = 2  # such measurements in a row
RETRY_AGAINST = 30.0  # s until one that did so is trusted again: its last answer has landed
PROBE, PROBE_WATTS = 1.15, 50.0  # by which it is tried: just more than a verdict's tolerance
GROW, GROW_WATTS = 1.5, 100.0  # a ceiling that was passed, or held a try, rises by half and 100 W
SHOWS = 300.0  # W that one is tried with at least of which only the meter tells
RETRY = 120.0  # s until a cut ceiling is tried again (60..300 s: 1 % of the result)
RETRY_HUNGRY = 10.0  # s while the house lacks power ...
HUNGRY = 50.0  # W ... that nobody serves
HASTY = 20.0  # s after a cut in which more than that comes: the telemetry was late, nothing else


@dataclass(frozen=True, slots=True)
class Ceiling:
    """Largest power it is asked for in one direction, a magnitude; infinite if uncut."""

    watts: Watts = math.inf
    since: Seconds = -math.inf
    proven: Watts = math.inf
    """Most that it was seen to deliver since it was cut; what is asked beyond is only tried."""
    against: bool = False
    """Cut because it did the opposite: that says nothing of what it can deliver."""
    held: bool = False
    """Whether the newest try was delivered."""

    def is_fresh(self, at: Seconds) -> bool:
        """Tell whether it was cut so lately that to be given more shows the cut was a mistake."""
        return self.watts <= self.proven < math.inf and at - self.since < HASTY

    def is_late_for(self, power: Watts, at: Seconds) -> bool:
        """Tell whether it was cut so lately, and gives more: that was under way."""
        most = (1 + TOLERANCE_PART) * self.watts + TOLERANCE
        return power > most and self.is_fresh(at) and not self.against


def verdict(ceiling: Ceiling, witness: Witness, seen: Band) -> Ceiling | None:
    """Cut or raise a ceiling once the measurements agree; nothing while they do not."""
    at, power = seen.at, seen.power
    if witness.short >= enough(seen):
        return Ceiling(max(0.0, power), at, max(0.0, power), witness.against >= AGAINST_TWICE)
    if witness.more >= SHORT_TWICE:
        if ceiling.watts == math.inf or ceiling.is_fresh(at):
            return Ceiling()
        return Ceiling(max(ceiling.watts, GROW * power + GROW_WATTS), at, power)
    return None


def is_part(old: Ceiling, witness: Witness, seen: Band) -> bool:
    """Tell whether it gives a part of what it is told, whatever that is: that is no ceiling.

    Told what it gave when its ceiling was cut, it gives less again, by as much; or told more, it
    gives more, by as much.
    """
    gave = seen.part
    if not witness.short or witness.gave == 1 or gave < LEAST_PART:
        return False
    most = (1 + TOLERANCE_PART) * old.proven + TOLERANCE
    is_tried = old.watts > old.proven
    fits = gave * seen.told > most if is_tried else seen.expected <= most
    return fits and abs(gave - witness.gave) <= ALIKE


def is_excess(old: Ceiling, witness: Witness, seen: Band) -> bool:
    """Tell whether it gives more than it is told, by some part: it still goes where it is sent.

    To believe that it delivers all of it from now on would ask it for that, and so on.
    """
    if not witness.more or old.watts < math.inf or seen.sunny:
        return False
    return seen.told >= GAIN_TOLD and 1 < seen.part <= GAIN_MOST


def proved(ceiling: Ceiling, seen: Band) -> Ceiling:
    """Remember the most that was given as told since it was cut."""
    power = seen.power
    if power <= ceiling.proven or power < (1 - TOLERANCE_PART) * seen.expected - TOLERANCE:
        return ceiling
    held = seen.expected > (1 + TOLERANCE_PART) * ceiling.proven + TOLERANCE
    if held and ceiling.watts == math.inf:
        return Ceiling()
    return replace(ceiling, proven=power, held=held or ceiling.held)


def probed(proven: Watts) -> Watts:
    """Return the most that one is probed with which was seen to deliver so much."""
    return max(SHOWS, GROW * proven + GROW_WATTS)


def retry(ceiling: Ceiling, rated: Watts, *, hungry: bool, at: Seconds) -> Ceiling:
    """Try a cut ceiling again after a while.

    With everything, while the house lacks power: nobody else would give it. Else with little, for
    the meter feels what is not delivered; and with more at once after that was. Nobody asks for
    everything where others can serve, so what was left open in vain is tried with little, too.
    """
    if ceiling.proven >= rated:
        return ceiling
    if ceiling.against:
        return Ceiling() if at - ceiling.since > RETRY_AGAINST else ceiling
    is_open = ceiling.watts >= rated
    soon = (hungry or ceiling.held) and not is_open
    if at - ceiling.since <= (RETRY_HUNGRY if soon else RETRY):
        return ceiling
    if is_open:
        return ceiling if rated <= probed(ceiling.proven) else _little(ceiling, at)
    if hungry and not ceiling.held:
        return replace(ceiling, watts=math.inf, since=at)
    return _little(ceiling, at)


def _little(ceiling: Ceiling, at: Seconds) -> Ceiling:
    grow, more = (GROW, GROW_WATTS) if ceiling.held else (PROBE, PROBE_WATTS)
    base = ceiling.proven if ceiling.watts == math.inf else ceiling.watts
    watts = min(grow * base + more, probed(ceiling.proven))
    return replace(ceiling, watts=watts, since=at, held=False)
