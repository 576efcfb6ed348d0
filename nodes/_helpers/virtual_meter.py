"""The meter that a self-regulating battery is shown: what it shall change, and that only once.

Such a battery adds what its meter shows to its own output, again at each poll. So it is shown what
is missing now: what is wanted, less what it was measured to give, less what it has been asked for
since and cannot be seen in a measurement yet.
"""

import math
from dataclasses import dataclass, replace

from flowctl import Seconds, Watts

KEPT = 60.0  # s that a move is expected to come, while nothing is measured
SLOWER = 0.2  # part of a smaller pace that is believed at once; a larger one is believed whole
WORTH = 0.75  # of a step that must be missing: half of one would make it waver (bench: 22 to 16 W)
FIRM = 50.0  # W of export beyond its output that stop any battery
LEAST = 0.1  # of its step: a battery polls at least once in ten readings of ours


@dataclass(frozen=True, slots=True)
class Move:
    """What it was asked to change at a poll."""

    at: Seconds
    watts: Watts


@dataclass(frozen=True, slots=True)
class VirtualMeter:
    """What one battery is to give, gives, and was shown. Powers: + discharging."""

    step: Watts | None = None
    """What it changes at a poll, however much it is shown; `None`: all that it is shown."""
    age: Seconds = 1.0
    """How old a measured power is when it is heard."""
    wanted: Watts | None = None
    power: Watts | None = None
    """As it was measured last."""
    moves: tuple[Move, ...] = ()
    """What it was asked for and no measurement shows yet."""
    pace: Watts | None = None
    """What it was seen to change at a reading of ours; its polls may be rarer."""
    accepted: Watts | None = None
    """Where it can have come to by now, at that pace, on its way up to what is wanted."""
    throttle: Seconds = 0.0
    """Readings that follow one another sooner show that nothing is missing."""
    read_at: Seconds = -math.inf
    blind: bool = False
    """Nobody measures it: it is taken to have done what it was shown, beginning at nothing."""

    @property
    def expected(self) -> Watts | None:
        """What it gives once it has followed all it was shown."""
        if self.power is None:
            return 0.0 if self.blind else None
        return self.power + math.fsum(move.watts for move in self.moves)

    def wanting(self, watts: Watts | None) -> "VirtualMeter":
        """Aim at another power, or at none."""
        if watts is None or (self.accepted is not None and self.step is not None):
            return replace(self, wanted=watts, accepted=None if watts is None else self.accepted)
        begin = self.expected if self.step is not None or self.power is None else watts
        return replace(self, wanted=watts, accepted=begin)

    def measured(self, watts: Watts, at: Seconds) -> "VirtualMeter":
        """Take what it was measured to give; what it was shown before that has come to pass."""
        seen = [move for move in self.moves if move.at <= at - self.age]
        left = tuple(move for move in self.moves if move.at > at - self.age)
        pace = self.pace if self.power is None else self._paced(seen, watts - self.power)
        accepted = self.accepted
        if self.power is None and self.wanted is not None:
            accepted = watts if self.step is not None else self.wanted
        return replace(self, power=watts, moves=left, pace=pace, accepted=accepted)

    def unknown(self) -> "VirtualMeter":
        """Forget what it gives: its telemetry is gone."""
        return replace(self, power=None, moves=(), accepted=None)

    def read(self, at: Seconds) -> tuple["VirtualMeter", Watts]:
        """Show what is missing, + import, and note that the battery will follow it."""
        fresh = replace(self, moves=tuple(move for move in self.moves if move.at > at - KEPT))
        expected = fresh.expected
        if self.wanted is None or expected is None or at - self.read_at < self.throttle:
            return fresh, 0.0
        fresh = replace(fresh, read_at=at, accepted=self._nearer(self.wanted))
        shown = _shown(self.wanted, expected, self.step, sure=not self.blind)
        if not shown:
            return fresh, 0.0
        move = Move(at, _followed(shown, expected, self.wanted, self.pace or self.step))
        if self.blind:
            return replace(fresh, power=expected + move.watts), shown
        return replace(fresh, moves=(*fresh.moves, move)), shown

    def _nearer(self, wanted: Watts) -> Watts:
        """Return where it can have come to after one more reading.

        On its way down it is where it goes to: told later, it would look set by somebody else.
        """
        pace, begin = self.pace or self.step, self.accepted
        if pace is None or begin is None or wanted < begin:
            return wanted
        return begin + min(pace, max(-pace, wanted - begin))

    def _paced(self, seen: list[Move], change: Watts) -> Watts | None:
        """Learn how far it goes at a reading: at once if farther than thought, else slowly."""
        ups = sum(math.copysign(1, move.watts) for move in seen)
        if self.step is None or not ups:
            return self.pace
        told = min(self.step, max(LEAST * self.step, change / ups))
        known = self.pace or self.step
        return max(told, known + SLOWER * (told - known))


def _shown(wanted: Watts, expected: Watts, step: Watts | None, *, sure: bool) -> Watts:
    missing, most = wanted - expected, step or FIRM
    if wanted == 0 and (expected > 0 or not sure):
        return missing - most  # firmly: less would leave a rest
    return missing if abs(missing) >= WORTH * (step or 0.0) else 0.0


def _followed(shown: Watts, expected: Watts, wanted: Watts, pace: Watts | None) -> Watts:
    """How far it goes by that; one that stops does not go through zero."""
    move = shown if pace is None else math.copysign(pace, shown)
    return -expected if wanted == 0 and expected >= 0 > expected + move else move
