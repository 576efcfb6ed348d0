"""A simulated grid meter: the mean of a while, late, noisy, rounded. Pure, no clock."""

import math
from collections import deque
from collections.abc import Callable
from random import Random

from nodes.sim.setup import MeterFault, MeterSetup
from nodes.sim.shape import stepped


class GridMeter:
    """Readings at the grid connection, + import."""

    def __init__(self, setup: MeterSetup, energy: Callable[[float], float], seed: int = 1) -> None:
        """Measure `energy`: the watt seconds imported up to a time."""
        self.setup, self._energy = setup, energy
        self._random = Random(f"{seed}/meter")
        self.next_sample = self._random.uniform(0, setup.every)
        self.taken = 0.0
        """When the newest reading that was handed over had been taken."""
        self._coming: deque[tuple[float, float, float]] = deque()
        self._said = 0.0

    def sample(self) -> None:
        """Take the reading that is due; it is said after the latency."""
        now, setup = self.next_sample, self.setup
        self.next_sample += setup.every
        if any(fault.silent for fault in self.faults(now)):
            return
        if not any(fault.frozen for fault in self.faults(now)):
            self._said = self._reading(now)
        jitter = setup.jitter / 100 * self._random.uniform(-1, 1)
        before = self._coming[-1][0] if self._coming else -math.inf
        said = max(before, now + setup.latency * (1 + jitter))
        self._coming.append((said, self._said, now))

    def next_due(self) -> float:
        """When it does something next."""
        return min(self.next_sample, self._coming[0][0] if self._coming else math.inf)

    def said(self, until: float) -> list[tuple[float, float]]:
        """Hand over, once, the readings said up to a time: `(time, W)`."""
        due = []
        while self._coming and self._coming[0][0] <= until:
            time, watts, self.taken = self._coming.popleft()
            due.append((time, watts))
        return due

    def faults(self, time: float) -> list[MeterFault]:
        """What is wrong with it at a time."""
        return [fault for fault in self.setup.faults if fault.on(time)]

    def _reading(self, now: float) -> float:
        begin = max(0.0, now - self.setup.average)
        mean = (self._energy(now) - self._energy(begin)) / (now - begin) if now > begin else 0.0
        return stepped(mean + self._random.gauss(0, self.setup.noise), self.setup.resolution)
