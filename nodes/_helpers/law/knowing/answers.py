"""How long it takes until a battery says that it moves: out of standby, and while it works.

The difference between the two is its start-up delay; what the second is beyond dead time and lag is
the age of its telemetry, counted from what the meter shows.
"""

import math
from typing import NamedTuple

from flowctl import Seconds, Watts

STEP = 150.0  # W: a smaller one may be noise, or less than it holds
START, STARTED = 75.0, 40.0  # W: the same out of standby, as one is tried; and a sign of it
MOVED = 0.4  # of a step: far enough to be no noise, and early in any answer ...
LAGS = -math.log(1 - MOVED)  # ... so many lags after its dead time
SAME = 0.3  # of a step by which its goal may change meanwhile
STANDS, STANDS_PART = 30.0, 0.1  # W, and part of its power, that it may be off before a step
RESTS = 5.0  # W that one at rest is told at most: some have been told 0 and say a little
LONGEST = 40.0  # s: later it is no answer any more
SOONER = 0.6  # of the mean start, below which one shows that it was wrong
USUAL = 3.0  # s of dead time: starts may have taught a longer one
WAITED, WAITED_MOST = 8.0, 32.0  # s that a start is given first, and at most, once one was too late
ENOUGH, ENOUGH_STARTS = 3, 2  # answers that are believed; starts are rare
PACE = 0.2  # part of each later answer that enters the mean


class Pace(NamedTuple):
    """Mean time of answers."""

    seconds: Seconds = 0.0
    heard: int = 0

    def after(self, seconds: Seconds) -> "Pace":
        """Take one more in: the first ones alike, later ones with a running mean."""
        part = max(PACE, 1 / (self.heard + 1))
        return Pace(self.seconds + part * (seconds - self.seconds), self.heard + 1)


class Asked(NamedTuple):
    """A step whose answer is waited for."""

    at: Seconds
    power: Watts
    """What it measured before."""
    change: Watts
    resting: bool
    """Whether it was told nothing before."""


class Answers(NamedTuple):
    """How late it was seen to move."""

    asked: Asked | None = None
    resting: Pace = Pace()
    working: Pace = Pace()
    waits: Seconds = 0.0
    """How long a start is given, where one was given up before any answer came."""

    def start_up(self, dead: Seconds, lag: Seconds) -> Seconds | None:
        """How much longer it takes out of standby, if that is known."""
        seconds, heard = self.resting
        if heard < ENOUGH_STARTS and seconds < WAITED:  # one that long is no accident
            return None
        usual = self.working.seconds if self.working.heard else min(dead, USUAL) + LAGS * lag
        return max(0.0, seconds - usual)

    def behind(self, dead: Seconds, lag: Seconds) -> Seconds | None:
        """How much later than the meter it tells of a move, if that is known; negative: sooner."""
        if self.working.heard < ENOUGH:
            return None
        return self.working.seconds - dead - LAGS * lag


def asked(
    answers: Answers, power: Watts | None, held: Watts, wanted: Watts, at: Seconds, *, alone: bool
) -> Answers:
    """Wait for the answer to a step from `held` to `wanted` that is mixed with no other one."""
    now, step = answers.asked, wanted - held
    still = _still(now, wanted) if now and (now.resting or not alone) else None
    if still or not alone:
        return answers if still is now else answers._replace(asked=still)
    resting = abs(held) < RESTS
    if power is None or abs(step) < (START if resting else STEP) or not _stands(power, held, step):
        return answers._replace(asked=None) if now else answers
    return answers._replace(asked=Asked(at, power, wanted - power, resting))


def answered(answers: Answers, power: Watts, poll: Seconds, at: Seconds) -> Answers:
    """Look whether the answer has come; it came up to a poll before it is heard of."""
    now = answers.asked
    if now is None or (power - now.power) / now.change < max(MOVED, STARTED / abs(now.change)):
        late = now is not None and at - now.at > LONGEST
        return answers._replace(asked=None) if late else answers
    took = max(0.0, at - now.at - poll / 2)
    if now.resting:
        waits = min(took, WAITED_MOST) if answers.waits else 0.0
        is_sooner = took < SOONER * answers.resting.seconds
        resting = Pace(took, ENOUGH_STARTS) if is_sooner else answers.resting.after(took)
        return answers._replace(asked=None, resting=resting, waits=waits)
    return answers._replace(asked=None, working=answers.working.after(took))


def unanswered(answers: Answers) -> Answers:
    """Give the next start twice as long: one was given up, and who starts slowly begins anew."""
    if answers.asked is None or not answers.asked.resting:
        return answers
    waits = min(WAITED_MOST, 2 * max(WAITED, answers.waits))
    return answers._replace(asked=None, waits=waits)


def _still(now: Asked, wanted: Watts) -> Asked | None:
    """Go on waiting if it is to do much the same; a start, whatever it is to do that way."""
    change = wanted - now.power
    if now.resting and change / now.change > 0 and abs(change) >= START:
        return now._replace(change=min(change, now.change, key=abs))
    return now if abs(change - now.change) <= SAME * abs(now.change) else None


def _stands(power: Watts, held: Watts, step: Watts) -> bool:
    off = abs(power - held)
    return off <= max(STANDS, STANDS_PART * abs(held)) and off <= SAME * abs(step)
