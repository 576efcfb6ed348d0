"""A meter that is asked more often than it has a reading: what it repeats is no news.

A telegram that comes each 10 s and is asked for each second is in a recording ten times. If each
counted, the grid would seem to stand while batteries move, and the load would jump in their place.
A house at rest repeats itself, too, but not for even times. (`renewal.py` is how a law learns it.)
"""

from itertools import pairwise
from statistics import median

from flowctl.backtest.heard import Heard

FEW = 3  # times that nearly each value is told: else it is asked about as often as it is renewed
ENOUGH = 10  # values without which nothing is known
SOON, NEARLY = 0.6, 0.9  # of the usual time that a value stands at least, and how many of them
LATE = 0.25  # of that time, after which a repeat is the next value, and the same


def renewed(meter: Heard) -> Heard:
    """Return a meter's readings, each of them once."""
    times = meter.changes().times
    stood = [now - was for was, now in pairwise(times)][1:]  # the first was begun before
    if len(stood) < ENOUGH:
        return meter
    usual, asked = median(stood), meter.wait()
    short = sum(wait < SOON * usual for wait in stood)
    if usual < FEW * asked or short > (1 - NEARLY) * len(stood):
        return meter
    return _once(meter, usual)


def _once(meter: Heard, every: float) -> Heard:
    """Leave out what repeats a value that is not due to be renewed."""
    once, last = Heard(nonsense=meter.nonsense), 0.0
    for time, watts in zip(meter.times, meter.watts, strict=True):
        if not once.watts or watts != once.watts[-1] or time - last >= (1 + LATE) * every:
            once.take(time, watts)
            last = time
    return once
