"""The engine's own streams, that every flow may read: `errors` and `why`."""

from collections.abc import Mapping
from dataclasses import dataclass

from flowctl.language.flow import ERRORS, WHY
from flowctl.signature.node import Wire
from flowctl.units import Seconds, Watts
from flowctl.values import Trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """What the stream `why` says: a setpoint that was written, and what it follows from."""

    at: Seconds
    """When it was written."""
    device: str
    """The stream that ends in the device."""
    setpoint: Watts | None
    """`None`: the battery was given back to itself."""
    wanted: Watts | None
    """What the flow wanted of it; `None`: it was left out."""
    step: str
    """Which step decided: the last one to change the number."""
    reason: str
    """Why, in its words; empty where it gave none."""
    says: str
    """All of that as a sentence."""
    chain: tuple[str, ...]
    """From the sample to the setpoint, a sentence for each step."""


CARRIED: Mapping[str, Wire] = {ERRORS: Wire(Trouble), WHY: Wire(Why)}
