"""Give a small change to one battery instead of a little to each."""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, NamedTuple

from flowctl import Ge, Gt, NotAfter, Observable, Plan, Watts
from nodes._helpers.operators import holding
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
    *,
    below: Annotated[Watts, Gt(0), "a smaller change of the sum goes to one battery"] = 60.0,
    balanced: Annotated[
        Watts, Ge(0), "a share farther than this from its own part ends it: all take their parts"
    ] = 150.0,
) -> Observable[Plan]:
    """Hold all shares but one while the sum changes little; the sum stays right; one per plan.

    The most active battery of those whose own part moves with the change takes all of it, so the
    others are not written and stay in a good place of their efficiency curve. One whose part stands
    is at a limit that the plan knows of: it takes nothing, and if it was given more than its part,
    all take their parts. It never turns a battery round, and what was held says so. A battery that
    comes or goes ends it.

    Example:
        - from: shares   # a plan of `split`, say
        - concentrate: 60W
    """

    def step(last: Held, plan: Plan) -> tuple[Held, Plan]:
        watts, taker = _held(last, plan, below)
        if not watts or max(abs(watts[name] - plan.watts[name]) for name in watts) > balanced:
            return Held(plan.watts, plan.watts), plan
        made = with_shares(plan, watts, f"concentrate: {taker} takes changes below {below:g}W")
        return Held(made.watts, plan.watts), made

    return holding(plan, Held(), step)


def _held(last: Held, plan: Plan, below: Watts) -> tuple[Mapping[str, Watts], str]:
    """Return the shares of before, with the change in one of them; nothing if that is not right."""
    before, now = last.planned, plan.watts
    change = math.fsum(now.values()) - math.fsum(before.values())
    if not before or before.keys() != now.keys() or abs(change) >= below:
        return NO_SHARES, ""
    moves = [name for name in now if (now[name] - before[name]) * change > 0]
    stands = now.keys() - moves
    if change and any(abs(last.watts[name]) > abs(now[name]) + SAME for name in stands):
        return NO_SHARES, ""
    taker = max(moves or now, key=lambda name: abs(last.watts[name]))
    watts = {**last.watts, taker: last.watts[taker] + change}
    return (NO_SHARES, "") if watts[taker] * last.watts[taker] < 0 else (watts, taker)
