"""Notes on a battery: what is special of it now, in parts; some are about one direction only."""

from string import digits

BETWEEN = ", "
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
