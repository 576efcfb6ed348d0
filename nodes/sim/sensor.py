"""What a simulated battery measures of its own power: late, noisy, and not always anew."""

import math
from collections.abc import Callable
from random import Random

from nodes.sim.setup import Telemetry


class Sensor:
    """Measurements of a power; asked more often than it measures, it tells the last one again."""

    def __init__(self, told: Telemetry, phase: Random) -> None:
        """Measure as is `told`; what is drawn of `phase` says when it begins."""
        self._told, self._begin = told, phase.uniform(0, told.renews)
        self._turn, self._watts = -math.inf, 0.0

    def read(self, now: float, power: Callable[[float], float], random: Random) -> float:
        """Tell, in W, the power as it knows it at a time; now and then 0 by mistake."""
        told = self._told
        if told.zeros and random.random() < told.zeros / 100:
            return 0.0
        turn = (now - self._begin) // told.renews if told.renews else now
        if turn != self._turn:
            at = self._begin + turn * told.renews if told.renews else now
            self._turn = turn
            self._watts = float(round(power(max(0.0, at - told.age)) + random.gauss(0, told.noise)))
        return self._watts
