"""What panels on a roof make: a clear day, and clouds that come and go within seconds."""

from bisect import bisect_right
from math import pi, sin
from random import Random

from nodes.sim.setup import SunSetup
from nodes.sim.trace import Trace

DAY = 86400
EDGE = (4.0, 40.0)  # s that the edge of a cloud takes to pass a roof
HOLD = 110.0  # s between two edges, mean


def made_sun(setup: SunSetup, seed: int, begin: float) -> Trace:
    """Build one day of solar power, one value per second; it repeats."""
    random = Random(f"{seed}/sun")
    knots = _clouds(random, setup.clouds / 100)
    times = [time for time, _ in knots]
    watts = []
    for second in range(DAY):
        clear = _clear(setup, second)
        watts.append(clear * _between(knots, times, second) if clear else 0.0)
    return Trace(range(DAY), watts, length=DAY).starting(begin % DAY)


def _clear(setup: SunSetup, second: float) -> float:
    if not setup.sunrise < second < setup.sunset:
        return 0.0
    height = sin(pi * (second - setup.sunrise) / (setup.sunset - setup.sunrise))
    return float((setup.peak or 0.0) * height**1.3)


def _clouds(random: Random, part: float) -> list[tuple[float, float]]:
    """Knots of `(second, share of the clear sky)`."""
    time, share, knots = 0.0, 1.0, [(0.0, 1.0)]
    while time < DAY:
        time += random.expovariate(1 / HOLD) + 8
        knots.append((time, share))
        clears = share < 0.6 or random.random() >= 1.4 * part
        share = random.uniform(1 - part / 2, 1.0) if clears else random.uniform(0.2, 0.55)
        time += random.uniform(*EDGE)
        knots.append((time, share))
    return knots


def _between(knots: list[tuple[float, float]], times: list[float], second: float) -> float:
    index = bisect_right(times, second)
    (before, low), (after, high) = knots[index - 1], knots[min(index, len(knots) - 1)]
    return low + (high - low) * (second - before) / (after - before) if after > before else low
