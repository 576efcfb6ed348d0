"""Say the mean of the latest values."""

import math
from collections import deque
from typing import Annotated

from flowctl import Clock, Gt, Observable, Quantity, Seconds
from nodes._helpers.operators import Each, Receiver, like
from nodes._helpers.timing import TINY


def mean(
    values: Annotated[Observable[Quantity], "what the mean is of"],
    *,
    over: Annotated[Seconds, Gt(0), "how far back values count"],
    clock: Clock,
) -> Observable[Quantity]:
    """Say the moving average of the values of the last `over` seconds, one per value.

    Each value counts the same. A value exactly `over` old no longer counts. NaN and infinities are
    not heard. Two streams averaged over the same time can be added although they are of different
    age by a little.
    """

    def hear(say: Receiver[float]) -> Receiver[float]:
        window: deque[tuple[float, float]] = deque()

        def receive(value: float) -> None:
            if not math.isfinite(value):
                return
            at = clock.time()
            window.append((at, value))
            while window[0][0] <= at - over + TINY:
                window.popleft()
            say(like(value, math.fsum(known for _, known in window) / len(window)))

        return receive

    return Each(values, hear)
