"""Never let one battery charge another."""

import math
from typing import Annotated

from flowctl import NotAfter, Observable, Plan
from nodes._helpers.operators import Each, Receiver
from nodes._helpers.shares import with_shares


def cross_charge_guard(
    plan: Annotated[
        Observable[Plan],
        NotAfter(
            "full_charge",
            "while others give, it takes away what charges the one that is due",
            "put it before full_charge",
        ),
        "watts by battery, + discharging",
    ],
) -> Observable[Plan]:
    """Pass a plan with every share that is against the sign of the sum set to zero; one per plan.

    The sum stays as it was: the shares of its own sign give way in proportion. What was changed
    says so as the reason.
    """

    def hear(say: Receiver[Plan]) -> Receiver[Plan]:
        return lambda value: say(uncrossed(value))

    return Each(plan, hear)


def uncrossed(plan: Plan) -> Plan:
    """Take out what works against the sum."""
    whole = math.fsum(plan.watts.values())
    along = {name: watts for name, watts in plan.watts.items() if watts * whole > 0}
    if all(name in along or not watts for name, watts in plan.watts.items()):
        return plan
    pushing = math.fsum(along.values())
    keep = whole / pushing if pushing else 0.0
    watts = {name: watts * keep if name in along else 0.0 for name, watts in plan.watts.items()}
    return with_shares(plan, watts, "cross_charge_guard: would feed another battery")
