"""What the house draws in the scenarios: loads as (second, W), each drawn by a seed."""

from collections.abc import Iterator, Sequence
from itertools import accumulate
from random import Random

Box = tuple[float, float, float]
"""Something that runs: from when, s, how long, s, and with how much, W."""
Load = list[tuple[float, float]]
"""The power of the house from each of these seconds on, W."""
WARM = 240.0  # s at the beginning that no figure counts, with steps that teach
HOB = ((1.0, 1.0), (2.0, 2.0), (1.1, 3.2), (3.0, 2.0), (5.0, 5.0))  # s on, s off


def steps(random: Random, seconds: float) -> Load:
    """1 kW for 40 s, and 40 s without."""
    times = regular(random, WARM + 10, seconds - 45, every=(80.0, 82.0))
    return laid(random, seconds, 350.0, 3.0, [*warm(random), *((at, 40.0, 1000.0) for at in times)])


def long_steps(random: Random, seconds: float) -> Load:
    """1.5 kW for 45 s, and 50 s without."""
    times = regular(random, WARM + 10, seconds - 40, every=(95.0, 95.0))
    return laid(random, seconds, 500.0, 4.0, [*warm(random), *((at, 45.0, 1500.0) for at in times)])


def two_steps(random: Random, seconds: float) -> Load:
    """1 kW, and 400 W more while that is still being served; each 150 s."""
    boxes = list(warm(random))
    for at in regular(random, WARM + 5, seconds, every=(150.0, 150.0)):
        late = random.uniform(2.5, 5.0)
        boxes += [(at, 110.0, 1000.0), (at + late, 100.0, 400.0)]
    return laid(random, seconds, 0.0, 3.0, boxes)


def ordinary(
    random: Random,
    seconds: float,
    *,
    base: float,
    noise: float,
    sizes: Sequence[float],
    begin: float = WARM + 5,
) -> Load:
    """One of some sizes for 35 s, about once a minute."""
    times = regular(random, begin, seconds, every=(55.0, 75.0))
    boxes = [(at, 35.0, random.choice(sizes)) for at in times]
    before = warm(random) if begin >= WARM else ()
    return laid(random, seconds, base, noise, [*before, *boxes])


def hob(random: Random, seconds: float) -> Load:
    """1.6 kW in five rhythms, each for a minute and a half."""
    boxes = list(warm(random))
    for place, (on, off) in enumerate(HOB):
        boxes += pulses(random, WARM + 20 + 115 * place, 90.0, 1600.0, on, off)
    return laid(random, seconds, 500.0, 6.0, boxes)


def anything(random: Random, seconds: float) -> Load:
    """Loads and sun of all sizes at any time, and now and then a hob."""
    boxes = list(warm(random))
    for at in regular(random, WARM, seconds, every=(15.0, 90.0)):
        power = random.choice((150.0, 400.0, 800.0, 1300.0, 2000.0, -900.0, -1800.0))
        boxes.append((at, random.uniform(8, 120), power))
    if random.random() < 0.3:
        begin, (on, off) = random.uniform(WARM, 0.6 * seconds), random.choice(HOB)
        boxes += pulses(random, begin, 180.0, random.choice((1400.0, 1800.0)), on, off)
    return laid(random, seconds, random.uniform(150, 900), random.uniform(3, 15), boxes)


def warm(random: Random) -> Iterator[Box]:
    """Ordinary steps, before anything counts."""
    for at in regular(random, 20.0, WARM - 30, every=(45.0, 45.0)):
        yield at, 22.0, random.choice((400.0, 700.0, 1000.0))


def regular(
    random: Random, begin: float, end: float, *, every: tuple[float, float]
) -> Iterator[float]:
    """Times from `begin` to `end`, so far apart."""
    while begin < end:
        yield begin
        begin += random.uniform(*every)


def pulses(
    random: Random, begin: float, lasts: float, power: float, on: float, off: float
) -> Iterator[Box]:
    """A thermostat that is not quite exact."""
    end = begin + lasts
    while begin < end:
        yield begin, min(on * random.uniform(0.96, 1.04), end - begin), power
        begin += (on + off) * random.uniform(0.96, 1.04)


def laid(random: Random, seconds: float, base: float, noise: float, boxes: Sequence[Box]) -> Load:
    """Lay boxes over a base that wanders: each second remembers most of the one before."""
    changes, level = [(0.0, base)], 0.0
    for begin, lasts, watts in boxes:
        changes += [(begin, watts), (min(begin + lasts, seconds), -watts)]
    for second in range(int(seconds)):
        before, level = level, 0.8 * level + random.gauss(0, 0.6 * noise)
        changes.append((float(second), level - before))
    changes.sort()
    times, watts = zip(*changes, strict=True)
    return list(zip(times, accumulate(watts), strict=True))
