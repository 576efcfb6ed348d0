"""A house rebuilt from a recording: its load is the sum of all powers that were measured."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from statistics import fmean

from flowctl.backtest.away import decided
from flowctl.backtest.away import told as told_away
from flowctl.backtest.calm import Course, aligned, calmest, sharpened
from flowctl.backtest.gaps import clock, gaps
from flowctl.backtest.heard import Heard, batteries_among, listen
from flowctl.backtest.loop import Row
from flowctl.backtest.makes import SUN
from flowctl.backtest.repeats import renewed
from flowctl.backtest.says import since
from flowctl.backtest.stretches import chosen, parts
from flowctl.backtest.stretches import others as other_parts
from flowctl.faults import faulty
from flowctl.numerals import speaks, unsure
from flowctl.recordings.columns import look_up
from flowctl.recordings.moments import zone_of
from flowctl.recordings.recording import read
from flowctl.recordings.renaming import as_table
from flowctl.recordings.tables import OF_OUR_TIME
from flowctl.virtual.clock import START


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
    """Mean W by which the load is uncertain: how far the powers as told differ from it."""
    negative: float
    """Part of the time in which the load is below zero although no roof explains it, %."""
    shifts: Mapping[str, float] = field(default_factory=dict)
    """Seconds by which the meter tells later than each battery."""
    socs: Mapping[str, float] = field(default_factory=dict)
    """State of charge of each battery at second 0, %."""
    ratings: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """What each battery told of itself, in the words of `Battery`."""
    fed: Sequence[Row] = ()
    """What all other sources said."""
    missing: Sequence[str] = ()
    """What the recording leaves out, in sentences."""
    period: float = 0.0
    """How often the meter had a new reading, s."""
    repeats: bool = False
    """Whether it told readings again: it was asked more often than it has one."""
    sampled: bool = False
    """Whether its readings are rows of a table: it may have had others in between."""


def rebuild(
    path: Path,
    names: Sequence[str],
    columns: Mapping[str, str] | None = None,
    *,
    since: float = 0.0,
    fed: Collection[str] = (),
) -> Rebuilt:
    """Rebuild the load of a house; `names` are its meter and its batteries.

    Second 0 is `since` seconds after the moment from which on all of them speak, else the beginning
    of the longest time without a long pause of all. What `fed` say is what flows hear as it was;
    any other battery that is recorded was one of the house, too.

    Raises:
        FlowError: the recording cannot be read, or a meter or battery is not in it.
    """
    zone = zone_of(path)
    holds = as_table(path, columns)
    rows = read(path, columns)
    if holds:
        rows = _sure(path, rows, {*names, SUN}, zone)
    heard, others = listen(rows, (*names, SUN))
    _check_there(path, heard, others, names)
    guests = batteries_among(row for row in others if row[1] not in fed)
    heard, names = {**heard, **guests}, (*names, *guests)
    told, heard[names[0]] = heard[names[0]], renewed(heard[names[0]])
    repeats = told is not heard[names[0]]
    others = [row for row in others if row[1] not in guests]
    look_up(columns, {*names, SUN, *fed})
    found = parts(path, heard, holds=holds)
    tried = chosen(found, since)
    made = _rebuilt(names, heard, others, tried, zone, holds=holds)
    gone = [
        f"{name} was there and is not in the plant: the house draws what it gave" for name in guests
    ]
    made = replace(made, period=heard[names[0]].period(), repeats=repeats, sampled=holds)
    return replace(made, missing=(*gone, *other_parts(found, tried, zone), *made.missing))


def _check_there(
    path: Path, heard: Mapping[str, Heard], others: Sequence[Row], names: Sequence[str]
) -> None:
    """See whether a recording holds a meter and all batteries that are to be tried."""
    missing = [name for name in names if name not in heard]
    if not missing:
        return
    told = {*heard, *(stream.partition("/")[0] for _, stream, _ in others)} - {""}
    held = ", ".join(sorted(told)) or "nothing"
    words = " ".join(f"--silent {name}" for name in missing)
    absent = f"; say {words} if it was not there" if names[0] in heard else ""
    said = f"tells no power of {', '.join(missing)}"
    other = f"; --column {missing[0]}=NAME says by which name it is held" if others else ""
    raise faulty(path, "E705", said, f"it holds {held}{other}{absent}")


def _sure(path: Path, rows: Iterable[Row], names: Collection[str], zone: tzinfo) -> Iterator[Row]:
    """Refuse a cell of a table that is meant as a number, and cannot be read for sure."""
    for time, stream, value in rows:
        parts = value.values() if isinstance(value, Mapping) else (value,)
        if stream in names and any(map(speaks, parts)):
            cell = next(filter(speaks, parts))
            raise faulty(path, "E702", f"{stream} at {clock(time, zone)}: {unsure(cell)}")
        yield time, stream, value


def _rebuilt(
    names: Sequence[str],
    heard: Mapping[str, Heard],
    others: Sequence[Row],
    stretch: tuple[float, float],
    zone: tzinfo,
    *,
    holds: bool,
) -> Rebuilt:
    begin, end = stretch
    meter, batteries = heard[names[0]], {name: heard[name] for name in names[1:]}
    if holds:
        batteries = {name: item.changes() for name, item in batteries.items()}
    readings = _readings(meter, begin, end)
    sun = heard.get(SUN)
    roof = [(time - begin, sun.between(time)) for time, _ in readings] if sun else []
    away = decided(readings, batteries)
    shifts = aligned(readings, batteries)
    drawn = list(calmest(readings, batteries, shifts))
    told = (watts + sum(item.held(time) for item in batteries.values()) for time, watts in readings)
    course = [(time, watts) for (time, _), watts in zip(readings, drawn, strict=True)]
    load = [
        (time - begin, watts + (sun.between(time) if sun else 0.0))
        for time, watts in sharpened(course)
    ]
    return Rebuilt(
        load=load,
        sun=roof or [(0.0, 0.0), (1.0, 0.0)],
        grid=[(time - begin, watts) for time, watts in readings],
        at=_date(begin, zone),
        seconds=end - begin,
        error=fmean(abs(one - other) for one, other in zip(drawn, told, strict=True)),
        negative=0.0 if sun else 100 * sum(watts < 0 for _, watts in load) / len(load),
        shifts=shifts,
        socs=_charges(batteries, begin),
        ratings={name: heard[name].ratings for name in batteries},
        fed=tuple(since(others, begin)),
        missing=(*gaps(heard, begin, end, zone), *told_away(away, zone)),
    )


def _charges(batteries: Mapping[str, Heard], begin: float) -> Mapping[str, float]:
    """The state of charge of each battery that told one, %."""
    charges = {name: item.soc(begin) for name, item in batteries.items()}
    return {name: soc for name, soc in charges.items() if soc is not None}


def _readings(meter: Heard, begin: float, end: float) -> Course:
    """What the meter said in a stretch, its ends included; each value holds until the next."""
    told = zip(meter.times, meter.watts, strict=True)
    inside = [(time, watts) for time, watts in told if begin < time < end]
    return [(begin, meter.held(begin)), *inside, (end, meter.held(end))]


def _date(begin: float, zone: tzinfo) -> datetime:
    if begin > OF_OUR_TIME:
        return datetime.fromtimestamp(begin, zone)
    return START.replace(tzinfo=zone) + timedelta(seconds=begin)
