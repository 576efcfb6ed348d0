"""The terms on which a device is borrowed: settings that every device step has."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Annotated, Any, Literal

from annotated_types import Ge, Gt

from flowctl.marks import ShellsOwn
from flowctl.units import Seconds, Watts
from flowctl.values import Battery


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Settings of the engine's device shell; a node states its own defaults by `terms: Terms`."""

    lease: Annotated[Seconds, Gt(0), "how long a setpoint holds when no successor comes"] = 10.0
    release: Annotated[
        Literal["own", "zero"],
        "what the battery gets back to: its own logic, or 0 W held by nobody",
    ] = "own"
    max_charge: Annotated[
        Watts | None, ShellsOwn(), "never charge harder than this, whatever the flow computes"
    ] = None
    max_discharge: Annotated[
        Watts | None, ShellsOwn(), "never discharge harder than this, whatever the flow computes"
    ] = None
    write_every: Annotated[Seconds, Ge(0), "shortest time between two writes"] = 1.0
    deadband: Annotated[Watts, Ge(0), ShellsOwn(), "smaller changes than this are not written"] = (
        25.0
    )
    resend: Annotated[
        Annotated[Seconds, Gt(0)] | None,
        "an unchanged setpoint is written again after this; by default a third of the lease "
        "where the device has a time-out of its own, else 60s",
    ] = 60.0
    own_meter: Annotated[
        Literal["take", "leave"],
        ShellsOwn(),
        "a battery that follows a meter of its own is taken from it, or left to it",
    ] = "take"
    on_override: Annotated[
        Literal["retake", "yield"],
        "when somebody else sets it, in its app say: write again, or leave it alone for a while",
    ] = "retake"
    stay_away: Annotated[
        Seconds, Gt(0), ShellsOwn(), "how long it is left alone by `on_override: yield`"
    ] = 900.0

    @classmethod
    def names(cls) -> frozenset[str]:
        """Name the settings that every device has."""
        return frozenset(item.name for item in fields(cls))

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "Terms":
        """Pick them from the settings of a device."""
        return cls(**{name: settings[name] for name in cls.names()})

    @property
    def refresh(self) -> float:
        """Seconds after which an unchanged setpoint is written again."""
        return self.lease / 3 if self.resend is None else self.resend

    def within(self, watts: float, rating: Battery) -> float:
        """Hold a setpoint within these terms, and within what the battery tells of itself."""
        low = -min(_or_inf(self.max_charge), _or_inf(rating.max_charge))
        high = min(_or_inf(self.max_discharge), _or_inf(rating.max_discharge))
        return min(max(watts, low), high) + 0.0

    def is_worth(self, wanted: float, held: float, rating: Battery) -> bool:
        """Tell whether a setpoint is worth a write: a stop is, and one beyond these limits."""
        change = abs(wanted - held)
        if change >= self.deadband or (wanted == 0.0 and held != 0.0):
            return change > 0
        return change > 0 and self.within(held, rating) != held


def _or_inf(limit: float | None) -> float:
    return math.inf if limit is None else abs(limit)
