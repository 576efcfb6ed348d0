"""A controller that knows every battery perfectly, and the future not at all.

It knows state, dynamics, true limits and faults of every battery and all that is in flight; it
reads the same meter as everybody. What the best of its policies reaches is the causal bound: an
envelope of good policies, no proof that nothing is better.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import exp, inf
from typing import Literal

from flowctl.backtest.guesses import LONG, SHORT, Expert, Guess, Middle, Rhythm
from flowctl.backtest.twins import Twin, Twins

TICK = 0.5  # s between two looks
LANDS = 30.0  # s after a command in which even slow batteries come to rest
SAME = 8.0  # W: a command nearer to the last one is not sent
JUMP = 150.0  # W: a change that a careful policy wants to see twice
FULL = 0.98  # part of its limit from which the fastest battery needs the help of the others
EMPTY, LEAST_ROOM = 11.5, 2.0  # %: below this a battery gives nothing; the least that is shared by
Sharing = Literal["fastest", "rating", "energy"]
GUESSES: dict[str, Callable[[float, float], Guess]] = {
    "last": Guess,
    "expert": Expert,
    "short": partial(Middle, seconds=SHORT),
    "long": partial(Middle, seconds=LONG),
    "rhythm": Rhythm,
}


@dataclass(frozen=True, slots=True)
class Policy:
    """One way to use the knowledge."""

    guess: str
    sharing: Sharing = "fastest"
    lead: bool = False
    """Whether it asks for more than it wants for a moment, to overcome the lag."""
    confirm: bool = False
    """Whether it waits for a second reading after a jump."""

    def __str__(self) -> str:
        marks = ("lead", self.lead), ("confirm", self.confirm)
        return " ".join((self.guess, self.sharing, *(name for name, on in marks if on)))


POLICIES = (
    *(
        Policy(guess, sharing, lead)
        for guess in ("last", "expert")
        for sharing in ("fastest", "rating", "energy")
        for lead in (True, False)
    ),
    *(Policy(guess, confirm=True) for guess in ("last", "expert")),
    *(Policy(guess, lead=True) for guess in ("short", "long", "rhythm")),
)
"""The family whose best one, in hindsight, is the bound."""
FEW = tuple(Policy("expert", sharing) for sharing in ("fastest", "rating", "energy"))
"""Those that stand for all of it in long runs, where they are within a few percent."""


class Oracle:
    """A policy at work."""

    def __init__(self, twins: Twins, policy: Policy) -> None:
        names = twins.names[1:]
        self._twins, self.policy = twins, policy
        self._batteries = sorted(map(twins.twin, names), key=_reach)
        ahead = min(map(_reach, self._batteries), default=0.0) + twins.latency
        self._guess = GUESSES[policy.guess](ahead, twins.period)
        self._wanted: float | None = None
        self._load, self._waits = 0.0, False
        self._calm_at = 0.0
        self._sent = [inf] * len(names)
        self._sent_at = [-inf] * len(names)

    def read(self, now: float, grid: float) -> None:
        """Take a reading of the meter: what the batteries did meanwhile is known."""
        until, average = self._twins.taken, self._twins.average
        since = max(0.0, until - average)
        given = sum(item.energy(until) - item.energy(since) for item in self._batteries)
        load = grid + given / max(until - since, 1e-9)
        jumped = self._wanted is not None and abs(load - self._load) > JUMP
        self._load, self._wanted = load, self._guess.hear(now, load)
        self._waits = self.policy.confirm and jumped and not self._waits
        self.look(now)

    def tick(self, now: float) -> None:
        """Look again between readings, while anything is on its way."""
        if now < self._calm_at:
            self.look(now)

    def look(self, now: float) -> None:
        """Send what is to be sent now, the fastest battery first."""
        if self._wanted is None or self._waits:
            return
        ready, wanted = list[int](), self._wanted
        for place, item in enumerate(self._batteries):
            if item.listens():
                ready.append(place)
            else:
                self._sent[place] = inf  # it may forget
                wanted -= item.power(now)
        if ready:
            self._share(now, wanted, ready)

    def _share(self, now: float, wanted: float, ready: Sequence[int]) -> None:
        batteries = [self._batteries[place] for place in ready]
        able = [item.reached() for item in batteries]
        limits = [gives if wanted > 0 else takes for takes, gives in able]
        aims = self._shared(wanted, limits, batteries)
        _least(aims, batteries)
        helped = abs(aims[0]) >= FULL * limits[0]
        for order, place in enumerate(ready):
            item = batteries[order]
            if now < self._sent_at[place] + item.write_every - 1e-6:
                self._calm_at = max(self._calm_at, now + item.write_every)
                continue
            owed = _owed(item, now, batteries[order + 1 :], aims[order + 1 :])
            if order:
                owed = _along(owed, aims[order]) if helped else 0.0
            self._send(place, now, self._command(item, able[order], now, aims[order] + owed))

    def _shared(
        self, wanted: float, limits: Sequence[float], batteries: Sequence[Twin]
    ) -> list[float]:
        charging = wanted < 0
        if self.policy.sharing == "fastest":
            weights = None
        elif self.policy.sharing == "rating":
            weights = [limit + 1.0 for limit in limits]
        else:
            weights = [_room(item, charging=charging) for item in batteries]
        sign = -1.0 if charging else 1.0
        return [sign * part for part in filled(abs(wanted), limits, weights)]

    def _command(self, item: Twin, able: tuple[float, float], now: float, wanted: float) -> float:
        (dead, lag), (takes, gives) = item.timing, able
        wanted = told = max(-takes, min(gives, wanted))
        if self.policy.lead:
            then = item.expected(now + dead)
            held = max(item.write_every, TICK)  # s until it is told something else
            told = then + (wanted - then) / (1 - exp(-held / lag))
            told = max(-takes, min(gives, told))
        if abs(wanted) < item.min_power / 2:
            told = 0.0
        return told / max(0.05, item.gain())

    def _send(self, place: int, now: float, watts: float) -> None:
        if abs(watts - self._sent[place]) > SAME:
            self._batteries[place].command(watts)
            self._sent[place], self._sent_at[place] = watts, now
            self._calm_at = max(self._calm_at, now + LANDS)


def filled(total: float, limits: Sequence[float], weights: Sequence[float] | None) -> list[float]:
    """Share a total by weights under limits; without weights fill one after the other."""
    shares, rest = [0.0] * len(limits), total
    if weights is None:
        for place, limit in enumerate(limits):
            shares[place] = min(limit, rest)
            rest -= shares[place]
        return shares
    left = sum(weights)
    for place in sorted(range(len(limits)), key=lambda k: limits[k] / weights[k]):
        shares[place] = min(limits[place], rest * weights[place] / left)
        rest -= shares[place]
        left -= weights[place]
    return shares


def _reach(item: Twin) -> float:
    return sum(item.timing)


def _room(item: Twin, *, charging: bool) -> float:
    """Energy that it can still take or give, Wh."""
    part = 100.0 - item.soc if charging else item.soc - EMPTY
    return max(LEAST_ROOM, part) / 100 * item.capacity


def _least(aims: list[float], batteries: Sequence[Twin]) -> None:
    """Hand what is less than a battery can hold to the fastest."""
    for place in range(len(aims) - 1, 0, -1):
        if 0 < abs(aims[place]) < batteries[place].min_power:
            aims[0] += aims[place]
            aims[place] = 0.0


def _along(owed: float, aim: float) -> float:
    """What is owed, as far as it lies in the direction of the aim."""
    return min(0.0, owed) if aim < 0 else max(0.0, owed)


def _owed(item: Twin, now: float, slower: Sequence[Twin], aims: Sequence[float]) -> float:
    """What the slower ones will still owe when a command to this one lands."""
    lands = now + item.timing[0] + item.write_every / 2
    return sum(aim - other.expected(lands) for other, aim in zip(slower, aims, strict=True))
