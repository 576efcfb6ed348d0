"""Where the power of a battery has been: its moves so far, for as long as anybody may ask."""

from collections import deque
from collections.abc import Iterable

from nodes.sim.leg import Leg

IDLE = 1.0  # W; below this it stands still


class Motion:
    """A power that follows its target by wake-up, lag and slew rate."""

    def __init__(self, lag: float, slew: float, wake: float, memory: float) -> None:
        """Begin at rest; the course is remembered for `memory` seconds."""
        self._lag, self._slew, self._wake, self._memory = lag, slew, wake, memory
        self._legs = deque([Leg(0.0, 0.0, 0.0, 0.0, 0.0, lag, slew)])

    def power(self, time: float) -> float:
        """Watts at a time not long ago."""
        return self._leg(time).power_at(time)

    def energy(self, time: float) -> float:
        """Watt seconds delivered up to a time not long ago."""
        return self._leg(time).energy_at(time)

    def aim(self, now: float, target: float) -> None:
        """Go for another power; from idle it has to wake up first."""
        old = self._legs[-1]
        if target == old.target:
            return
        self._legs.append(self._turned(old, now, target))
        while len(self._legs) > 2 and self._legs[1].since < now - self._memory:
            self._legs.popleft()

    def foreseen(self, aims: Iterable[tuple[float, float]], time: float) -> float:
        """Watts at a time to come, if until then it is aimed so: `(when, target)`."""
        leg = self._legs[-1]
        for when, target in aims:
            if target != leg.target:
                leg = self._turned(leg, when, target)
        return leg.power_at(time)

    def _turned(self, old: Leg, now: float, target: float) -> Leg:
        power, start = old.power_at(now), max(now, old.start)
        if abs(old.target) < IDLE and abs(power) < IDLE:
            start = now + self._wake
        return Leg(now, start, power, old.energy_at(now), target, self._lag, self._slew)

    def _leg(self, time: float) -> Leg:
        return next((leg for leg in reversed(self._legs) if leg.since <= time), self._legs[0])
