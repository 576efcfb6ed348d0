"""A power that is known beforehand: every value holds until the next; past the end it repeats."""

import hashlib
import math
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Sequence

from flowctl.climbing import climbs
from nodes.sim.silences import Wait, silences, within

Box = tuple[float, float, float]
"""Something that runs: from when (s), how long (s), with how much (W)."""


class Trace:
    """Watts over time, and their exact integral."""

    def __init__(
        self,
        times: Sequence[float],
        watts: Sequence[float],
        *,
        length: float | None = None,
        start: float = 0.0,
        begins: float = 0.0,
        recorded: bool = False,
    ) -> None:
        """Hold `watts[i]` from `times[i]` on.

        `length` is when it repeats (`inf`: never); `start` is the place in it where second 0 is;
        before `begins` it is 0 W. One that is `recorded` may leave something out.
        """
        self._times = array("d", (time - times[0] for time in times))
        self._watts = array("d", watts)
        last = self._times[-1]
        step = last - self._times[-2] if len(times) > 1 else 1.0
        self.length = length if length is not None else last + step
        self._start, self._begins, self._recorded = start, begins, recorded
        self.first = times[0]
        """The time of its first value, as it was told: a date if it was one, s since the epoch."""
        self._energy = self._sums()

    def power(self, time: float) -> float:
        """Watts at a time."""
        if time < self._begins:
            return 0.0
        rest = self._place(time)[1]
        return self._watts[bisect_right(self._times, rest) - 1]

    def energy(self, time: float) -> float:
        """Watt seconds from some fixed time on; only differences mean anything."""
        laps, rest = self._place(max(time, self._begins))
        index = bisect_right(self._times, rest) - 1
        inside = self._energy[index] + (rest - self._times[index]) * self._watts[index]
        return inside + laps * self._energy[-1] if laps else inside

    def peak(self) -> float:
        """The largest value, W."""
        return max(self._watts)

    def silences(self, until: float, above: float = -1.0) -> list[Wait]:
        """Return `(second, s)` of each time before `until` in which a recording says nothing.

        It holds what was said before; up to `above`, W, that is as it should be: a roof at night.
        """
        if not self._recorded:
            return []
        found = silences(self._times, self._watts, above)
        return within(found, self._start, min(self.length, self._start + until))

    def counts(self) -> bool:
        """Tell whether a recording looks like a counter of energy."""
        return self._recorded and climbs(self._times, self._watts)

    def digest(self) -> str:
        """Name its course: the same text, the same watts at each time."""
        told = hashlib.sha256(f"{self.length} {self._start} {self._begins}".encode())
        told.update(self._times.tobytes() + self._watts.tobytes())
        return told.hexdigest()

    def scaled(self, factor: float) -> "Trace":
        """Return the same shape, larger or smaller."""
        return self._copy([value * factor for value in self._watts], self._start)

    def starting(self, at: float) -> "Trace":
        """Return the same trace with second 0 moved to another place in it."""
        return self._copy(self._watts, at)

    def _copy(self, watts: Sequence[float], start: float) -> "Trace":
        made = Trace(
            self._times,
            watts,
            length=self.length,
            start=start,
            begins=self._begins,
            recorded=self._recorded,
        )
        made.first = self.first
        return made

    def _place(self, time: float) -> tuple[float, float]:
        rest = time - self._begins + self._start
        return divmod(rest, self.length) if rest >= self.length else (0.0, rest)

    def _sums(self) -> "array[float]":
        sums, total = array("d", [0.0]), 0.0
        ends = [*self._times[1:], min(self.length, math.inf)]
        for start, end, watts in zip(self._times, ends, self._watts, strict=True):
            total += (end - start) * watts if end < math.inf else 0.0
            sums.append(total)
        return sums


def of_boxes(boxes: Iterable[Box], length: float, ripple: Sequence[float] = ()) -> Trace:
    """Lay boxes over one another; `ripple` adds one value per second."""
    edges = [(0.0, 0.0)]
    for begin, lasts, watts in boxes:
        if begin < length:
            edges += [(max(0.0, begin), watts), (min(begin + lasts, length), -watts)]
    before = 0.0
    for second, value in enumerate(ripple):
        edges.append((float(second), value - before))
        before = value
    return _laid(sorted(edges), length)


def _laid(edges: list[tuple[float, float]], length: float) -> Trace:
    times: list[float] = []
    watts: list[float] = []
    level = 0.0
    for time, change in edges:
        level += change
        if times and times[-1] == time:
            watts[-1] = round(level, 3)
        elif time < length:
            times.append(time)
            watts.append(round(level, 3))
    return Trace(times, watts, length=length)
