"""Whether more is wanted than batteries give: then those that could not are tried sooner."""

import math
from collections.abc import Mapping
from operator import attrgetter

from flowctl import Ability, Seconds, Watts
from nodes._helpers.law.knowing.ceiling import HUNGRY

UNSERVED = 10.0  # s after which nobody will: others may be full, or at a reserve known further down


def lacking(
    said: Mapping[str, Ability], target: Watts, served_at: Seconds, at: Seconds
) -> tuple[bool, Seconds]:
    """Tell whether the house lacks power, and when it was last served.

    It does at once if all that batteries can do is too little, and after a while if all that they
    accepted, and still show, is: what else binds them is known to those who share, not here.
    """
    charging, needed = target < 0, abs(target) - HUNGRY
    can = sum(map(_of_can_charge if charging else _of_can_discharge, said.values()))
    sign = -1.0 if charging else 1.0
    served = needed <= sign * sum(map(_of_setpoint, said.values()))
    if not served:  # who comes down slowly is not asked for what it still gives
        served = needed <= sign * sum([it.shows(at) for it in said.values()])
    served_at = at if served else min(at, served_at)
    return needed > can or at - served_at > UNSERVED, served_at


def all_give(said: Mapping[str, Ability], sign: float) -> bool:
    """Tell whether those that work in a direction are told all that they can, or none can work.

    More may be wanted then: how much, beyond the house's own need, know only those who share.
    """
    can = [it.can_discharge if sign > 0 else it.can_charge for it in said.values()]
    given = [max(0.0, sign * it.setpoint) for it in said.values()]
    room = [most - watts for most, watts in zip(can, given, strict=True) if watts > 0]
    return max(room or can, default=math.inf) <= HUNGRY


_of_can_charge, _of_can_discharge = attrgetter("can_charge"), attrgetter("can_discharge")
_of_setpoint = attrgetter("setpoint")
