"""Measure how far a quantity swings, while it swings."""

from statistics import fmean
from typing import Annotated, NamedTuple

from flowctl import Clock, Ge, Gt, Observable, Quantity, Seconds
from nodes._helpers.operators import holding
from nodes._helpers.timing import TINY

Turn = tuple[Seconds, float]


class Swing(NamedTuple):
    """The turning points of late, and the extreme since the last one."""

    peaks: tuple[Turn, ...] = ()
    valleys: tuple[Turn, ...] = ()
    extreme: Turn | None = None
    rises: bool = True


def oscillation(
    values: Annotated[Observable[Quantity], "what may swing"],
    *,
    least: Annotated[Quantity, Gt(0), "smaller swings do not count"],
    over: Annotated[Seconds, Gt(0), "how long turning points are remembered"] = 30.0,
    cycle: Annotated[Seconds, Gt(0), "a slower swing, from peak to peak, does not count"] = 10.0,
    peaks: Annotated[int, Ge(1), "so many peaks and as many valleys make a swing"] = 2,
    clock: Clock,
) -> Observable[Quantity]:
    """Say the amplitude from valley to peak while the input swings, else 0; one per value.

    A turning point counts once the values have moved away from it by `least`, so noise makes none.
    The amplitude is the mean of the peaks less the mean of the valleys.
    """

    def step(before: Swing, value: float) -> tuple[Swing, float]:
        now = _fresh(moved(before, (clock.time(), value), least), clock.time() - over + TINY)
        return now, amplitude(now, peaks, cycle)

    return holding(values, Swing(), step)


def moved(swing: Swing, now: Turn, least: float) -> Swing:
    """Follow the extreme; when the values are `least` away from it, it was a turning point."""
    extreme = swing.extreme or now
    way = 1 if swing.rises else -1
    if swing.extreme is None or way * (now[1] - extreme[1]) >= 0:
        return swing._replace(extreme=now)
    if way * (extreme[1] - now[1]) < least:
        return swing
    turned = swing._replace(extreme=now, rises=not swing.rises)
    if swing.rises:
        return turned._replace(peaks=(*swing.peaks, extreme))
    return turned._replace(valleys=(*swing.valleys, extreme))


def amplitude(swing: Swing, least: int, cycle: float) -> float:
    """How far it swings, if it does."""
    peaks, valleys = swing.peaks, swing.valleys
    if min(len(peaks), len(valleys)) < least:
        return 0.0
    period = (peaks[-1][0] - peaks[0][0]) / (len(peaks) - 1) if len(peaks) > 1 else 0.0
    if period > cycle:
        return 0.0
    return fmean(value for _, value in peaks) - fmean(value for _, value in valleys)


def _fresh(swing: Swing, start: float) -> Swing:
    return swing._replace(
        peaks=tuple(turn for turn in swing.peaks if turn[0] > start),
        valleys=tuple(turn for turn in swing.valleys if turn[0] > start),
    )
