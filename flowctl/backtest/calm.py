"""The load that meter and batteries tell together, though each at moments of its own.

Between two words of a battery its power lies between both, and so does the load. Of all loads that
fit, the calmest is taken: a battery answers the house, so a way that nobody saw is not the house's.
Where that is ruled out again and again the house itself is restless, and the middle is taken.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise

from flowctl.backtest.heard import Heard

FINE = 0.25  # s between two shifts that are tried: nobody is known to be late more exactly
SHIFTS = tuple(FINE * step for step in range(-8, 25))  # s that a power may be early or late
TRIED = 20_000  # readings that shifts are tried on
RARELY = 2  # times as long between two words as the meter's: then a battery's own are looked at
LOOKED, RESTLESS = 8, 4  # readings, and how many of them ruled the load out: a restless house
EDGE = 200.0  # W between two readings that a load is taken to have jumped, not gone
WAY = 0.5  # part of a jump that it may have gone before or after: more, and it is a ramp
LONGEST = 10.0  # s between readings within which there is one jump
Course = list[tuple[float, float]]
"""`(second, W)`."""
Shifts = Mapping[str, float]


def aligned(readings: Course, batteries: Mapping[str, Heard]) -> dict[str, float]:
    """Find how late the meter tells of each battery: the right shift makes the calmest load."""
    tried = readings[:TRIED]
    meter = Heard([time for time, _ in tried], [watts for _, watts in tried])
    shifts = dict.fromkeys(batteries, 0.0)
    for name in sorted(batteries, key=lambda name: batteries[name].wait()):
        rest = {other: item for other, item in batteries.items() if other != name}
        restless = {
            shift: _restlessness(_sums(meter, batteries[name], shift, rest, shifts))
            for shift in SHIFTS
        }
        shifts[name] = min(restless, key=lambda shift: (restless[shift], abs(shift)))
    return shifts


def calmest(readings: Course, batteries: Mapping[str, Heard], shifts: Shifts) -> Iterator[float]:
    """The load at each reading: it stays as it is until what was told rules that out."""
    watts: float | None = None
    ruled_out = deque[bool](maxlen=LOOKED)
    for low, high in _bounds(readings, batteries, shifts):
        nearest = (low + high) / 2 if watts is None else min(max(watts, low), high)
        out = watts is not None and nearest != watts
        watts = (low + high) / 2 if out and sum(ruled_out) >= RESTLESS else nearest
        ruled_out.append(out)
        yield watts


def sharpened(load: Course) -> Course:
    """Let a load jump that took a reading to get from one level to another.

    Such a reading is the mean of a time in which something was switched, and tells when it was.
    """
    made = load[:2]
    for before, (_, was), (time, watts), (end, then), after in _fives(load):
        size = then - was
        way = max((was - before[1]) / size, (after[1] - then) / size) if size else 1.0
        inside = min(was, then) < watts < max(was, then)
        if inside and way < WAY and abs(size) >= EDGE and end - time <= LONGEST:
            made += [(time, was), (time + (then - watts) / size * (end - time), then)]
        else:
            made.append((time, watts))
    return made + load[max(2, len(load) - 2) :]


def _fives(load: Course) -> Iterable[Course]:
    """Each five points that follow one another."""
    return (load[place : place + 5] for place in range(len(load) - 4))


def _bounds(
    readings: Course, batteries: Mapping[str, Heard], shifts: Shifts
) -> Iterator[tuple[float, float]]:
    """Between what the load lies at each reading."""
    items = [(item, *_seen(shifts[name])) for name, item in batteries.items()]
    for time, watts in readings:
        low = high = watts
        for item, early, late in items:
            least, most = item.bounds(time - early, time - late)
            low, high = low + least, high + most
        yield low, high


def _seen(shift: float) -> tuple[float, float]:
    """How long before a reading at most, and at least, it was what the meter shows of it."""
    about = FINE / 2 if shift else 0.0  # without a shift both are of the same moment
    return shift + about, shift - about


def _sums(
    meter: Heard, item: Heard, shift: float, rest: Mapping[str, Heard], shifts: Shifts
) -> Iterator[float]:
    """The load at the words of whoever speaks more rarely: what is between them nobody saw."""
    for time, watts in _together(meter, item, shift):
        yield watts + sum(other.between(time - shifts[name]) for name, other in rest.items())


def _together(meter: Heard, item: Heard, shift: float) -> Iterable[tuple[float, float]]:
    told = zip(meter.times, meter.watts, strict=True)
    if item.wait() < RARELY * meter.wait():
        return ((time, watts + item.between(time - shift)) for time, watts in told)
    begin, end = meter.times[0], meter.times[-1]
    words = ((time + shift, watts) for time, watts in zip(item.times, item.watts, strict=True))
    return ((time, meter.between(time) + watts) for time, watts in words if begin <= time <= end)


def _restlessness(load: Iterable[float]) -> float:
    """By how much it changes from one word to the next, W on average."""
    changes = [abs(now - was) for was, now in pairwise(load)]
    return sum(changes) / max(1, len(changes))
