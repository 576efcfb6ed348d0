"""A lone battery near half its smallest power: its relay turns seldom, where either is as wrong.

The load is known there to within noise, and to within what is in flight; each turn brings the next.
"""

import math
from typing import NamedTuple

from flowctl import Seconds, Watts
from nodes._helpers.law.sharing.reasons import OFTEN
from nodes._helpers.law.sharing.round import Round

MANY = 4.0  # turns, leaked ones left out, from which on the next one waits
LEAKS = 120.0  # s that it takes to forget one
LOW, HIGH = 0.15, 0.85  # of its smallest power: beyond, staying as it is costs the meter too much
UNSURE = -0.5  # the same while its last start is on its way: until then the load is a guess


class Turning(NamedTuple):
    """Who worked alone last, and how often it started and stopped lately."""

    name: str = ""
    is_on: bool = False
    turns: float = 0.0
    at: Seconds = 0.0
    """When it turned last."""

    def often(self, at: Seconds) -> float:
        """Return its turns, less what has leaked since."""
        return max(0.0, self.turns - (at - self.at) / LEAKS)


def steadied(
    before: Turning, now: Round, wants: dict[str, Watts], reasons: dict[str, str]
) -> Turning:
    """Keep a lone battery as it is if it turns too often, in `wants`; `reasons` says so."""
    working = [name for name, watts in wants.items() if watts]
    if len(working) > 1:
        return STILL
    name = working[0] if working else before.name
    if not name or name not in wants:
        return STILL
    if name != before.name:
        return Turning(name, is_on=True)
    if bool(working) == before.is_on:
        return before
    turns = before.often(now.at) + 1
    if turns > MANY and (kept := _kept(before, now)) is not None:
        wants[name], reasons[name] = kept, OFTEN
        return before
    return Turning(name, bool(working), turns, now.at)


def _kept(turning: Turning, now: Round) -> Watts | None:
    """Return what it goes on with, unless it may not, or that is too far from what is needed."""
    ability, followed = now.usable[turning.name], now.following.get(turning.name)
    least = ability.min_power
    if not turning.is_on:
        return 0.0 if now.total <= HIGH * least else None
    if followed is None:
        return None
    way = math.copysign(1.0, followed.asked)
    low = (UNSURE if ability.flights else LOW) * least
    needed = way * now.sign * now.total >= low
    return way * least if needed and now.allows(turning.name, way * least) else None


STILL = Turning()
