"""Whether it is the sum of all batteries that a step further down limits, not one of them.

Where all accept the same part of what they are asked for, no other could give the rest: who is
asked for more would only take from those that are asked for less.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from operator import attrgetter

from flowctl import Watts, maker
from nodes._helpers.law.sharing.following import (
    PATIENCE,
    REFUSED,
    Following,
    follow,
    going_on,
    new_following,
)
from nodes._helpers.law.sharing.round import Round

NEVER = -math.inf
_of_setpoint = attrgetter("setpoint")
ALIKE = 40.0  # W around the same part for all: the dead band of a device, and rounding


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """How those named in the last plan follow it."""

    each: Mapping[str, Following] = field(default_factory=dict)
    whole: Following = field(default_factory=Following)
    """Their sum."""


def follow_all(
    before: Followed, now: Round, wants: Mapping[str, Watts], *, hungry: bool = False
) -> Followed:
    """Compare what was asked with what was accepted, of each battery or of their sum."""
    asked = math.fsum(wants.values())
    given = math.fsum(map(_of_setpoint, now.usable.values()))
    if _is_refused(before, now, given) and _accept_alike(before.each, now):
        patience = max(ability.write_every for ability in now.usable.values()) + PATIENCE
        each = {
            name: new_following(asked=wants[name], accepted=ability.setpoint, since=now.at)
            for name, ability in now.usable.items()
        }
        whole = follow(before.whole, given, asked, now.at, patience)
        return _new_followed(each=each, whole=whole)
    known, whole, at = before.each, before.whole, now.at
    relents, each = hungry and whole.until <= at, {}
    for name, ability in now.usable.items():
        was = known.get(name) if ability.accepted_at > NEVER else None
        patience = ability.write_every + PATIENCE
        each[name] = follow(
            was, ability.setpoint, wants[name], at, patience, needed=now.sign, hungry=relents
        )
    whole = going_on(whole, asked=asked, accepted=given, since=at, until=whole.until)
    return _new_followed(each=each, whole=whole)


def _is_refused(before: Followed, now: Round, given: Watts) -> bool:
    """Tell whether all together accept less than they were asked for; so it is seldom."""
    asked = before.whole.asked
    way = 1.0 if asked >= 0 else -1.0
    return way * (asked - given) > REFUSED or before.each.keys() != now.usable.keys()


def _accept_alike(before: Mapping[str, Following], now: Round) -> bool:
    """Tell whether all that can give more were asked, and all give the same part of it."""
    asked = {name: before[name].asked for name in now.usable if name in before}
    wanted = math.fsum(asked.values())
    way = 1.0 if wanted >= 0 else -1.0
    given = math.fsum(now.usable[name].setpoint for name in asked)
    if not wanted or way * (wanted - given) <= REFUSED:
        return False
    able = [name for name in now.usable if now.most(name, way)[0] > 0]
    part = given / wanted
    return len(able) > 1 and all(
        name in asked
        and way * (asked[name] - now.usable[name].setpoint) > ALIKE
        and abs(now.usable[name].setpoint - part * asked[name]) <= ALIKE
        for name in able
    )


_new_followed = maker(Followed)
