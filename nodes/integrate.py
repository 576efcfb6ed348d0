"""Add a power up to energy."""

from typing import Annotated, Literal

from flowctl import Clock, Gt, Observable, Seconds, Store, WattHours, Watts
from nodes._helpers.kept import kept
from nodes._helpers.operators import holding
from nodes._helpers.timing import TINY

HOUR = 3600.0  # s
Sign = Literal["both", "positive", "negative"]


def integrate(
    power: Annotated[Observable[Watts], "the power whose energy is wanted"],
    *,
    sign: Annotated[
        Sign, "which flow counts: both (falls as well as rises), or one, as a positive number"
    ] = "both",
    longest: Annotated[Seconds, Gt(0), "a longer gap between two readings does not count"] = 60.0,
    clock: Clock,
    store: Store,
) -> Observable[WattHours]:
    """Say the energy so far, one per reading, the first of which says what is kept.

    A reading counts from when it comes until the next one. `positive` counts what flows into the
    house wiring (import, discharging), `negative` what flows out of it (export, charging). The sum
    is kept over restarts; the time in between is not counted. NaN and infinities are not heard.
    """

    def step(before: tuple[float, float] | None, watts: float) -> tuple[tuple[float, float], float]:
        at, energy = clock.time(), kept(store, "energy")
        if before is not None and at - before[0] <= longest + TINY:
            energy += counted(before[1], sign) / HOUR * (at - before[0])
            store["energy"] = energy
        return (at, watts), energy

    return holding(power, None, step)


def counted(watts: float, sign: Sign) -> float:
    """Return the part of a power that counts."""
    if sign == "both":
        return watts
    return max(watts if sign == "positive" else -watts, 0.0)
