"""Where a recorded power says nothing for long, though it holds until the next value."""

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

Wait = tuple[float, float]
"""From when on, and how long, s."""
SHORT = 300.0  # s of holding a value change little in the figures of a day
OFTEN = 20  # times what is usual: nobody looks the other way for so long
LONGEST = 7200.0  # s; a fridge runs in less, so this is no house of which changes alone are told
SOME = 3  # times the distance of rows, where these are hours
ALL = 0.99  # of the waits are usual: holes are few, and pauses between changes many


def silences(times: Sequence[float], watts: Sequence[float], above: float) -> list[Wait]:
    """Find the waits that are much longer than is usual while it holds more than `above`.

    A trace that tells changes only waits for long, too, and often.
    """
    held = zip(pairwise(times), watts, strict=False)
    waits = [(was, now - was) for (was, now), power in held if abs(power) > above]
    if not waits:
        return []
    lengths = sorted(wait for _, wait in waits)
    usual = lengths[int(ALL * (len(lengths) - 1))]
    least = max(SHORT, min(OFTEN * usual, max(LONGEST, SOME * median(lengths))))
    return [item for item in waits if item[1] > least]


def within(found: Sequence[Wait], begin: float, end: float) -> list[Wait]:
    """Cut waits to a stretch, and count their seconds from its beginning."""
    cut = [(max(was, begin), min(was + wait, end)) for was, wait in found]
    return [(was - begin, now - was) for was, now in cut if now - was > SHORT]
