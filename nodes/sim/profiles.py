"""Made-up house loads: appliances as homes have them, drawn anew by each seed."""

from collections.abc import Callable, Iterator
from random import Random

from nodes.sim.trace import Box, Trace, of_boxes

EVENING, DAY, STEPS = 45 * 60.0, 86400.0, 80.0  # s until a profile repeats


def profile(name: str, base: float, noise: float, seed: int, begin: float) -> Trace:
    """Build a load by its name; `begin` is the time of day at which the plant begins."""
    random = Random(f"{seed}/house")
    boxes, length = PROFILES[name]
    floor = (0.0, length, base)
    made = of_boxes([floor, *boxes(random)], length, list(_ripple(random, length, noise)))
    return made if length < DAY else made.starting(begin % DAY)


def _ripple(random: Random, length: float, noise: float) -> Iterator[float]:
    """Small things that nobody switches: each second remembers most of the one before."""
    level = 0.0
    for _ in range(int(length)):
        level = 0.8 * level + random.gauss(0, 0.6 * noise)
        yield level


def _evening(random: Random) -> Iterator[Box]:
    yield 20.0, random.uniform(120, 200), 2000.0  # a kettle soon, so that there is something to see
    yield random.uniform(1500, 2200), random.uniform(120, 200), 2000.0
    yield from _fridge(random, EVENING)
    yield from _oven(random, 290.0, 1500.0)
    yield from _hob(random, 520.0, 300.0)
    yield from _washer(random, 900.0)
    yield from _pulses(random, 2000.0, 150.0, 1200.0, 12.0, 8.0)
    for _ in range(14):
        power = random.choice((40.0, 60.0, 120.0, 250.0))
        yield random.uniform(0, EVENING), random.uniform(20, 400), power


def _day(random: Random) -> Iterator[Box]:
    yield from _fridge(random, DAY)
    for hour in (6.8, 7.4, 10.2, 15.5, 19.9, 21.6):
        yield hour * 3600 + random.uniform(-600, 600), random.uniform(120, 200), 2000.0
    yield from _oven(random, 17.7 * 3600, 2000.0)
    for hour, lasts in ((12.2, 420.0), (18.0, 900.0)):
        yield from _hob(random, hour * 3600, lasts)
    for hour in (9.5, 13.2):
        yield from _washer(random, hour * 3600)
    for hour in (0.5, 3.0, 5.5, 8.5, 11.5, 14.0, 20.2, 22.5):
        yield hour * 3600, 3000.0, 900.0  # a heat pump
    for _ in range(150):
        power = random.choice((30.0, 60.0, 120.0, 300.0, 700.0))
        yield random.uniform(0, DAY), random.uniform(20, 1500), power


def _steps(_: Random) -> Iterator[Box]:
    yield 10.0, 40.0, 1000.0


def _quiet(_: Random) -> Iterator[Box]:
    yield from ()


def _fridge(random: Random, until: float) -> Iterator[Box]:
    time = random.uniform(0, 900)
    while time < until:
        lasts = random.uniform(500, 900)
        yield time, 1.0, 350.0
        yield time, lasts, 85.0
        time += lasts + random.uniform(900, 1500)


def _oven(random: Random, begin: float, lasts: float) -> Iterator[Box]:
    yield begin, 420.0, 2200.0
    yield from _pulses(random, begin + 460, lasts - 460, 2200.0, 35.0, 55.0, 0.25)


def _hob(random: Random, begin: float, lasts: float) -> Iterator[Box]:
    rhythms = ((1.0, 1.0), (1.5, 2.5), (3.0, 3.0), (2.0, 5.0))
    for minute in range(int(lasts // 60)):
        on, off = random.choice(rhythms)
        power = random.choice((1400.0, 1800.0))
        yield from _pulses(random, begin + 60 * minute, 60.0, power, on, off, 0.04)


def _washer(random: Random, begin: float) -> Iterator[Box]:
    yield begin + 120, 700.0, 1950.0
    yield from _pulses(random, begin, 2400.0, 330.0, 12.0, 4.0, 0.15)


def _pulses(
    random: Random,
    begin: float,
    lasts: float,
    power: float,
    on: float,
    off: float,
    jitter: float = 0.0,
) -> Iterator[Box]:
    time, end = begin, begin + lasts
    while time < end:
        this = on * (1 + jitter * random.uniform(-1, 1))
        yield time, min(this, end - time), power
        time += this + off * (1 + jitter * random.uniform(-1, 1))


PROFILES: dict[str, tuple[Callable[[Random], Iterator[Box]], float]] = {
    "evening": (_evening, EVENING),
    "day": (_day, DAY),
    "steps": (_steps, STEPS),
    "quiet": (_quiet, STEPS),
}
