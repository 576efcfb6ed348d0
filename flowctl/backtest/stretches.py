"""Which time of a recording is tried: one in which its meter and batteries speak.

Where all of them are silent for long nothing was recorded: the house that would be made of it
stands still for hours. So it is one of the parts between such times that is tried, the longest.
"""

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from itertools import pairwise
from pathlib import Path
from statistics import median

from flowctl.backtest.gaps import clock
from flowctl.backtest.heard import OFTEN, Heard
from flowctl.backtest.makes import SUN
from flowctl.backtest.times import span
from flowctl.faults import FlowError, faulty

PAUSE = 300.0  # s without a word of anybody: a shorter one is bridged, by what was told last
FEW = 3  # other parts that are told
Part = tuple[float, float]
"""When it begins and ends."""


def parts(path: Path, heard: Mapping[str, Heard], *, holds: bool) -> list[Part]:
    """Return the parts in which all spoke; a table `holds` each value until nobody says another.

    Raises:
        FlowError: there is none.
    """
    last = max(heard, key=lambda name: heard[name].times[0])
    first = (max if holds else min)(heard, key=lambda name: heard[name].times[-1])
    begin, end = heard[last].times[0], heard[first].times[-1]
    if begin >= end:
        said = f"{last} told its first power after the last one of {first}"
        said = f"{last} told its power once only" if last == first else said
        cure = f"leave {SUN} out of it" if SUN in (last, first) else "record them all"
        raise faulty(path, "E705", f"its meter and batteries never spoke together: {said}", cure)
    return _apart(heard, begin, end) or [(begin, end)]


def _apart(heard: Mapping[str, Heard], begin: float, end: float) -> list[Part]:
    """Part a time where nobody spoke; each part begins when all have spoken again."""
    words = [item.times for name, item in heard.items() if name != SUN]
    times = sorted(time for times in words for time in times if begin < time < end)
    waits = list(pairwise([begin, *times, end]))
    long = max(PAUSE, OFTEN * median(now - was for was, now in waits))
    pauses = [(was, now) for was, now in waits if now - was > long]
    begins = [begin, *(max(item.next(until) for item in heard.values()) for _, until in pauses)]
    ends = [*(since for since, _ in pauses), end]
    return [(was, then) for was, then in zip(begins, ends, strict=True) if then > was]


def chosen(found: Sequence[Part], since: float) -> Part:
    """Choose the longest part, or what comes `since` seconds after the first one began.

    Raises:
        FlowError: nothing does.
    """
    if not since:
        return max(found, key=lambda part: part[1] - part[0])
    begin, end = found[0][0], found[-1][1]
    if begin + since >= end:
        raise FlowError(f"--begin {span(since)}: all spoke together for {span(end - begin)} only")
    return next((max(was, begin + since), then) for was, then in found if then > begin + since)


def others(found: Sequence[Part], tried: Part, zone: tzinfo) -> Sequence[str]:
    """Say that there are other parts, and how to try them."""
    if len(found) == 1:
        return ()
    begin, (since, until) = found[0][0], tried
    rest = [part for part in found if not part[0] <= since < part[1]]
    longest = sorted(rest, key=lambda part: part[0] - part[1])[:FEW]
    ways = ", ".join(
        f"--begin {max(1.0, was - begin):.0f}s for {span(then - was)} from {clock(was, zone)} on"
        for was, then in sorted(longest)
    )
    said = f"nothing was recorded between its {len(found)} parts: tried from {clock(since, zone)}"
    return (f"{said} on for {span(until - since)}; {ways}",)
