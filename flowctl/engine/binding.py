"""What the shell of a device made of what the flow wanted of it, in words for people."""

from flowctl.engine.replayed import Replayed
from flowctl.engine.sentences import SAME, doing
from flowctl.engine.shell import Shell
from flowctl.terms import Terms
from flowctl.units import show
from flowctl.values import Battery


def given_back(shell: Shell, wanted: float | None) -> str:
    """Say why a battery is its own, unless the flow wants it so."""
    if shell.is_left:
        return "it is left to somebody else, who had set it"
    if isinstance(shell, Replayed) and wanted is not None and shell.is_untold:
        return "nothing was written to it by then: a run first hears what all its batteries do"
    return "" if wanted is None and not shell.closed else shell.ended


def outside(terms: Terms, rating: Battery, wanted: float | None, setpoint: float | None) -> str:
    """Say what the terms of a device made of what was wanted; nothing if it was written."""
    if wanted is None or setpoint is None:
        return ""
    change = wanted - setpoint
    if abs(change) < SAME:
        return ""
    limited = terms.within(wanted, rating)
    if abs(limited - setpoint) < SAME:
        return f"limit of the device: {show(abs(limited), 'W')}"
    if abs(limited - setpoint) < terms.deadband:
        return ""
    return f"it waits for its next write, one each {show(terms.write_every, 's')}"


def swallowed(terms: Terms, wanted: float | None, setpoint: float | None) -> str:
    """Say what was too little to be written; it decides nothing."""
    change = 0.0 if wanted is None or setpoint is None else wanted - setpoint
    if not SAME <= abs(change) < terms.deadband:
        return ""
    band = f"is within its dead band of {show(terms.deadband, 'W')}"
    wants, holds = wanted or 0.0, setpoint or 0.0
    if abs(holds) < SAME or wants * holds < 0:
        return f"to {doing(wants)} {band}"
    more = "more" if abs(wants) > abs(holds) else "less"  # of what it does, whichever way
    return f"{show(round(abs(change), 1), 'W')} {more} {band}"
