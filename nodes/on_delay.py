"""Believe a condition only after it has been true for a while."""

from typing import Annotated, NamedTuple

from flowctl import Clock, Ge, Observable, Seconds
from nodes._helpers.operators import holding
from nodes._helpers.timing import TINY


class Since(NamedTuple):
    """What is said, and since when the input has been what it is."""

    said: bool
    heard: bool
    at: Seconds


def on_delay(
    values: Annotated[Observable[bool], "true or false"],
    *,
    on: Annotated[Seconds, Ge(0), "true counts after it has been true for so long"],
    off: Annotated[Seconds, Ge(0), "false counts after it has been false for so long"] = 0.0,
    clock: Clock,
) -> Observable[bool]:
    """Say true when the input has been true for `on`, false when it has been false for `off`.

    One per value; begins false. The two timers are the on-delay and the off-delay of a controller
    (TON and TOF of IEC 61131-3).
    """

    def step(before: Since | None, value: bool) -> tuple[Since, bool]:
        at, state = clock.time(), before or Since(False, False, 0.0)
        since = state.at if before and state.heard == value else at
        ripe = at - since >= (on if value else off) - TINY
        said = value if ripe else state.said
        return Since(said, value, since), said

    return holding(values, None, step)
