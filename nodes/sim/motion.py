"""Where the power of a battery has been: its moves so far, for as long as anybody may ask."""

from collections import deque
from collections.abc import Iterable
from math import inf

from nodes.sim.leg import Aim, Leg

IDLE = 1.0  # W; below this it stands still, and sleeps if nobody keeps it awake


class Motion:
    """A power that follows its target by wake-up, lag and slew rate."""

    def __init__(self, lag: float, slew: float, wake: float, memory: float) -> None:
        """Begin at rest; the course is remembered for `memory` seconds."""
        self._lag, self._slew, self._wake, self._memory = lag, slew, wake, memory
        self._legs = deque([Leg(0.0, 0.0, 0.0, 0.0, 0.0, lag, slew)])
        self._naps: list[tuple[float, float]] = []

    def power(self, time: float) -> float:
        """Watts at a time not long ago."""
        return self._leg(time).power_at(time)

    def energy(self, time: float) -> float:
        """Watt seconds delivered up to a time not long ago."""
        return self._leg(time).energy_at(time)

    def awake(self, now: float) -> bool:
        """Tell whether it is kept awake now."""
        last = self._legs[-1]
        return last.awake and last.start <= now

    @property
    def naps(self) -> list[tuple[float, float]]:
        """When it was kept awake, `(since, until)`."""
        last = self._legs[-1]
        return [*self._naps, (last.start, inf)] if last.awake else self._naps

    def aim(self, now: float, aim: Aim) -> None:
        """Go for another power; from zero it has to wake up first, unless it was kept awake."""
        old = self._legs[-1]
        if aim == old.aim:
            return
        if self.awake(now):
            self._naps.append((old.start, now))
        self._legs.append(self._turned(old, now, aim))
        while len(self._legs) > 2 and self._legs[1].since < now - self._memory:
            self._legs.popleft()

    def foreseen(self, aims: Iterable[tuple[float, Aim]], time: float) -> float:
        """Watts at a time to come, if until then it is aimed so: `(when, aim)`."""
        leg = self._legs[-1]
        for when, aim in aims:
            if aim != leg.aim:
                leg = self._turned(leg, when, aim)
        return leg.power_at(time)

    def _turned(self, old: Leg, now: float, aim: Aim) -> Leg:
        power, start = old.power_at(now), max(now, old.start)
        if abs(old.target) < IDLE and abs(power) < IDLE and not old.awake:
            start = now + self._wake
        energy = old.energy_at(now)
        return Leg(now, start, power, energy, aim.watts, self._lag, self._slew, aim.awake)

    def _leg(self, time: float) -> Leg:
        for leg in reversed(self._legs):
            if leg.since <= time:
                return leg
        return self._legs[0]
