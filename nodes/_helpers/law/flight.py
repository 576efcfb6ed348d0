"""Commands in flight: what a battery was told and the meter does not show yet."""

from math import exp

from flowctl import Seconds, Watts

Flight = tuple[Seconds, Watts]
"""When a setpoint was accepted, and the change of power it makes."""

SETTLED_LAGS = 5.0  # lags after which a first-order response has landed: exp(-5) is 0.7 %
SETTLED_GRACE = 2.0  # s on top, for ramps and wake-up times that no lag describes


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
    """Do as `owed` for a dead time shorter, and one longer by `delta`."""
    early = late = 0.0
    for accepted, change in flights:
        gone = at - accepted - dead
        early += change if gone < -delta else change * exp(-(gone + delta) / lag)
        late += change if gone < delta else change * exp(-(gone - delta) / lag)
    return early, late


def landed(flights: tuple[Flight, ...], dead: Seconds, lag: Seconds, at: Seconds) -> int:
    """How many of the flights, oldest first, are over."""
    horizon = at - dead - SETTLED_LAGS * lag - SETTLED_GRACE
    count = 0
    for accepted, _ in flights:
        if accepted >= horizon:
            break
        count += 1
    return count
