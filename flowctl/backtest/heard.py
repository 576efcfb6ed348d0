"""What the meter and the batteries of a recording said."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import Any

from flowctl.backtest.loop import Row

WAY = 10.0  # s that a battery is on its way at most: told more rarely, it stood until then
OLD = 3600.0  # s; a power told to be measured longer ago, or to come, was measured now
MOST = 1e5  # W; no connection of a house carries more, so who says so talks nonsense
RATINGS = ("capacity", "max_charge", "max_discharge", "min_power")  # as `Battery` has them
SILENT = 60.0  # s without a word, and so many times the usual, that are worth telling
OFTEN = 20


@dataclass
class Heard:
    """What one meter or battery said: its powers, W, with their times."""

    times: list[float] = field(default_factory=list)
    watts: list[float] = field(default_factory=list)
    charges: list[tuple[float, float]] = field(default_factory=list)
    """States of charge, % with their times, where they changed."""
    ratings: dict[str, float] = field(default_factory=dict)
    nonsense: int = 0
    """How many powers were left out."""
    absences: list[tuple[float, float]] = field(default_factory=list)
    """When it told its last power before it was away, and when that was told."""

    def take(self, time: float, value: Any) -> None:
        """Hear a number of watts, or a record of a battery."""
        if isinstance(value, Mapping):
            if value.get("online") is False:
                self._leave(time)
                return
            self._charge(time, number(value.get("soc")))
            self._rate(value)
            time, value = _measured_at(value, time), value.get("power")
        watts = number(value)
        if watts is None or (self.times and time < self.times[-1]):
            return
        if abs(watts) > MOST:
            self.nonsense += 1
            return
        if self.times and time == self.times[-1]:  # of one moment, the last word
            self.watts[-1] = watts
            return
        self.times.append(time)
        self.watts.append(watts)

    def _leave(self, time: float) -> None:
        """Note that it is away; what it says then is of before."""
        if self.times and not (self.absences and self.absences[-1][0] == self.times[-1]):
            self.absences.append((self.times[-1], time))

    def _charge(self, time: float, soc: float | None) -> None:
        if soc is not None and 0 <= soc <= 100 and (not self.charges or self.charges[-1][1] != soc):
            self.charges.append((time, soc))

    def _rate(self, told: Mapping[str, Any]) -> None:
        """Keep the most that a battery ever said of itself: now and then it can do less."""
        for name in RATINGS:
            said = number(told.get(name))
            if said is not None and said >= 0 and (said > 0 or name != "capacity"):
                self.ratings[name] = max(said, self.ratings.get(name, 0.0))

    def held(self, time: float) -> float:
        """The newest power at a time."""
        return self.watts[max(0, bisect_right(self.times, time) - 1)]

    def next(self, time: float) -> float:
        """When it tells its next power, from a time on; never: infinite."""
        place = bisect_left(self.times, time)
        return self.times[place] if place < len(self.times) else math.inf

    def between(self, time: float) -> float:
        """The power at a time: a straight line to the next one told, no longer than a way takes."""
        place = bisect_right(self.times, time)
        if place == 0 or place == len(self.times):
            return self.watts[min(place, len(self.times) - 1)]
        end, was, now = self.times[place], self.watts[place - 1], self.watts[place]
        begin = max(self.times[place - 1], end - WAY)
        return was + (now - was) * max(0.0, time - begin) / (end - begin)

    def bounds(self, since: float, until: float) -> tuple[float, float]:
        """The least and the most it can be in a time: on its way from one word to the next."""
        first = max(0, bisect_right(self.times, since) - 1)
        last = min(bisect_left(self.times, until), len(self.times) - 1)
        if until < self.times[last] - WAY:
            last -= 1
        said = self.watts[first : max(first, last) + 1]
        return min(said), max(said)

    def changes(self) -> "Heard":
        """The powers of a table, each row of which repeats what it does not know anew."""
        pairs = zip([math.nan, *self.watts], self.watts, strict=False)
        new = [place for place, (was, now) in enumerate(pairs) if now != was]
        times, watts = ([told[place] for place in new] for told in (self.times, self.watts))
        return Heard(times, watts, self.charges, absences=self.absences)

    def wait(self) -> float:
        """The usual time between two words while it is on its way, s."""
        waits = (now - was for was, now in pairwise(self.times))
        return median([wait for wait in waits if wait <= WAY] or [WAY])

    def period(self) -> float:
        """The usual time between two words, however long, s."""
        return median([now - was for was, now in pairwise(self.times)] or [0.0])

    def soc(self, time: float) -> float | None:
        """State of charge at a time, %; the first one told if that came later."""
        place = bisect_right(self.charges, (time, 101.0))
        return self.charges[max(0, place - 1)][1] if self.charges else None

    def silences(self, begin: float, end: float) -> list[tuple[float, float]]:
        """Return `(time, s)` of each time of saying nothing for much longer than is usual."""
        times = [begin, *(time for time in self.times if begin < time < end), end]
        waits = [(was, now - was) for was, now in pairwise(times)]
        long = max(SILENT, OFTEN * median(wait for _, wait in waits))
        away = {since for since, _ in self.absences}
        return [(was, wait) for was, wait in waits if wait > long and was not in away]


def _measured_at(told: Mapping[str, Any], time: float) -> float:
    measured = number(told.get("power_at"))
    return time if measured is None or abs(measured - time) >= OLD else measured


def number(value: Any) -> float | None:
    """Return what is a number; true and false are none."""
    if isinstance(value, bool) or not isinstance(value, float | int):
        return None
    return float(value)


def listen(
    rows: Iterable[Row], names: Collection[str]
) -> tuple[dict[str, Heard], list[tuple[float, str, Any]]]:
    """Hear some streams of a recording; what all others say is returned as it is."""
    heard: dict[str, Heard] = {}
    others: list[tuple[float, str, Any]] = []
    for time, stream, value in rows:
        if stream in names:
            heard.setdefault(stream, Heard()).take(time, value)
        else:
            others.append((time, stream, value))
    return {name: item for name, item in heard.items() if item.times}, others


def batteries_among(rows: Iterable[Row]) -> dict[str, Heard]:
    """Return the streams that are batteries by what they say: powers with a charge."""
    heard: dict[str, Heard] = {}
    for time, stream, value in rows:
        if isinstance(value, Mapping) and "power" in value:
            heard.setdefault(stream, Heard()).take(time, value)
    return {name: item for name, item in heard.items() if item.times and item.charges}
