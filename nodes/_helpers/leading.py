"""Who is left to its own meter: the choice of the one battery in Auto. Pure.

Source: rules of Home Energy Controller (Jasper-Hilven/HomeEnergyController 28a1798); that an empty
battery is never left to itself, and that the old one stays until the new one is, are ours.
"""

import math
from collections.abc import Collection, Mapping
from typing import NamedTuple

from flowctl import Percent, Seconds, Watts
from nodes._helpers.timing import TINY

RESUME = 1.0  # points of charge it must come back: readings of charge jump
WHY = {1: "the fullest", -1: "the emptiest", 0: "neither full nor empty"}


class Rules(NamedTuple):
    """What the user sets."""

    near: Watts = 1500.0
    unit: Watts = 2500.0
    least: Watts = 300.0
    gap: Percent = 5.0
    empty: Percent = 20.0
    full: Percent = 95.0
    idle: Watts = 100.0
    every: Seconds = 60.0
    over: Seconds = 20.0
    settle: Seconds = 60.0
    pace: float = 200.0  # W/s


class Member(NamedTuple):
    """One battery that is there."""

    own: bool
    """Whether it follows its own meter now."""
    soc: Percent
    power: Watts
    """Newest measured, + discharging."""
    measured_at: Seconds
    charge: Watts
    """The most it takes by itself, a magnitude."""
    discharge: Watts


class Lead(NamedTuple):
    """What is remembered of the choice."""

    name: str = ""
    """Who is in Auto, or is to be; nobody while all are empty."""
    why: str = ""
    at: Seconds = -math.inf
    """When it was chosen."""
    before: str = ""
    """Who stays in Auto until then."""
    empty: frozenset[str] = frozenset()
    full: frozenset[str] = frozenset()
    known: frozenset[str] = frozenset()
    """Who was there at the last look."""

    @property
    def left(self) -> frozenset[str]:
        """Who is told nothing."""
        return frozenset({self.name, self.before} - {""})


def lead(
    before: Lead, members: Mapping[str, Member], load: Watts, at: Seconds, rules: Rules
) -> Lead:
    """Choose for one outlook; `load` is what the house draws beyond what it makes."""
    way = 0 if abs(load) <= rules.idle else 1 if load > 0 else -1
    now = before._replace(
        empty=_barred(before.empty, members, rules.empty, 1),
        full=_barred(before.full, members, rules.full, -1),
        known=frozenset(members),
    )
    able = _able(now, members, way)
    name = _chosen(before, members, able, way, load, at, rules)
    if name != before.name:
        now = now._replace(name=name, why=WHY[way] if name else "", at=at, before=before.name)
    stays = now.before in members and members[now.before].own and now.before not in now.empty
    arrived = name not in members or members[name].own
    return now if stays and not arrived else now._replace(before="")


def _barred(
    before: frozenset[str], members: Mapping[str, Member], bound: Percent, way: int
) -> frozenset[str]:
    """Name those too empty to give, or too full to take; they come back a little later."""
    return frozenset(
        name
        for name, one in members.items()
        if way * (one.soc - bound) < (RESUME if name in before else TINY)
    )


def _able(now: Lead, members: Mapping[str, Member], way: int) -> list[str]:
    """Who may be in Auto: a full one does no harm there, an empty one would run down further."""
    if way >= 0:
        return [name for name in members if name not in now.empty]
    return [name for name in members if name not in now.full] or list(members)


def _chosen(
    before: Lead,
    members: Mapping[str, Member],
    able: Collection[str],
    way: int,
    load: Watts,
    at: Seconds,
    rules: Rules,
) -> str:
    if not able:
        return ""
    best = _best(members, able, way)
    if before.name not in able:
        own = [name for name in able if members[name].own]
        return own[0] if len(own) == 1 and not before.known else best
    gap = abs(members[best].soc - members[before.name].soc)
    if way == 0 or gap < rules.gap:
        return before.name
    joined = bool(members.keys() - before.known)
    rested = at - before.at >= rules.every - TINY
    return best if joined or (rested and abs(load) >= rules.near) else before.name


def _best(members: Mapping[str, Member], able: Collection[str], way: int) -> str:
    """Return the fullest to give, the emptiest to take, and else the one in the middle."""
    ranked = sorted(able, key=lambda name: -members[name].soc)
    return ranked[0 if way > 0 else -1 if way < 0 else len(ranked) // 2]
