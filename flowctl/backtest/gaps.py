"""What a recording leaves out, in sentences: its figures mean less there."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, tzinfo

from flowctl.backtest.heard import MOST, SILENT, Heard
from flowctl.backtest.times import span
from flowctl.climbing import climbs


def gaps(heard: Mapping[str, Heard], begin: float, end: float, zone: tzinfo) -> Iterator[str]:
    """Say what is missing of the stretch that is tried, and why it is no longer."""
    first = min(item.times[0] for item in heard.values())
    last = max(item.times[-1] for item in heard.values())
    for name, item in heard.items():
        if begin == item.times[0] > first + SILENT:
            yield f"tried from {clock(begin, zone)} on: before, {name} told no power"
        if end == item.times[-1] < last - SILENT:
            yield f"tried until {clock(end, zone)}: later, {name} told no power"
        yield from silences(name, item.silences(begin, end), zone)
        if climbs(item.times, item.watts):
            yield counter(f"the power of {name}")
        if item.nonsense:
            yield f"powers of {name} beyond {MOST / 1000:g} kW are left out ({item.nonsense})"


def counter(name: str) -> str:
    """Say that something is most likely an energy."""
    return f"{name} never falls: it looks like a counter of energy, kWh, which tells no power"


def silences(name: str, found: Sequence[tuple[float, float]], zone: tzinfo | None) -> Iterator[str]:
    """Say for how long somebody told nothing; `found` are `(s since the epoch, s)`."""
    if found:
        since, longest = max(found, key=lambda part: part[1])
        whole = span(sum(wait for _, wait in found))
        parts = f", {span(longest)} of it" if len(found) > 1 else ""
        said = f"{name} told nothing for {whole}{parts} from {clock(since, zone)} on"
        yield f"{said}: its power is taken to have stood"


def clock(time: float, zone: tzinfo | None) -> str:
    """Write a time for people."""
    return f"{datetime.fromtimestamp(time, zone):%Y-%m-%d %H:%M:%S}"
