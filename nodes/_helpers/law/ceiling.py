"""What a battery can really deliver: ceilings cut by telemetry, and tried again later."""

import math
from collections.abc import Callable
from typing import NamedTuple

from flowctl import Seconds, Watts

TOLERANCE = 30.0  # W that a measurement may lie outside the band before it counts
TOLERANCE_PART = 0.08  # of the setpoint: meters inside batteries are rarely better
TOLERANCE_BAND = 0.15  # of the band's width, while much is in flight
SCATTERS = 4.0  # mean deviations that noise may reach
SCATTER_PACE = 0.1  # part of each measurement that enters the mean deviation
SHORT_TWICE = 2  # measurements in a row below the band: one may be an accident
SHORT_NOTHING = 3  # as many when it gives next to nothing: a zero is a common glitch
APART = 1.8  # s between measurements that are weighed: a poll of 2 s, for which twice is enough
AWAKE = 8.0  # s until a battery that appears is weighed: it wakes up, and its timing is a guess
NOTHING = 0.1  # of the setpoint counts as next to nothing
AGAINST = 100.0  # W the other way than it was told: no noise, no standby, no echo
AGAINST_TWICE = 2  # such measurements in a row
RETRY_AGAINST = 30.0  # s until one that did so is trusted again: its last answer has landed
GROW, GROW_WATTS = 1.5, 100.0  # a ceiling tried again, or passed, rises by half and 100 W
RETRY = 120.0  # s until a cut ceiling is tried again (60..300 s: 1 % of the result)
RETRY_HUNGRY = 10.0  # s while the house lacks power
AGE_OLDEST = 4.0  # s: telemetry older than this would carry no news
AGE_BEST = 0.5  # s: on the way even from a battery polled without pause
HASTY = 20.0  # s after a cut in which more than that comes: the telemetry was late, nothing else
OLDER, OLDER_MOST = 2.0, 8.0  # s that it is taken for older each time, and at most
GRAIN = 0.5  # s between the points of a band


class Ceiling(NamedTuple):
    """Largest power it is asked for in one direction, a magnitude; infinite if uncut."""

    watts: Watts = math.inf
    since: Seconds = -math.inf
    proven: Watts = math.inf
    """Most that it was seen to deliver since it was cut; what is asked beyond is only tried."""
    against: bool = False
    """Cut because it did the opposite: that says nothing of what it can deliver."""


class Witness(NamedTuple):
    """What the last measurements said of the setpoint."""

    short: int = 0
    more: int = 0
    scatter: Watts = 0.0
    """Mean deviation from the band."""
    before: Watts = 0.0
    """What that was before the measurements in a row that lie outside it."""
    older: Seconds = 0.0
    """How much older than usual its telemetry is."""
    against: int = 0
    """How many in a row said that it does the opposite of what it was told ..."""
    apart: Watts = 0.0
    """... and the newest of them, how much; a negative number."""
    due_at: Seconds = -math.inf
    """When a measurement says something that those before it did not."""

    def settled(self) -> "Witness":
        """Begin to count anew; what a verdict explains was no scatter."""
        return self._replace(short=0, more=0, scatter=self.before)

    def opposed(self, apart: Watts) -> "Witness":
        """Count one more of the opposite; who comes nearer is only late."""
        is_late = self.against and apart > self.apart + AGAINST
        return self._replace(against=1 if is_late else self.against + 1, apart=apart)

    def aged(self) -> "Witness":
        """Take its telemetry for older than before."""
        return self._replace(older=min(OLDER_MOST, self.older + OLDER))

    def met(self, at: Seconds) -> "Witness":
        """Let a battery that appears wake up before it is judged."""
        return self._replace(against=0, due_at=at + AWAKE)

    def heard(self, at: Seconds) -> "Witness":
        """Wait for the next measurement that counts."""
        return self._replace(due_at=at + APART)


class Band(NamedTuple):
    """What a measurement may say if the battery does what was expected of it, in magnitudes."""

    low: Watts
    high: Watts
    expected: Watts


def band(
    shown: Callable[[Seconds], Watts],
    sign: float,
    *,
    at: Seconds,
    poll: Seconds,
    dead: Seconds,
    older: Seconds = 0.0,
) -> tuple[Watts, Watts]:
    """Span what a battery may be doing at its telemetry's time.

    Telemetry is older than the meter by up to its age, or newer by up to the dead time.
    """
    age = min(AGE_OLDEST, AGE_BEST + poll / 2) + older
    ahead = min(AGE_OLDEST, dead + GRAIN)
    count = int((age + ahead) / GRAIN + 1e-9)
    points = [sign * shown(at - age + k * GRAIN) for k in range(count + 1)]
    return min(points), max(points)


def weigh(witness: Witness, seen: Band, power: Watts) -> Witness:
    """Count measurements in a row that lie below or above the band."""
    tolerance = max(
        TOLERANCE,
        TOLERANCE_PART * seen.expected,
        TOLERANCE_BAND * (seen.high - seen.low),
        SCATTERS * witness.scatter,
    )
    # To be where it was sent is neither: it may have gone there faster than expected.
    low, high = min(seen.low, seen.expected), max(seen.high, seen.expected)
    off = min(max(low - power, power - high, 0.0), 2 * tolerance)
    short = witness.short + 1 if power < low - tolerance else 0
    more = witness.more + 1 if power > high + tolerance else 0
    scatter = witness.scatter + SCATTER_PACE * (off - witness.scatter)
    before = witness.before if short or more else scatter
    return witness._replace(short=short, more=more, scatter=scatter, before=before)


def verdict(
    ceiling: Ceiling, witness: Witness, seen: Band, power: Watts, at: Seconds
) -> Ceiling | None:
    """Cut or raise a ceiling once the measurements agree; nothing while they do not."""
    enough = SHORT_NOTHING if power < NOTHING * seen.expected else SHORT_TWICE
    if witness.short >= enough:
        return Ceiling(max(0.0, power), at, max(0.0, power), witness.against >= AGAINST_TWICE)
    if witness.more >= SHORT_TWICE:
        return Ceiling(max(ceiling.watts, GROW * power + GROW_WATTS), at, power)
    return None


def was_hasty(old: Ceiling, new: Ceiling, at: Seconds) -> bool:
    """Tell whether a ceiling is raised so soon that its cut must have been a mistake."""
    return old.watts < new.watts and old.watts <= old.proven and at - old.since < HASTY


def proved(ceiling: Ceiling, seen: Band, power: Watts) -> Ceiling:
    """Remember the most that was given as told since it was cut."""
    if power <= ceiling.proven or power < (1 - TOLERANCE_PART) * seen.expected - TOLERANCE:
        return ceiling
    return ceiling._replace(proven=power)


def retry(ceiling: Ceiling, rated: Watts, *, hungry: bool, at: Seconds) -> Ceiling:
    """Try a cut ceiling again after a while."""
    if ceiling.watts >= rated:
        return ceiling
    if ceiling.against:
        return Ceiling() if at - ceiling.since > RETRY_AGAINST else ceiling
    if at - ceiling.since <= (RETRY_HUNGRY if hungry else RETRY):
        return ceiling
    return ceiling._replace(watts=GROW * ceiling.watts + GROW_WATTS, since=at)
