"""A battery that was away for a while: it gave nothing then, or went on as it was told last.

One that lost its power stops, one that lost its network goes on. Its own words do not tell which;
the house does: what is right makes the calmer load.
"""

from bisect import insort
from collections.abc import Iterator, Mapping
from datetime import tzinfo
from itertools import pairwise

from flowctl.backtest.calm import Course
from flowctl.backtest.gaps import clock
from flowctl.backtest.heard import WAY, Heard
from flowctl.backtest.times import span

Away = Mapping[str, list[tuple[float, float, bool]]]
"""When each battery was away, `(since, until)`, and whether it gave nothing then."""


def decided(readings: Course, batteries: dict[str, Heard]) -> Away:
    """Decide what each battery did while it was away; what it gave is put into its words."""
    away: dict[str, list[tuple[float, float, bool]]] = {}
    begin, end = readings[0][0], readings[-1][0]
    for name, item in batteries.items():
        for since, told in [part for part in item.absences if begin < part[1] < end]:
            after = (time for time in item.times if time > told)
            until = min(next(after, end), end)
            near = [row for row in readings if since - WAY <= row[0] <= until + WAY]
            without = _without(batteries[name], since, told)
            ways = {
                stopped: _restlessness(near, {**batteries, name: known})
                for stopped, known in ((True, without), (False, batteries[name]))
            }
            stopped = ways[True] <= ways[False]
            batteries[name] = without if stopped else batteries[name]
            away.setdefault(name, []).append((since, until, stopped))
    return away


def told(away: Away, zone: tzinfo) -> Iterator[str]:
    """Say what each battery was taken to have done while it was away."""
    for name, parts in away.items():
        for since, until, stopped in parts:
            did = "given nothing" if stopped else "gone on as before"
            said = f"{name} was away for {span(until - since)} from {clock(since, zone)} on"
            yield f"{said}: it is taken to have {did}, which makes the calmer load"


def _without(item: Heard, since: float, told: float) -> Heard:
    """Let a battery be on its way to nothing from its last word on."""
    words = list(zip(item.times, item.watts, strict=True))
    insort(words, (min(told, since + WAY), 0.0))
    return Heard([time for time, _ in words], [watts for _, watts in words], item.charges)


def _restlessness(readings: Course, batteries: Mapping[str, Heard]) -> float:
    """By how much the load changes in all."""
    load = [
        watts + sum(item.between(time) for item in batteries.values()) for time, watts in readings
    ]
    return sum(abs(now - was) for was, now in pairwise(load))
