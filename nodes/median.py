"""Say the middle one of the latest values."""

import math
from bisect import bisect_left, insort
from collections import deque
from typing import Annotated

from flowctl import Clock, Gt, Observable, Quantity, Seconds
from nodes._helpers.operators import Each, Receiver, like
from nodes._helpers.timing import TINY


def median(
    values: Annotated[Observable[Quantity], "what the median is of"],
    *,
    over: Annotated[Seconds, Gt(0), "how far back values count"],
    clock: Clock,
) -> Observable[Quantity]:
    """Say the median of the values of the last `over` seconds, one per value.

    A pulse shorter than half of `over` leaves no trace. Of an even number of values it is the mean
    of the middle two. A value exactly `over` old no longer counts. NaN is not heard.
    """

    def hear(say: Receiver[float]) -> Receiver[float]:
        window = Window(over)

        def receive(value: float) -> None:
            if math.isfinite(value):
                say(like(value, window.median(clock.time(), value)))

        return receive

    return Each(values, hear)


class Window:
    """The latest values by age and by size, so that a fast stream costs no sorting."""

    def __init__(self, over: float) -> None:
        self._over = over
        self._aged: deque[tuple[float, float]] = deque()
        self._sorted: list[float] = []

    def median(self, at: float, value: float) -> float:
        """Take a value in, let the old ones go, and return the middle of what is left."""
        self._aged.append((at, value))
        insort(self._sorted, value)
        while self._aged[0][0] <= at - self._over + TINY:
            _, old = self._aged.popleft()
            del self._sorted[bisect_left(self._sorted, old)]
        middle, odd = divmod(len(self._sorted), 2)
        upper = self._sorted[middle]
        return upper if odd else (self._sorted[middle - 1] + upper) / 2
