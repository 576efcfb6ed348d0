"""How often a stream speaks, and so from when on it counts as silent."""

from typing import NamedTuple

from flowctl import Clock, Observable, Seconds, Watts
from nodes._helpers.law.seeing.observer import (
    FRESH_GRACE,
    FRESH_PERIODS,
    PERIOD,
    PERIOD_LONGEST,
    period_after,
)
from nodes._helpers.operators import holding


class Pace(NamedTuple):
    """When a stream last spoke, and how often it does."""

    at: Seconds
    period: Seconds | None = None
    """Mean time between two words; nobody knows before the second."""

    def until(self, least: Seconds | None = None) -> Seconds:
        """Return when its newest word is too old to act on, by the rule of `response_predictor`."""
        period = PERIOD_LONGEST if self.period is None else self.period
        return self.at + max(least or 0.0, FRESH_PERIODS * period + FRESH_GRACE)


class Word(NamedTuple):
    """What a stream said, and its pace."""

    watts: Watts
    pace: Pace


def paced(before: Pace | None, at: Seconds) -> Pace:
    """Take note of a word; the first gap counts in full, so that no slow stream looks silent."""
    if before is None:
        return Pace(at)
    first = before.period is None
    return Pace(at, period_after(before.period or PERIOD, at - before.at, first=first))


def worded(watts: Observable[Watts], clock: Clock) -> Observable[Word]:
    """Say each value with the pace at which they come; NaN and infinities are no words."""

    def step(before: Pace | None, value: Watts) -> tuple[Pace | None, Word]:
        pace = paced(before, clock.time())
        return pace, Word(value, pace)

    return holding(watts, None, step)
