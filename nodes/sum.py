"""Add several quantities of one unit."""

import math
from collections.abc import Sequence
from typing import Annotated, Literal

from flowctl import Observable, Quantity, sampled
from nodes._helpers.operators import Each, Receiver


def sum(
    values: Annotated[Observable[Quantity], "the first part; it sets the beat"],
    others: Annotated[Sequence[Observable[Quantity]], "what is added, as it is at that moment"],
    *,
    missing: Annotated[
        Literal["wait", "zero"], "a stream that has not spoken: wait for it, or count it as zero"
    ] = "wait",
) -> Observable[Quantity]:
    """Say the value plus the newest of each of `others`, one per value.

    By the one sign rule the sum of all powers is the load of the house. Silent while one of
    `others` has never spoken, unless `missing: zero`. NaN and infinities are not said.
    """

    def hear(say: Receiver[float]) -> Receiver[tuple[float | None, ...]]:
        def receive(now: tuple[float | None, ...]) -> None:
            known = [part for part in now if part is not None]
            whole = len(known) == len(now) or missing == "zero"
            if whole and all(math.isfinite(part) for part in known):
                say(math.fsum(known))

        return receive

    return Each(sampled(values, *others), hear)
