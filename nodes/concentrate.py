"""Give a small change to one battery instead of a little to each."""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

from flowctl import Ge, Gt, Observable, Plan, Watts
from nodes._helpers.operators import holding
from nodes._helpers.shares import with_shares

NO_SHARES: Mapping[str, Watts] = MappingProxyType({})


def concentrate(
    plan: Annotated[Observable[Plan], "watts by battery, + discharging"],
    *,
    below: Annotated[Watts, Gt(0), "a smaller change of the sum goes to one battery"] = 60.0,
    balanced: Annotated[
        Watts, Ge(0), "a share farther than this from its own part ends it: all take their parts"
    ] = 150.0,
) -> Observable[Plan]:
    """Hold all shares but one while the sum changes little; the sum stays right; one per plan.

    The most active battery takes the change, so the others are not written and stay in a good place
    of their efficiency curve. It never turns a battery round, and what was held says so. A battery
    that comes or goes ends it. Limits of single batteries come after it: `clamp`.
    """

    def step(last: Mapping[str, Watts], plan: Plan) -> tuple[Mapping[str, Watts], Plan]:
        change = math.fsum(plan.watts.values()) - math.fsum(last.values())
        if last.keys() != plan.watts.keys() or not last or abs(change) >= below:
            return plan.watts, plan
        most = max(last, key=lambda name: abs(last[name]))
        watts = {**last, most: last[most] + change}
        far = max(abs(watts[name] - plan.watts[name]) for name in watts)
        if far > balanced or watts[most] * last[most] < 0:
            return plan.watts, plan
        made = with_shares(plan, watts, f"concentrate: {most} takes changes below {below:g}W")
        return made.watts, made

    return holding(plan, NO_SHARES, step)
