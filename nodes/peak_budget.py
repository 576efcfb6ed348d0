"""Keep the mean import of each quarter of an hour under a limit."""

from collections.abc import Sequence
from typing import Annotated, Any, NamedTuple

from flowctl import Clock, Gt, Observable, Seconds, Store, Watts
from nodes._helpers.expressions import sayable
from nodes._helpers.operators import holding


class Budget(NamedTuple):
    """The settings of the law."""

    limit: Watts
    over: Seconds
    longest: Seconds
    spread: Seconds = 30.0


class Spent(NamedTuple):
    """What has been imported in this period. Times are of the wall clock, since the epoch."""

    period: float
    """When the period began."""
    joules: float
    at: Seconds
    """Up to when it is added up."""
    watts: Watts
    """The import that has flowed since then."""


def peak_budget(
    grid: Annotated[Observable[Watts], "the grid meter, + import"],
    *,
    limit: Annotated[Watts, Gt(0), "largest mean import of a period"],
    over: Annotated[Seconds, Gt(0), "length of a period, counted by the wall clock"] = 900.0,
    most: Annotated[Watts | None, "never allow more than this, e.g. what the fuse takes"] = None,
    spread: Annotated[
        Seconds, Gt(0), "what is left is spread over at least so long, also near the end"
    ] = 30.0,
    longest: Annotated[
        Seconds, Gt(0), "a longer gap between two readings counts as import at the limit"
    ] = 60.0,
    clock: Clock,
    store: Store,
) -> Observable[Watts]:
    """Say the import that may flow from now on, one per meter reading.

    It is what is left of the period's energy, divided by the time left of the period; 0 when the
    budget is overdrawn. `zero_grid: {aim: allowed, ...}` and then `clamp: {low: 0, ...}` discharge
    only for what is above it. Export earns nothing, as capacity tariffs count imported energy. What
    was not seen, before a start or in a long gap, counts as import at the limit; the sum is kept
    over restarts. NaN and infinities are not heard.

    Source: capacity tariff of the Flemish grid operators: mean import of each quarter by the clock.
    """
    budget = Budget(limit, over, longest, spread)

    def step(_: None, watts: float) -> tuple[None, float]:
        now = clock.wall().timestamp()
        spent = counted(read(store.get("spent")), now, max(0.0, watts), budget)
        store["spent"] = list(spent)
        left = allowed(spent, now, budget)
        return None, left if most is None else min(left, most)

    return holding(grid, None, step)


def counted(before: Spent | None, now: Seconds, watts: Watts, budget: Budget) -> Spent:
    """Add up the import until now; a new period begins with nothing spent."""
    begin = now - now % budget.over
    since = begin if before is None else max(begin, before.at)
    gap = now - since
    unseen = before is None or now - before.at > budget.longest
    joules = before.joules if before and before.period == begin else 0.0
    flowed = budget.limit if before is None or unseen else before.watts
    return Spent(begin, joules + flowed * max(0.0, gap), now, watts)


def allowed(spent: Spent, now: Seconds, budget: Budget) -> Watts:
    """Power that may flow until the period ends."""
    left = budget.limit * budget.over - spent.joules
    time = spent.period + budget.over - now
    return max(0.0, left / max(time, min(budget.spread, budget.over)))


def read(kept: Any) -> Spent | None:
    """Make sense of what was kept over a restart."""
    if not isinstance(kept, Sequence) or isinstance(kept, str) or len(kept) != len(Spent._fields):
        return None
    numbers = [sayable(part) for part in kept]
    return Spent(*numbers) if all(isinstance(part, float) for part in numbers) else None
