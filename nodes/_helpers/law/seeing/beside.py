"""Beside batteries that are not ours to command: what is left to them, and what is not.

By what they say of themselves nobody knows whether they serve the house: one is empty, another
stands where somebody has set it. So each is judged by what it does. One whose power goes after the
meter gets the fast part and its share of the rest. What any other does is neither asked for nor
served: the house gets what it does not give, and no battery works for another.
"""

import math
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from flowctl import Seconds, Watts
from nodes._helpers.law.knowing.belief import Belief
from nodes._helpers.law.seeing.forecast import median

WINDOW = 25.0  # s over which the load beside one that follows it is taken
RECENT = 5.0  # s over which the meter asks: an answer comes later than what it answers
ASKS = 50.0  # W at the meter that call for an answer: more than the 20 W firmware leaves alone
MOVES = 50.0  # W that are an answer: more than measurements stray
STANDS = 100.0  # W that one leaves at the meter, all of PATIENCE, that follows no more, or cannot
BOTH = 2  # ways to answer
PATIENCE = 20.0  # s: two polls of the slowest telemetry, and what the slowest firmware takes


class Stranger(NamedTuple):
    """One battery that is not ours now, and whether its power goes after the meter."""

    power: Watts
    """Where it stood when it was last seen to move."""
    asked_at: Seconds
    """When the meter began to ask for what it has not answered yet."""
    ways: frozenset[bool] = frozenset()
    """Whether it has answered import, and export; once can be the end of what somebody had set."""

    @property
    def follows(self) -> bool:
        """Whether its power goes after the meter."""
        return len(self.ways) == BOTH


class Beside(NamedTuple):
    """What is remembered while there are such batteries."""

    strangers: Mapping[str, Stranger] = MappingProxyType({})
    asks: Watts = 0.0
    """What the meter has shown of late."""
    read_at: Seconds = math.inf
    given: Watts = 0.0
    """What they all give."""
    followed: Watts = 0.0
    """What those give that follow."""
    part: float = 1.0
    """Our part of what we serve with these."""
    loads: tuple[tuple[Seconds, Watts], ...] = ()
    """What they and we have had to serve of late."""

    def needed(self, load: Watts) -> Watts:
        """Return what is ours to serve of a load that is free of what they give."""
        return between(load, load + self.given) if self.given else load

    def target(self, load: Watts, foreseen: Watts) -> tuple["Beside", Watts]:
        """Say how much of it we serve now: the slow part beside one that follows, else all."""
        if self.part == 1.0:
            return self, foreseen
        loads = [(at, old) for at, old in self.loads if at >= self.read_at - WINDOW]
        loads.append((self.read_at, between(load + self.followed, load + self.given)))
        return self._replace(loads=tuple(loads)), self.part * median([old for _, old in loads])


ALONE = Beside()


def watched(before: Beside, beliefs: Mapping[str, Belief], meter: Watts, at: Seconds) -> Beside:
    """Look at each reading who is not ours to command, and whether they answer the meter."""
    for belief in beliefs.values():
        if belief.facts.self_regulating or belief.witness.against:
            break
    else:
        return ALONE
    there = {name: belief for name, belief in beliefs.items() if not belief.is_gone(at)}
    pace = 1 - math.exp(-max(0.0, at - before.read_at) / RECENT)
    asks = before.asks + pace * (meter - before.asks)
    strangers = {
        name: _judged(before.strangers.get(name), belief.given(at), asks, meter, at)
        for name, belief in there.items()
        if belief.facts.self_regulating
    }
    following = [there[name] for name, stranger in strangers.items() if stranger.follows]
    ours = [belief for name, belief in there.items() if name not in strangers]
    given, followed = (sum(one.given(at) for one in some) for some in (there.values(), following))
    part = _rated(ours) / (_rated([*ours, *following]) or 1.0) if following else 1.0
    loads = before.loads if part == before.part else ()
    return Beside(strangers, asks, at, given, followed, part, loads)


def _judged(
    known: Stranger | None, power: Watts, asks: Watts, meter: Watts, at: Seconds
) -> Stranger:
    if known is None:
        return Stranger(power, at)
    moved = power - known.power
    if abs(moved) > MOVES:
        if moved * asks <= 0 or abs(asks) <= ASKS:
            return known._replace(power=power)
        return Stranger(power, at, known.ways | {asks > 0})
    if abs(meter) < STANDS or meter * asks < 0:
        return known._replace(asked_at=at)
    return known if at - known.asked_at <= PATIENCE else known._replace(ways=frozenset())


def between(need: Watts, house: Watts) -> Watts:
    """Serve no more than the house draws, or makes: the rest goes to or comes from a battery."""
    return max(min(need, max(house, 0.0)), min(house, 0.0))


def _rated(beliefs: Iterable[Belief]) -> Watts:
    return sum(belief.facts.max_discharge for belief in beliefs)
