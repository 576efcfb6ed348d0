"""A simulated grid meter: the mean of a while, late, noisy, rounded. Pure, no clock."""

import math
from collections import deque
from collections.abc import Callable
from random import Random

from nodes.sim.setup import MeterFault, MeterSetup
from nodes.sim.shape import stepped

OFTEN = 2.0  # times as often as it has a reading: who asks less often hears hardly one twice


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
        self._newest: float | None = None
        often, seldom = OFTEN * setup.polled <= setup.every, setup.polled > setup.every
        self._asks = setup.polled > 0 and (often or seldom)
        """Whether it is asked so often that it says the same again, or misses some."""
        self._next_poll = Random(f"{seed}/meter/polls").uniform(0, setup.polled)

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
        return min(self.next_sample, self._next_said())

    def said(self, until: float) -> list[tuple[float, float]]:
        """Hand over, once, what is heard up to a time: `(time, W)`."""
        heard = []
        while (now := self._next_said()) <= until:
            while self._coming and self._coming[0][0] <= now:
                _, self._newest, self.taken = self._coming.popleft()
            if self._asks:
                self._next_poll += self.setup.polled
            if self._newest is not None and not self._is_silent(now):
                heard.append((now, self._newest))
        return heard

    def faults(self, time: float) -> list[MeterFault]:
        """What is wrong with it at a time."""
        return [fault for fault in self.setup.faults if fault.on(time)]

    def _next_said(self) -> float:
        if self._asks:
            return self._next_poll
        return self._coming[0][0] if self._coming else math.inf

    def _is_silent(self, now: float) -> bool:
        return self._asks and any(fault.silent for fault in self.faults(now))

    def _reading(self, now: float) -> float:
        begin = max(0.0, now - self.setup.average)
        mean = (self._energy(now) - self._energy(begin)) / (now - begin) if now > begin else 0.0
        return stepped(mean + self._random.gauss(0, self.setup.noise), self.setup.resolution)
