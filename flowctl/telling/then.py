"""What a battery was given in the run that was recorded, beside what the flow tells it now."""

from dataclasses import dataclass, field
from typing import Any

from flowctl.engine.explanation import AS_TOLD, Given, Then
from flowctl.engine.replayed import Replayed
from flowctl.engine.sentences import SAME, apart, command
from flowctl.engine.shell import Shell
from flowctl.engine.witness import Witness
from flowctl.recordings.opening import Opening

SOON = 3.0  # s after which a battery has said that it took what it was told
ABOUT = "what follows tells why"
WATCHED = "Nothing was written: that run only watched"


@dataclass
class Accepted:
    """What a battery said that it holds: all there is to know of what it was given, otherwise."""

    last: Given | None = None
    later: list[Given] = field(default_factory=list)
    """What it said soon after the time that is asked about."""

    def hear(self, at: float, raw: Any, *, later: bool = False) -> None:
        """Take note of a recorded value of a battery."""
        watts = raw.get("setpoint") if isinstance(raw, dict) else None
        if isinstance(watts, bool) or not isinstance(watts, int | float):
            return
        since = at
        if self.last and not apart(self.last.watts, watts):
            since = self.last.since
        if later:
            self.later.append(Given(float(watts), at, at))
        else:
            self.last = Given(float(watts), at, since)


def then(witness: Witness, shell: Shell, run: Opening, accepted: Accepted) -> Then:
    """Find out what a battery was given then; nothing where the recording does not tell.

    Where that is another setpoint than the flow gives when it is played again, it says so.
    """
    device, written = witness.device, witness.written
    played = written.value if written else None
    if run.watched:
        return Then(None, WATCHED, "would")
    if run.holds and isinstance(shell, Replayed):
        given = shell.given or Given(None)
        if not apart(given.watts, played, max(shell.terms.deadband, SAME)):
            return Then(given)
        of = "" if shell.follows else ", of another flow"
        again = "Played again" if shell.follows else "By this one"
        return Then(given, f"So the recording has it{of}. {again}, {_now(device, played)}: {ABOUT}")
    if played is None or accepted.last is None or _is_taken(witness, accepted, shell):
        return AS_TOLD
    says = "So it tells itself; the recording does not hold what was written"
    return Then(accepted.last, f"{says}. Played again, {_now(device, played)}: {ABOUT}", "holds")


def _now(device: str, played: float | None) -> str:
    return f"{device} {command(played)}"


def _is_taken(witness: Witness, accepted: Accepted, shell: Shell) -> bool:
    """Tell whether it said, or was soon to say, that it holds what it is told now."""
    written, since = witness.written, witness.since
    if written is None or since is None or accepted.last is None:
        return True
    near = [accepted.last, *(g for g in accepted.later if g.at <= since + SOON)]
    band = max(shell.terms.deadband, SAME)
    return any(not apart(said.watts, written.value, band) for said in near)
