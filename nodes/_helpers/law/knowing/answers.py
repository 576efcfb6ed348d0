"""How long it takes until a battery says that it moves: out of standby, and while it works.

The difference between the two is its start-up delay; what the second is beyond dead time and lag is
the age of its telemetry, counted from what the meter shows.
"""

import math
from typing import NamedTuple

from flowctl import Seconds, Watts

STEP = 150.0  # W: a smaller one may be noise, or less than it holds
MOVED = 0.4  # of a step: far enough to be no noise, and early in any answer ...
LAGS = -math.log(1 - MOVED)  # ... so many lags after its dead time
SAME = 0.3  # of a step by which its goal may change meanwhile
STANDS, STANDS_PART = 30.0, 0.1  # W, and part of its power, that it may be off before a step
LONGEST = 30.0  # s: later it is no answer any more
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

    @property
    def start_up(self) -> Seconds | None:
        """How much longer it takes out of standby, if that is known."""
        if self.resting.heard < ENOUGH_STARTS or self.working.heard < ENOUGH:
            return None
        return max(0.0, self.resting.seconds - self.working.seconds)

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
    if not alone:
        is_same = now and abs(wanted - now.power - now.change) <= SAME * abs(now.change)
        return answers if is_same or now is None else answers._replace(asked=None)
    if power is None or abs(step) < STEP or not _stands(power, held, step):
        return answers._replace(asked=None) if now else answers
    return answers._replace(asked=Asked(at, power, wanted - power, resting=held == 0))


def answered(answers: Answers, power: Watts, poll: Seconds, at: Seconds) -> Answers:
    """Look whether the answer has come; it came up to a poll before it is heard of."""
    now = answers.asked
    if now is None or (power - now.power) / now.change < MOVED:
        late = now is not None and at - now.at > LONGEST
        return answers._replace(asked=None) if late else answers
    took = max(0.0, at - now.at - poll / 2)
    if now.resting:
        return Answers(None, answers.resting.after(took), answers.working)
    return Answers(None, answers.resting, answers.working.after(took))


def _stands(power: Watts, held: Watts, step: Watts) -> bool:
    off = abs(power - held)
    return off <= max(STANDS, STANDS_PART * abs(held)) and off <= SAME * abs(step)
