"""How a power moves from one level to another: a lag, and a slew rate that bounds it. Exact."""

from dataclasses import dataclass, field
from math import copysign, exp
from typing import NamedTuple

THERE = 0.5  # W from the target at which it has arrived


class Aim(NamedTuple):
    """What a device goes for."""

    watts: float
    awake: bool = False
    """Whether it stays awake though that is zero."""


@dataclass(frozen=True, slots=True)
class Leg:
    """One move, closed form: no step size, so its course does not depend on who asks when."""

    since: float
    """From when on this leg tells, s."""
    start: float
    """When the power begins to move; later than `since` while the device wakes up."""
    power: float
    """Where it comes from, W."""
    energy: float
    """Watt seconds delivered before `since`."""
    target: float
    lag: float
    slew: float
    awake: bool = False
    """Whether it stays awake though its target is zero; from `start` on."""
    _straight: float = field(init=False)
    _edge: float = field(init=False)

    def __post_init__(self) -> None:
        gap = self.target - self.power
        knee = self.slew * self.lag  # farther away than this, the slew rate bounds it
        size = abs(gap)
        object.__setattr__(self, "_straight", (size - knee) / self.slew if size > knee else 0.0)
        object.__setattr__(self, "_edge", copysign(min(size, knee), gap))

    @property
    def aim(self) -> Aim:
        """What it goes for."""
        return Aim(self.target, self.awake)

    def power_at(self, time: float) -> float:
        """Watts at a time."""
        gone = time - self.start
        if gone <= 0:
            return self.power
        if gone < self._straight:
            return self.power + copysign(self.slew, self._edge) * gone
        rest = self._edge * exp(-(gone - self._straight) / self.lag)
        return self.target - rest if abs(rest) >= THERE else self.target

    def energy_at(self, time: float) -> float:
        """Watt seconds delivered up to a time."""
        gone = time - self.start
        if gone <= 0:
            return self.energy + self.power * (time - self.since)
        before = self.energy + self.power * (self.start - self.since)
        line = min(gone, self._straight)
        before += line * (self.power + copysign(self.slew, self._edge) * line / 2 if line else 0.0)
        tail = gone - line
        if tail <= 0:
            return before
        return before + self.target * tail - self._edge * self.lag * (1 - exp(-tail / self.lag))
