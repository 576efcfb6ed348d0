"""What the battery in Auto carries alone, and what the others are to give in all. Pure.

Source: thresholds of Home Energy Controller (Jasper-Hilven/HomeEnergyController 28a1798). The load
in place of the grid, the shared need, the bound by what one battery can and the look at what it
really gives are ours.
"""

import math
from collections.abc import Mapping
from statistics import median
from typing import NamedTuple

from flowctl import Outlook, Seconds, Watts
from nodes._helpers.leading import Member, Rules

PART = 0.6  # of what one battery can, if that is less than `near` allows for
WEAK = 300.0  # s for which a battery that gave less than it should is trusted with no more
LONGEST = 2.0  # s that count at most: after a silence one goes on from what is
QUICK = 3.0  # part of the time over which the load is looked at, when it falls

Told = tuple[tuple[Seconds, Watts], ...]


class Seen(NamedTuple):
    """The house behind batteries that follow its meter by themselves."""

    loads: Told = ()
    """What the house drew of late, beyond what it made."""
    grid: Told = ()
    read_at: Seconds = math.nan
    known: frozenset[str] = frozenset()
    own: frozenset[str] = frozenset()
    since: Seconds = -math.inf
    """Since when just these have been in Auto."""
    told_at: Seconds = -math.inf
    """When one in Auto was last measured."""
    fresh: bool = False
    """Whether that was just now."""
    given: Watts = 0.0
    """What those in Auto gave then."""
    beside: Watts = 0.0
    """What the others showed then."""

    @property
    def calm(self) -> Watts:
        """The load for those who decide for long."""
        return _middle(self.loads)

    def quick(self, rules: Rules) -> Watts:
        """The load for those who must act."""
        return _middle(_younger(self.loads, self.read_at - rules.over / QUICK))

    def steady(self, rules: Rules) -> Watts:
        """The load that others may help with: slow to grow, quick to fall."""
        calm, quick = self.calm, self.quick(rules)
        return min(calm, quick, key=abs) if calm * quick > 0 else 0.0

    def missing(self, way: float, rules: Rules) -> Watts:
        """Say what was missing on the meter all the time."""
        whole = self.read_at - self.since >= rules.over
        return min(way * watts for _, watts in self.grid) if whole else 0.0


def see(before: Seen, outlook: Outlook, members: Mapping[str, Member], rules: Rules) -> Seen:
    """Take in a reading.

    A battery in Auto answers what the others do before it tells so; and what these do now is known
    from a model, or from what they told some time ago. The load moves no more than it must to agree
    with one of these.
    """
    known = frozenset(members)
    if outlook.read_at == before.read_at and known == before.known:
        return before
    if known != before.known:
        before = Seen()  # what one gave of whom nobody knew was taken for a lack of load
    own = {name: one for name, one in members.items() if one.own}
    told_at = max((one.measured_at for one in own.values()), default=-math.inf)
    shown = math.fsum(one.shows(outlook.at) for one in outlook.batteries.values() if one.available)
    fresh = own.keys() != before.own or told_at != before.told_at
    given = math.fsum(one.power for one in own.values()) if fresh else before.given
    beside = shown if fresh else before.beside
    told = math.fsum(one.power for one in members.values() if not one.own)
    others = (told, beside, shown)
    last = before.loads[-1][1] - outlook.meter - given if before.loads else told
    load = outlook.meter + given + max(min(others), min(max(others), last))
    load = load if own else outlook.load
    since, at = outlook.read_at - rules.over, outlook.read_at
    return Seen(
        loads=(*_younger(before.loads, since), (at, load)),
        grid=(*_younger(before.grid, since), (at, outlook.meter)),
        read_at=at,
        known=known,
        own=frozenset(own),
        since=before.since if own.keys() == before.own else at,
        told_at=told_at,
        fresh=fresh,
        given=given,
        beside=beside,
    )


class Help(NamedTuple):
    """What is remembered of the help that the one in Auto gets."""

    on: bool = False
    watts: Watts = 0.0
    """What the others were to give in all, + discharging."""
    at: Seconds = 0.0
    who: str = ""
    """Who was in Auto."""
    weak: Watts = math.inf
    """What it was seen to give at most, a magnitude."""
    until: Seconds = -math.inf
    """How long that counts."""


class Need(NamedTuple):
    """What the others are to give in all, + discharging, and what the one in Auto has left."""

    watts: Watts
    spare: Watts


def lend(
    before: Help, who: str, auto: Member | None, seen: Seen, at: Seconds, rules: Rules
) -> tuple[Help, Need]:
    """Say what help is needed beside the one in Auto; without one, all of it."""
    if who != before.who:
        before = before._replace(who=who, until=-math.inf)
    load = seen.steady(rules)
    way, size = math.copysign(1.0, load), abs(load)
    if auto is None:
        watts = load if size >= rules.least else 0.0
        return before._replace(watts=watts, at=at), Need(watts, 0.0)
    most, gives = auto.discharge if way > 0 else auto.charge, max(0.0, way * auto.power)
    now = _weak(before, seen, way, gives, most, at, rules)
    can = min(most, now.weak) if at < now.until else most
    near = min(rules.near, PART * most, can)
    joins = min(can, near + (can - gives) / 2)
    on = size > near and (before.on or size > joins)
    goal = way * max(rules.least, size - near) if on else 0.0
    watts = _paced(now, goal, auto, seen.quick(rules), at, rules)
    return now._replace(on=on, watts=watts, at=at), Need(watts, can - near)


def _weak(
    before: Help, seen: Seen, way: float, gives: Watts, most: Watts, at: Seconds, rules: Rules
) -> Help:
    """Note a battery in Auto that leaves the meter where it should not be."""
    full = gives >= most - rules.idle
    if not seen.fresh or full or seen.missing(way, rules) <= rules.idle:
        return before
    return before._replace(weak=gives, until=at + WEAK)


def _paced(
    before: Help, goal: Watts, auto: Member, load: Watts, at: Seconds, rules: Rules
) -> Watts:
    """Move the help no faster than the one in Auto follows; but what it cannot do is due at once.

    Each step of the helpers shows on the meter until the one in Auto has answered.
    """
    gives = min(auto.discharge, before.weak) if at < before.until else auto.discharge
    takes = min(auto.charge, before.weak) if at < before.until else auto.charge
    most = rules.pace * max(0.0, min(LONGEST, at - before.at))
    paced = before.watts + max(-most, min(most, goal - before.watts))
    due = max(load - gives, min(load + takes, paced))
    if not goal:
        return due
    least = math.copysign(min(abs(goal), rules.least), goal)
    return max(due, least) if goal > 0 else min(due, least)


def _younger(told: Told, than: Seconds) -> Told:
    return tuple(entry for entry in told if entry[0] > than)


def _middle(told: Told) -> Watts:
    return median(watts for _, watts in told)
