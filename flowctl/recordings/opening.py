"""What the header of a recording tells of the run: when it began, and what it knew by then."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

BEFORE = 86400.0  # s a run may be silent before its first value; its clock was set if it is more
Kept = Mapping[str, Mapping[str, Any]]
"""What steps keep over restarts, by the id of the step."""


@dataclass(frozen=True)
class Opening:
    """How a run began; `UNKNOWN` of recordings that tell nothing of it."""

    began: float | None = None
    """Seconds since the epoch."""
    law: str = ""
    """What its flow decided by: the same of flows that decide alike."""
    watched: bool = False
    """Whether it only watched, and wrote nothing."""
    kept: Kept = field(default_factory=dict)
    is_run: bool = False
    """Whether it was a run of flowctl, not a table say."""

    @property
    def holds(self) -> bool:
        """Whether the recording holds what was written to batteries, as `left/in`."""
        return self.began is not None and not self.watched

    @property
    def gaps(self) -> str:
        """What cannot be known of a run that tells nothing of how it began, in a sentence."""
        if not self.is_run or self.began is not None:
            return ""
        return (
            "it does not hold when its run began, what was learned by then, nor what was written; "
            "played again, setpoints may be others than those given"
        )

    def start(self, first: float) -> float:
        """Return when to begin, for a recording whose first value is of a time."""
        known = self.began is not None and 0 <= first - self.began < BEFORE
        return self.began if known and self.began is not None else first

    def header(self) -> dict[str, Any]:
        """Give it as a part of the header."""
        told = {"began": self.began, "law": self.law, "watched": self.watched, "kept": self.kept}
        return {name: value for name, value in told.items() if value}


UNKNOWN = Opening()


def opening(header: Mapping[str, Any]) -> Opening:
    """Read it from a header; what makes no sense there is not known."""
    began, law, kept = header.get("began"), header.get("law"), header.get("kept")
    known = isinstance(began, float) and math.isfinite(began)
    return Opening(
        began=began if known else None,
        law=law if isinstance(law, str) else "",
        watched=header.get("watched") is True,
        kept=_mappings(kept) if isinstance(kept, Mapping) else {},
        is_run="flowctl" in header,
    )


def _mappings(kept: Mapping[str, Any]) -> Kept:
    return {step: dict(held) for step, held in kept.items() if isinstance(held, Mapping)}
