"""Commands in flight: what a battery was told and the meter does not show yet."""

from bisect import bisect_left
from math import exp, inf

from flowctl import Seconds, Watts

Flight = tuple[Seconds, Watts]
"""When a setpoint was accepted, and the change of power it makes."""

SETTLED_LAGS = 5.0  # lags after which a first-order response has landed: exp(-5) is 0.7 %
SETTLED_GRACE = 2.0  # s on top, for ramps and wake-up times that no lag describes
HIDDEN = 75.0  # W beyond both ends of a tolerance: more than small commands to and fro make


def owed(flights: tuple[Flight, ...], dead: Seconds, lag: Seconds, at: Seconds) -> Watts:
    """What is commanded but not visible at a time, behind a dead time and a first-order lag."""
    watts = 0.0
    for accepted, change in flights:
        gone = at - accepted - dead
        watts += change if gone < 0 else change * exp(-gone / lag)
    return watts


def owed_between(
    flights: tuple[Flight, ...], dead: Seconds, delta: Seconds, lag: Seconds, at: Seconds
) -> tuple[Watts, Watts]:
    """Return the least and the most of `owed` for a dead time shorter, and one longer by `delta`.

    Of commands to and fro the dead time itself may show the opposite of what both ends show. Then
    it counts, too; without it a swing as fast as `delta` would be taken for load, and be fed.
    """
    early = own = late = 0.0
    ahead = exp(-delta / lag)
    for accepted, change in flights:
        gone = at - accepted - dead
        if gone >= delta:
            fading = change * exp(-gone / lag)
            early, own = early + fading * ahead, own + fading
            late += change * exp((delta - gone) / lag)
        elif gone <= -delta:
            early, own, late = early + change, own + change, late + change
        else:
            early += change * exp(-(gone + delta) / lag)
            own += change if gone < 0 else change * exp(-gone / lag)
            late += change
    least, most = (early, late) if early < late else (late, early)
    if own < least - HIDDEN:
        return own, most
    return least, own if own > most + HIDDEN else most


def landed(flights: tuple[Flight, ...], dead: Seconds, lag: Seconds, at: Seconds) -> int:
    """How many of the flights, oldest first, are over."""
    over = at - dead - SETTLED_LAGS * lag - SETTLED_GRACE
    return bisect_left(flights, (over, -inf)) if flights and flights[0][0] < over else 0
