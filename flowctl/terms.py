"""The terms on which a device is borrowed: settings that every device step has."""

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Gt

from flowctl.units import Seconds, Watts


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Settings of the engine's device shell; a node states its own defaults by `terms: Terms`."""

    lease: Annotated[Seconds, Gt(0), "how long a setpoint holds when no successor comes"] = 10.0
    release: Annotated[
        Literal["own", "zero"],
        "what the battery gets back to: its own logic, or 0 W held by nobody",
    ] = "own"
    max_charge: Annotated[
        Watts | None, "never charge harder than this, whatever the flow computes"
    ] = None
    max_discharge: Annotated[
        Watts | None, "never discharge harder than this, whatever the flow computes"
    ] = None
    write_every: Annotated[Seconds, Ge(0), "shortest time between two writes"] = 1.0
    deadband: Annotated[Watts, Ge(0), "smaller changes than this are not written"] = 25.0
    resend: Annotated[Seconds, Gt(0), "an unchanged setpoint is written again after this"] = 60.0
