"""What a command comes to in a simulated battery: the static part of its answer. Pure."""

import math
from collections.abc import Sequence

from nodes.sim.leg import Aim
from nodes.sim.setup import BatteryFault, BatterySetup


def meant(
    watts: float,
    setup: BatterySetup,
    limits: tuple[float, float],
    faults: Sequence[BatteryFault],
    *,
    own: bool,
) -> Aim:
    """Tell what a power comes to; one too small to be followed keeps it awake, but not its `own`.

    Source: Home Battery Control 4.13, which tells a Venus 1 W so that its relay stays closed.
    """
    little = 0 < abs(watts) < setup.min_power / 2 and limits[watts > 0] > 0
    awake = setup.stays_awake and little and not own
    return Aim(shaped(watts, setup, limits, faults), awake)


def shaped(
    watts: float,
    setup: BatterySetup,
    limits: tuple[float, float],
    faults: Sequence[BatteryFault],
) -> float:
    """Apply minimum power, gain, limits (to charge and to discharge, as magnitudes), resolution."""
    if any(fault.offline for fault in faults):
        return 0.0
    if abs(watts) < setup.min_power:
        held = setup.min_power if abs(watts) >= setup.min_power / 2 else 0.0
        watts = math.copysign(held, watts)
    gain = math.prod(fault.gain / 100 for fault in faults if fault.gain is not None)
    cap = min((fault.cap for fault in faults if fault.cap is not None), default=math.inf)
    charge, discharge = limits
    watts *= setup.gain / 100 * gain
    return stepped(max(-min(charge, cap), min(discharge, cap, watts)), setup.resolution)


def stepped(watts: float, resolution: float) -> float:
    """Round to a resolution, where there is one."""
    return round(watts / resolution) * resolution if resolution else watts
