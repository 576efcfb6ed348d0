"""Give a small change to one battery instead of a little to each."""

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Annotated, NamedTuple

from flowctl import Battery, Clock, Ge, Gt, NotAfter, Observable, Plan, Watts
from nodes._helpers.fleet import UNKNOWN, Fleet, able, law
from nodes._helpers.shares import with_shares

SAME = 1e-6  # W
NO_SHARES: Mapping[str, Watts] = MappingProxyType({})


class Held(NamedTuple):
    """Who gives what, and who would have in the plan."""

    watts: Mapping[str, Watts] = NO_SHARES
    planned: Mapping[str, Watts] = NO_SHARES


def concentrate(
    plan: Annotated[
        Observable[Plan],
        NotAfter(
            "rebalance",
            "the fastest gives what others still owe there, and who is held back owes for good",
            "leave it out and write 'rebalance: {strategy: efficiency}'",
        ),
        "watts by battery, + discharging",
    ],
    batteries: Annotated[Mapping[str, Observable[Battery]], "the batteries of the plan"],
    *,
    below: Annotated[Watts, Gt(0), "a smaller change of the sum goes to one battery"] = 60.0,
    balanced: Annotated[
        Watts, Ge(0), "a share farther than this from its own part ends it: all take their parts"
    ] = 150.0,
    limit: Annotated[Watts, Gt(0), "largest power of each, where it does not tell less"] = 2500.0,
    clock: Clock,
) -> Observable[Plan]:
    """Hold all shares but one while the sum changes little; the sum stays right; one per plan.

    The most active battery of those whose own part moves with the change takes all of it, so the
    others are not written and stay in a good place of their efficiency curve. One whose part stands
    is at a limit that the plan knows of: it takes nothing, and if it was given more than its part,
    all take their parts. None is given more than it can do, or than its part: the next one takes
    what it cannot. It never turns a battery round, and what was held says so. A battery that comes
    or goes ends it.

    Example:
        - from: shares   # a plan of `split`, say
        - concentrate: {batteries: [left, right], below: 60W}
    """

    def step(last: Held, plan: Plan, fleet: Fleet) -> tuple[Held, Plan]:
        def fits(name: str, watts: Watts) -> bool:
            sign = math.copysign(1.0, watts)
            most, _ = able(fleet.told.get(name, UNKNOWN), sign, limit, 0.0, 100.0)
            return abs(watts) <= max(most, sign * plan.watts[name]) + SAME

        watts, taker = _held(last, plan, below, fits)
        if not watts or max(abs(watts[name] - plan.watts[name]) for name in watts) > balanced:
            return Held(plan.watts, plan.watts), plan
        made = with_shares(plan, watts, f"concentrate: {taker} takes changes below {below:g}W")
        return Held(made.watts, plan.watts), made

    return law(plan, batteries, Held(), step, clock)


def _held(
    last: Held, plan: Plan, below: Watts, fits: Callable[[str, Watts], bool]
) -> tuple[Mapping[str, Watts], str]:
    """Return the shares of before, with the change in one of them; nothing if that is not right."""
    before, now = last.planned, plan.watts
    change = math.fsum(now.values()) - math.fsum(before.values())
    if not before or before.keys() != now.keys() or abs(change) >= below:
        return NO_SHARES, ""
    moves = [name for name in now if (now[name] - before[name]) * change > 0]
    stands = now.keys() - moves
    if change and any(abs(last.watts[name]) > abs(now[name]) + SAME for name in stands):
        return NO_SHARES, ""
    wishes = {name: last.watts[name] + change for name in moves or now}
    takers = [n for n, wish in wishes.items() if wish * last.watts[n] < 0 or fits(n, wish)]
    if not takers:
        return NO_SHARES, ""
    taker = max(takers, key=lambda name: abs(last.watts[name]))
    watts = {**last.watts, taker: wishes[taker]}
    if watts[taker] * last.watts[taker] < 0 or not all(map(fits, watts, watts.values())):
        return NO_SHARES, ""
    return watts, taker
