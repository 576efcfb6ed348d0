"""Notes on a battery: what is special of it now, in parts; some are about one direction only."""

import re
from string import digits

from flowctl import Watts

BETWEEN = ", "
MEASURED = re.compile(r"(?:delivers|takes) (\d+)W at most")
ALIKE, ALIKE_WATTS = 0.1, 30.0  # by which a measured limit may move and is no news to people
NO_DIGITS = str.maketrans("", "", digits)
OTHER_WAY = {
    1.0: ("takes ", "may take ", "may not charge", "charged to "),
    -1.0: ("delivers ", "may give ", "may not discharge", "kept at "),
}
"""How parts begin that say nothing of discharging (1), of charging (-1)."""


def noted(said: str, note: str) -> str:
    """Put something new before what was noted already."""
    return said + BETWEEN + note if said and note else said or note


def parted(note: str) -> dict[str, str]:
    """Return the parts by what they are about: without their numbers."""
    parts = note.split(BETWEEN) if note else []
    return {part.translate(NO_DIGITS): part for part in parts}


def of_way(note: str, sign: float) -> str:
    """Return the first part that holds in a direction, + discharging; empty if there is none."""
    parts = note.split(BETWEEN)
    return next((part for part in parts if not part.startswith(OTHER_WAY[sign])), "")


def steadied(told: str, note: str) -> str:
    """Return a note with the measured limits that were `told` and have hardly moved since.

    A limit that is felt for moves with each reading; what is told to people moves in steps.
    """
    if told == note or not told:
        return note
    before = parted(told)
    parts = [_steadied(before.get(about, ""), part) for about, part in parted(note).items()]
    return BETWEEN.join(parts)


def _steadied(told: str, part: str) -> str:
    old, new = _measured(told), _measured(part)
    if old is None or new is None or abs(new - old) > max(ALIKE_WATTS, ALIKE * old):
        return part
    return told


def _measured(part: str) -> Watts | None:
    found = MEASURED.fullmatch(part)
    return float(found[1]) if found else None
