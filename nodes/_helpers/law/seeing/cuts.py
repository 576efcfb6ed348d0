"""Ceilings over a restart: what a battery could not deliver a moment ago it is not asked for again.

Kept is a pair of numbers, the power and the date of the cut in seconds since the epoch.
"""

from typing import Any

from flowctl import Seconds, Watts
from nodes._helpers.law.knowing.ceiling import Ceiling

GOOD_FOR = 600.0  # s: an older cut says nothing of now; it would have been tried again five times
RENEWED = 300.0  # s after which the same cut is written again: that saves memory cards
ALIKE, ALIKE_WATTS = 0.1, 30.0  # by which two cuts may differ and be the same
SENSELESS = 1e12  # neither watts nor a date


def cut(ceiling: Ceiling, limit: Watts, now: Seconds, date: Seconds, old: Any) -> Any:
    """Return what is to be kept of a ceiling, or nothing; what is hardly news stays as it was."""
    watts = min(ceiling.watts, ceiling.proven)
    if watts >= limit or ceiling.against:
        return None
    since = date - (now - ceiling.since)
    if _is_cut(old) and abs(watts - old[0]) <= max(ALIKE_WATTS, ALIKE * old[0]):
        return old if 0 <= since - old[1] < RENEWED else [round(watts), round(since)]
    return [round(watts), round(since)]


def recalled(kept: Any, now: Seconds, date: Seconds) -> Ceiling:
    """Return a ceiling that was kept, if it is one, and of a moment ago."""
    if not _is_cut(kept) or not 0 <= date - kept[1] <= GOOD_FOR:
        return Ceiling()
    watts = float(kept[0])
    return Ceiling(watts, now - (date - kept[1]), watts)


def _is_cut(kept: Any) -> bool:
    if not isinstance(kept, list) or len(kept) != 2:
        return False
    return all(isinstance(part, int | float) and 0 <= part < SENSELESS for part in kept)
