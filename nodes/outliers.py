"""Do not believe a value that is far from all the others, until it insists."""

import math
from dataclasses import dataclass, replace
from statistics import median
from typing import Annotated

from flowctl import Ge, Gt, Observable, Quantity
from nodes._helpers.operators import holding

ENOUGH = 3  # values before their own spread says anything


@dataclass(frozen=True, slots=True)
class Seen:
    """What was believed lately, and the new level that waits to be."""

    good: tuple[float, ...] = ()
    suspects: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Belief:
    """The settings of the law."""

    limit: float | None
    mads: float | None
    of: int
    accept: int

    def reach(self, good: tuple[float, ...]) -> float:
        """How far from the median a value may be: the wider of both limits."""
        if self.mads is None or len(good) < ENOUGH:
            return math.inf if self.limit is None else self.limit
        middle = median(good)
        spread = median(abs(value - middle) for value in good)
        return max(self.limit or 0.0, self.mads * spread)


def outliers(
    values: Annotated[Observable[Quantity], "what may hold values to doubt"],
    *,
    limit: Annotated[
        Annotated[Quantity, Gt(0)] | None, "farther than this from the median is an outlier"
    ] = None,
    mads: Annotated[
        Annotated[float, Gt(0)] | None,
        "the same as a multiple of the median distance from the median; with `limit`, both count",
    ] = None,
    of: Annotated[int, Ge(1), "how many of the last good values the median is of"] = 7,
    accept: Annotated[int, Ge(2), "so many outliers in a row are believed"] = 3,
) -> Observable[Quantity]:
    """Say the value, or the last good one in place of an outlier; one per value.

    The `accept`-th outlier in a row is not an outlier but news: it is believed, and what was good
    before is forgotten, so nothing is held for longer. With `mads` alone a signal that stands still
    makes an outlier of every change; give a `limit` too. NaN and infinities are not heard.

    Raises:
        ValueError: neither `limit` nor `mads` is given.
    """
    if limit is None and mads is None:
        raise ValueError("outliers has no limit; give limit, mads or both")
    belief = Belief(limit, mads, of, accept)
    return holding(values, Seen(), lambda seen, value: judge(belief, seen, value))


def judge(belief: Belief, seen: Seen, value: float) -> tuple[Seen, float]:
    """Believe a value, or say the last good one instead."""
    if not seen.good or abs(value - median(seen.good)) <= belief.reach(seen.good):
        return Seen((*seen.good, value)[-belief.of :]), value
    suspects = (*seen.suspects, value)
    if len(suspects) >= belief.accept:
        return Seen(suspects[-belief.of :]), value
    return replace(seen, suspects=suspects), seen.good[-1]
