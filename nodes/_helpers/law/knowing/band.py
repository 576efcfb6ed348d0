"""Which setpoints a battery may be following at the moment it measures its power."""

import math
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flowctl import Seconds, Watts, maker

if TYPE_CHECKING:
    from nodes._helpers.law.knowing.belief import Belief

AGE_OLDEST = 4.0  # s: telemetry older than this would carry no news
AGE_BEST = 0.5  # s: on the way even from a battery polled without pause
AGE_SWAYS = 1.0  # s by which what was learned of it may be wrong
WRONG = 1.5  # s that a learned dead time may be wrong by: nine in ten are nearer
LAGS = 3.0  # lags until all but a twentieth of an answer is there
WAKES = 3.0  # s that a battery may take to wake up
AWAKE = 8.0  # s until a battery that appears is weighed: it wakes up, and its timing is a guess
SLOWEST = 150.0  # W/s of the slowest ramp that batteries have (in the control bench)
EVEN = 0.03  # of a setpoint: some are written anew each 3 s, by some W off; their meters err more
BOUND = 0.8  # of a ceiling, from which on that may be what it gives
ENDS = (20.0, 90.0)  # % of charge beyond which some give, or take, less (the control bench)


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A measurement, and what the battery may be doing: powers are + in the direction it is told.

    What few measurements ask for is worked out for those.
    """

    belief: "Belief"
    power: Watts
    """What it measures."""
    sign: float
    """The sign of what it is told now."""
    at: Seconds
    """When it was measured ..."""
    since: Seconds
    """... and what was told before that has begun to show."""
    lately: list[Watts]
    """What it was told for as long as any answer takes, oldest first."""
    told: Watts
    """Least that it was told within its dead time."""
    low: Watts
    """Least that it may give of that, if it answers as is known."""
    most: Watts
    """Most that it may give of `lately`."""
    expected: Watts
    """What it delivers once all has landed, a magnitude."""

    @property
    def held(self) -> Watts:
        """Least of `lately`: what it was told for as long as any answer takes."""
        return min(self.sign * self.belief.accepted, *self.lately)

    @property
    def least(self) -> Watts:
        """Least that it may give of `held`."""
        return _part(self.belief, self.held)

    @property
    def sent(self) -> list[Watts]:
        """Where it may still stand, not having begun to answer."""
        return self._told_since(self.since - WRONG)

    @property
    def waking(self) -> Watts:
        """Least that it was told if it has to wake up first."""
        awake = min(self.since - wakes(self.belief), self.at - AWAKE)
        return min(self.sign * self.belief.accepted, *self._told_since(awake))

    @property
    def goals(self) -> tuple[Watts, ...]:
        """All that it was told of late, with the signs of the house."""
        return self.belief.bank.goals

    @property
    def steady(self) -> bool:
        """Whether it was told nothing else for as long as any answer takes."""
        return len(self.lately) == 1 and self.belief.accepted == self.belief.expected

    @property
    def even(self) -> bool:
        """Whether it was told hardly anything else for as long as any answer takes."""
        most = max(self.lately)
        is_even = most - min(self.lately) <= EVEN * most
        return is_even and self.belief.accepted == self.belief.expected

    @property
    def free(self) -> bool:
        """Whether neither a ceiling nor its charge binds it at what it is told."""
        return abs(self.belief.accepted) < BOUND * self.able

    @property
    def able(self) -> Watts:
        """What it is known to give: all, unless its ceiling or its charge binds it."""
        soc, charging = self.belief.facts.soc, self.sign < 0
        if soc is not None and (soc > ENDS[1] if charging else soc < ENDS[0]):
            return 0.0
        ceiling = self.belief.charge if charging else self.belief.discharge
        return math.inf if ceiling.watts == math.inf else min(ceiling.watts, ceiling.proven)

    @property
    def gain(self) -> float:
        """What part of it is usual."""
        return self.belief.traits.part

    @property
    def sunny(self) -> bool:
        """Whether panels of its own may make it give more."""
        return bool(self.belief.facts.pv_power)

    @property
    def part(self) -> float:
        """How much it gives of what it is told."""
        return max(0.0, self.power) / max(1.0, self.told)

    def _told_since(self, at: Seconds) -> list[Watts]:
        bank = self.belief.bank
        return self.lately[_held(bank.begun, at) - len(bank.goals) :]


def band(belief: "Belief", power: Watts, sign: float, poll: Seconds, at: Seconds) -> Band:
    """Span what it may be doing. Telemetry may be older than it is said to be."""
    begun, goals = belief.bank.begun, belief.bank.goals
    shown = at - oldest(belief, poll)
    since = shown - belief.dead
    first = _held(begun, shown - whole(belief))
    lately = [sign * watts for watts in goals[first:]]
    told = min(sign * belief.accepted, *lately[_held(begun, since) - first :])
    return _new_band(
        belief=belief,
        power=power,
        sign=sign,
        at=at,
        since=since,
        lately=lately,
        told=told,
        low=_part(belief, told),
        most=max(lately) * max(1.0, belief.traits.gain),
        expected=abs(belief.expected),
    )


def oldest(belief: "Belief", poll: Seconds) -> Seconds:
    """Say how old what it measures may be by the time it is heard."""
    usual = min(AGE_OLDEST, AGE_BEST + poll / 2)
    return max(usual, belief.traits.behind + AGE_SWAYS) + belief.witness.older


def whole(belief: "Belief") -> Seconds:
    """Say how long an answer may take: waking up, or going all the way as slowly as any does."""
    goals = belief.bank.goals
    way = abs(goals[-1] - goals[-2]) / SLOWEST if len(goals) > 1 else 0.0
    return max(AWAKE, belief.dead + LAGS * belief.lag + max(wakes(belief), way))


def wakes(belief: "Belief") -> Seconds:
    """Say how long it may take to wake up."""
    return max(WAKES, belief.traits.start_up + AGE_SWAYS, belief.answers.waits)


def _part(belief: "Belief", told: Watts) -> Watts:
    """Say how little it may give of what it is told: nothing, if that is less than it can hold."""
    if 0 < told < belief.min_power:
        return 0.0
    return min(told, belief.traits.part * told)


def _held(begun: tuple[Seconds, ...], at: Seconds) -> int:
    """Which setpoint held at a time."""
    return max(0, bisect_right(begun, at) - 1)


_new_band = maker(Band)
