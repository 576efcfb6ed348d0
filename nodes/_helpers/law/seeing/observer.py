"""The load observer: what the house draws, by the meter and by what is still in flight."""

import math
from collections.abc import Collection
from dataclasses import dataclass, field

from flowctl import Seconds, Watts
from nodes._helpers.law.knowing.belief import Belief
from nodes._helpers.law.knowing.learning import Sample
from nodes._helpers.law.seeing.forecast import Forecast
from nodes._helpers.law.seeing.standing import Standing

PERIOD = 1.0  # s between readings until known: most P1 meters
PERIOD_PACE = 0.2  # part of each gap that enters the mean
PERIOD_LONGEST = 15.0  # s that one gap counts at most: a pause is no period
FRESH_PERIODS, FRESH_GRACE = 3.0, 5.0  # periods and s: an older reading says nothing of now
DELTA_LEAST, DELTA_MOST = 0.5, 2.0  # s of dead time that may be wrong: one period, within these


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """What the meter says, and what is made of it. Times are the engine's."""

    meter: Watts = 0.0
    began_at: Seconds = math.inf
    """First reading."""
    read_at: Seconds = -math.inf
    """Newest reading."""
    valid_until: Seconds = math.inf
    """When the newest reading is too old to act on."""
    period: Seconds = PERIOD
    load: Watts = 0.0
    """What the house draws, less what batteries with a meter of their own give."""
    target: Watts = 0.0
    """What of it all batteries together are to serve, + discharging."""
    past: Forecast = field(default_factory=Forecast)
    sample: Sample | None = None
    """Reading that timing was last learned from."""
    standing: Standing = field(default_factory=Standing)
    """Whether it is the same again, though batteries moved."""


def next_period(grid: Grid, at: Seconds) -> Seconds:
    """Learn the meter's period; the first gap counts in full, so that no slow meter looks dead."""
    if grid.read_at < 0:
        return PERIOD
    return period_after(grid.period, at - grid.read_at, first=grid.read_at == grid.began_at)


def period_after(period: Seconds, gap: Seconds, *, first: bool) -> Seconds:
    """Take a gap into the mean time between two words."""
    gap = min(PERIOD_LONGEST, gap)
    return max(period, gap) if first else period + PERIOD_PACE * (gap - period)


def observed(
    grid: Grid, beliefs: Collection[Belief], watts: Watts, at: Seconds, period: Seconds
) -> Watts:
    """Return the load nearest to the one known so far that a reading of `watts` allows.

    It allows an interval: the reading, and the least and the most that batteries may show on it
    while a dead time may be wrong by `delta`. Within that nothing is known better than before.
    """
    delta = tolerance(period)
    low = high = 0.0
    for belief in beliefs:
        least, most = belief.may_show(at, delta)
        low += least
        high += most
    if grid.read_at < 0:
        return watts + (low + high) / 2
    return max(watts + low, min(watts + high, grid.load))


def tolerance(period: Seconds) -> Seconds:
    """Say by how much a dead time may be wrong, behind a meter of this period."""
    return max(DELTA_LEAST, min(DELTA_MOST, period))
