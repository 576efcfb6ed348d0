"""A house rebuilt from a recording: its load is the sum of all powers that were measured."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from flowctl.backtest.loop import Row
from flowctl.backtest.makes import SUN
from flowctl.faults import FlowError, faulty
from flowctl.recordings.recording import header, read

SHIFTS = tuple(quarter / 4 for quarter in range(-8, 25))  # s that a power may be early or late
TRIED = 20_000  # readings that shifts are tried on
RATINGS = ("capacity", "max_charge", "max_discharge", "min_power")  # as `Battery` has them
Course = list[tuple[float, float]]
"""`(second, W)`."""


@dataclass(frozen=True)
class Rebuilt:
    """What a recording tells of its house."""

    load: Course
    sun: Course
    grid: Course
    """What its meter told."""
    at: datetime
    """Date and time of second 0."""
    seconds: float
    error: float
    """Mean W by which the load is uncertain: how far batteries moved between their own words."""
    negative: float
    """Part of the time in which the load is below zero although no roof explains it, %."""
    shifts: Mapping[str, float] = field(default_factory=dict)
    """Seconds by which the meter tells later than each battery."""
    socs: Mapping[str, float] = field(default_factory=dict)
    """State of charge of each battery at second 0, %."""
    ratings: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """What each battery told of itself, by the names of `RATINGS`."""
    fed: Sequence[Row] = ()
    """What all other sources said."""


@dataclass
class _Heard:
    times: list[float] = field(default_factory=list)
    watts: list[float] = field(default_factory=list)
    soc: float | None = None
    ratings: dict[str, float] = field(default_factory=dict)

    def held(self, time: float) -> float:
        """The newest power at a time."""
        return self.watts[max(0, bisect_right(self.times, time) - 1)]

    def between(self, time: float) -> float:
        """The power at a time, on a straight line between two."""
        place = bisect_right(self.times, time)
        if place == 0 or place == len(self.times):
            return self.watts[min(place, len(self.times) - 1)]
        (begin, end), (was, now) = (
            self.times[place - 1 : place + 1],
            self.watts[place - 1 : place + 1],
        )
        return was + (now - was) * (time - begin) / (end - begin)


def rebuild(path: Path, names: Sequence[str], columns: Mapping[str, str] | None = None) -> Rebuilt:
    """Rebuild the load of a house; `names` are its meter and its batteries.

    Raises:
        FlowError: the recording cannot be read, or a meter or battery is not in it.
    """
    heard: dict[str, _Heard] = {}
    others: list[tuple[float, str, Any]] = []
    known = (*names, SUN)
    for time, stream, value in read(path, columns):
        if stream in known:
            _hear(heard.setdefault(stream, _Heard()), time, value)
        else:
            others.append((time, stream, value))
    missing = [name for name in names if not heard.get(name, _Heard()).times]
    if missing:
        held = ", ".join(sorted({*heard, *(stream for _, stream, _ in others)})) or "nothing"
        raise faulty(path, "E705", f"tells no power of {', '.join(missing)}", f"it holds {held}")
    return _rebuilt(path, names, heard, others)


def _hear(heard: _Heard, time: float, value: Any) -> None:
    if isinstance(value, Mapping):
        power, time = value.get("power"), value.get("power_at", time)
        if heard.soc is None:
            heard.soc = value.get("soc")
        _rate(heard.ratings, value)
    else:
        power = value
    if isinstance(power, bool) or not isinstance(power, float | int):
        return
    if not heard.times or time > heard.times[-1]:
        heard.times.append(float(time))
        heard.watts.append(float(power))


def _rate(ratings: dict[str, float], told: Mapping[str, Any]) -> None:
    """Keep the most that a battery ever said of itself: now and then it can do less."""
    for name in RATINGS:
        said = told.get(name)
        if isinstance(said, float | int) and (said > 0 or name != "capacity"):
            ratings[name] = max(float(said), ratings.get(name, 0.0))


def _rebuilt(
    path: Path, names: Sequence[str], heard: dict[str, _Heard], others: Sequence[Row]
) -> Rebuilt:
    meter, batteries = heard[names[0]], {name: heard[name] for name in names[1:]}
    begin = max(item.times[0] for item in heard.values())
    end = min(item.times[-1] for item in heard.values())
    told = zip(meter.times, meter.watts, strict=True)
    readings = [(time, watts) for time, watts in told if begin <= time <= end]
    if len(readings) < 2:
        raise FlowError(f"{path}: its meter and batteries never spoke at the same time")
    sun = heard.get(SUN)
    roof = [(time - begin, sun.between(time)) for time, _ in readings] if sun else []
    shifts = _aligned(readings[:TRIED], batteries)
    load = [
        (time - begin, watts + _sum(batteries, time, shifts) + (sun.between(time) if sun else 0.0))
        for time, watts in readings
    ]
    held = ((_sum(batteries, time, shifts), _held(batteries, time)) for time, _ in readings)
    return Rebuilt(
        load=load,
        sun=roof or [(0.0, 0.0), (1.0, 0.0)],
        grid=[(time - begin, watts) for time, watts in readings],
        at=datetime.fromtimestamp(begin, _zone(path)),
        seconds=readings[-1][0] - begin,
        error=sum(abs(one - other) for one, other in held) / len(readings),
        negative=0.0 if sun else 100 * sum(watts < 0 for _, watts in load) / len(load),
        shifts=shifts,
        socs={name: item.soc for name, item in batteries.items() if item.soc is not None},
        ratings={name: item.ratings for name, item in batteries.items()},
        fed=tuple(_from(others, begin)),
    )


def _aligned(
    readings: Sequence[tuple[float, float]], batteries: Mapping[str, _Heard]
) -> dict[str, float]:
    """Find how late the meter tells of each battery: the right shift makes the calmest load."""
    shifts = dict.fromkeys(batteries, 0.0)
    for name in batteries:
        rest = [
            watts + _sum({k: v for k, v in batteries.items() if k != name}, time, shifts)
            for time, watts in readings
        ]
        restless = {
            shift: _restlessness(rest, readings, batteries[name], shift) for shift in SHIFTS
        }
        shifts[name] = min(restless, key=lambda shift: (restless[shift], abs(shift)))
    return shifts


def _restlessness(
    rest: Sequence[float], readings: Sequence[tuple[float, float]], item: _Heard, shift: float
) -> float:
    load = (
        watts + item.between(time - shift) for watts, (time, _) in zip(rest, readings, strict=True)
    )
    return sum(abs(now - was) for was, now in pairwise(load))


def _sum(batteries: Mapping[str, _Heard], time: float, shifts: Mapping[str, float]) -> float:
    return sum(item.between(time - shifts[name]) for name, item in batteries.items())


def _held(batteries: Mapping[str, _Heard], time: float) -> float:
    return sum(item.held(time) for item in batteries.values())


def _from(rows: Sequence[Row], begin: float) -> Iterator[Row]:
    """Move rows to second 0; of what was said before, each source's last word stands there."""
    before: dict[str, Any] = {}
    later: list[Row] = []
    for time, stream, value in rows:
        if time <= begin:
            before[stream] = value
        else:
            later.append((time - begin, stream, value))
    yield from ((0.0, stream, value) for stream, value in before.items())
    yield from later


def _zone(path: Path) -> tzinfo:
    try:
        return ZoneInfo(header(path)["zone"])
    except (KeyError, ValueError, OSError):
        return UTC
