"""What measurements say of a setpoint: whether a battery stands where it was never sent."""

import math
from dataclasses import dataclass, replace

from flowctl import Seconds, Watts, changer
from nodes._helpers.law.knowing.band import AWAKE, SLOWEST, Band

TOLERANCE = 30.0  # W that a measurement may lie outside the band before it counts
TOLERANCE_PART = 0.08  # of the setpoint: meters inside batteries are rarely better
SCATTERS = 4.0  # mean deviations that noise may reach
SCATTER_PACE = 0.1  # part of each measurement that enters the mean deviation
SHORT_TWICE = 2  # measurements in a row below the band: one may be an accident
SHORT_NOTHING = 3  # as many when it gives next to nothing: a zero is a common glitch
NOTHING = 0.1  # of the setpoint counts as next to nothing
COMES = 0.5  # of the way that one under way would have come: who came less stands
NOISE = 10.0  # W by which two measurements of the same power may differ
RENEWED = 1.0  # s after which the same number is a new one: most devices measure once a second
AGAINST = 100.0  # W the other way than it was told: no noise, no standby, no echo
APART = 1.8  # s between measurements of the opposite: a poll of 2 s, for which twice is enough
ALIKE = 0.1  # by which two parts of what it was told may differ and be the same
GAIN_TOLD = 200.0  # W from which on a setpoint tells of the gain: less is what its meter may be off
GAIN_PACE = 0.1  # part of each settled measurement that enters it
GAIN_MOST = 1.5  # what gives more than half as much again has reasons of its own
OLDER, OLDER_MOST = 2.0, 8.0  # s that telemetry is taken for older each time, and at most


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """What the last measurements said of the setpoint."""

    short: int = 0
    """How many in a row lay below the band ..."""
    more: int = 0
    """... and above it."""
    scatter: Watts = 0.0
    """Mean deviation from the band."""
    before: Watts = 0.0
    """What that was before the measurements in a row that lie outside it."""
    part: float = 1.0
    """How much it gives of what it is told, on the mean."""
    gave: float = 1.0
    """How much it gave of that when its ceiling was cut; 1 once it has given what it is told."""
    older: Seconds = 0.0
    """How much older than usual its telemetry is."""
    against: int = 0
    """How many in a row said that it does the opposite of what it was told ..."""
    apart: Watts = 0.0
    """... and the newest of them, how much, a negative number ..."""
    opposed_at: Seconds = -math.inf
    """... and when."""
    due_at: Seconds = -math.inf
    """Until when nothing is weighed: what it does is still in flight, and not known."""
    seen_at: Seconds = -math.inf
    """When the newest measurement that was weighed was taken ..."""
    seen: Watts = 0.0
    """... and what it said, in the direction it is told."""
    stood_at: Seconds = -math.inf
    """Since when it has not moved."""

    def settled(self) -> "Witness":
        """Begin to count anew; what a verdict explains was no scatter."""
        return replace(self, short=0, more=0, scatter=self.before)

    def calm(self) -> "Witness":
        """Begin to count anew."""
        return _counting(self, short=0, more=0) if self.short or self.more else self

    def opposed(self, apart: Watts, at: Seconds) -> "Witness":
        """Count one more of the opposite; who comes nearer is only late."""
        if self.against and at < self.opposed_at + APART:
            return self
        is_late = self.against and apart > self.apart + AGAINST
        against = 1 if is_late else self.against + 1
        return replace(self, against=against, apart=apart, opposed_at=at)

    def aged(self, by: Seconds) -> "Witness":
        """Take its telemetry for older than before."""
        return replace(self, older=min(OLDER_MOST, self.older + max(OLDER, by)))

    def met(self, at: Seconds) -> "Witness":
        """Let a battery that appears wake up before it is judged."""
        return replace(self, against=0, due_at=at + AWAKE)


def weigh(witness: Witness, seen: Band) -> Witness:
    """Count measurements in a row that lie below or above the band.

    A further one counts if it could say something else: if a battery under way would have moved
    by more than noise since the last. Who comes nearer begins anew. What stays the same is no
    scatter, however far from the band it is.
    """
    at, power = seen.at, seen.power
    is_short = power < seen.low
    off = seen.low - power if is_short else max(0.0, power - seen.most)
    tolerance = max(TOLERANCE, TOLERANCE_PART * seen.expected, SCATTERS * witness.scatter)
    span, went = at - witness.seen_at, power - witness.seen  # since the last one
    would = _would_come(seen, off, span) if off else 0.0
    noise = max(NOISE, SCATTERS * COMES * witness.scatter)
    stands = abs(went) <= max(would, noise)
    stood_at = witness.stood_at if stands else at
    if off <= tolerance:
        return _fits(witness, seen, stood_at, min(off, abs(went)), tolerance)
    count = witness.short if is_short else witness.more
    is_news = would >= noise and (went or span >= RENEWED)
    if count and stands and not is_news:
        return witness
    witness = _having_seen(witness, seen_at=at, seen=power, stood_at=stood_at)
    if (went if is_short else -went) > would:
        count = 0  # it comes nearer
    if not is_short or power < seen.least - tolerance:
        count += 1
    else:
        count = _so_soon(count, witness, seen, tolerance)
    return _counted(witness, min(off, abs(went), 2 * tolerance), count, is_short=is_short)


def enough(seen: Band) -> int:
    """Say how many in a row are a verdict."""
    return SHORT_NOTHING if seen.power < NOTHING * seen.expected else SHORT_TWICE


def _so_soon(count: int, witness: Witness, seen: Band, tolerance: Watts) -> int:
    """Count one whose answer may still be under way: it must have begun, and stand still."""
    power = seen.power
    if power < NOTHING * seen.expected and power >= seen.waking - tolerance:
        return min(count + 1, SHORT_NOTHING - 1)
    least = max(TOLERANCE, min(tolerance, SCATTERS * witness.scatter))
    if any(abs(power - sent) <= max(least, TOLERANCE_PART * sent) for sent in seen.sent):
        return 0
    return count + 1 if witness.seen_at - witness.stood_at >= RENEWED else 1


def _would_come(seen: Band, off: Watts, span: Seconds) -> Watts:
    """Say how far one under way would have come at least, of what it is off."""
    return COMES * min(SLOWEST * span, off * (1 - math.exp(-span / seen.belief.lag)))


def _fits(witness: Witness, seen: Band, stood_at: Seconds, off: Watts, tolerance: Watts) -> Witness:
    """Begin to count anew, and learn what one does that gives what it is told."""
    scatter = witness.scatter + SCATTER_PACE * (off - witness.scatter)
    part, gave = witness.part, witness.gave
    if seen.steady and seen.power >= seen.most - tolerance:
        gave = 1.0
    if seen.even:
        part = _gain(part, seen, tolerance)
    return _fitting(
        witness,
        short=0,
        more=0,
        scatter=scatter,
        before=scatter,
        part=part,
        gave=gave,
        seen_at=seen.at,
        seen=seen.power,
        stood_at=stood_at,
    )


def _gain(part: float, seen: Band, tolerance: Watts) -> float:
    """Move the gain to what a settled measurement says; at once if it gives all again."""
    if not seen.free or seen.told < GAIN_TOLD:
        return part
    now = min(GAIN_MOST, seen.part)
    if now > 1 - ALIKE and (1 - part) * seen.told > 2 * tolerance:
        return now
    return part + GAIN_PACE * (now - part)


def _counted(witness: Witness, off: Watts, count: int, *, is_short: bool) -> Witness:
    """What is on its way still is no scatter."""
    scatter = witness.before
    if count:
        scatter += SCATTER_PACE * (off - scatter)
    short, more = (count, 0) if is_short else (0, count)
    return replace(witness, short=short, more=more, scatter=scatter)


_SEEN = "seen_at", "seen", "stood_at"
_having_seen, _counting = changer(Witness, *_SEEN), changer(Witness, "short", "more")
_fitting = changer(Witness, "short", "more", "scatter", "before", "part", "gave", *_SEEN)
