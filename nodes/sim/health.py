"""What is wrong with a simulated battery at a time, and what that leaves of it. Pure."""

import math
from collections.abc import Sequence

from nodes.sim.setup import BatteryFault, BatterySetup

Limits = tuple[float, float]
"""What it takes and gives, W, as magnitudes."""


class Health:
    """What a battery can do whatever its charge."""

    def __init__(self, setup: BatterySetup, faults: Sequence[BatteryFault] = ()) -> None:
        self.faults = faults
        self.offline = any(fault.offline for fault in faults)
        self.online = not any(fault.offline or fault.deaf for fault in faults)
        """Whether it answers at all."""
        self.sound = self._sound(setup)
        """What it could take and give."""
        gains = (fault.gain / 100 for fault in faults if fault.gain is not None)
        self.gain = setup.gain / 100 * math.prod(gains)
        """Part of what it is told that it delivers."""
        self.rated = (
            min(self.sound[0], self.gain * setup.max_charge),
            min(self.sound[1], self.gain * setup.max_discharge),
        )
        """What it takes and gives when it is told to do its utmost."""

    def _sound(self, setup: BatterySetup) -> Limits:
        if self.offline:
            return 0.0, 0.0
        cap = min((fault.cap for fault in self.faults if fault.cap is not None), default=math.inf)
        return min(setup.max_charge, cap), min(setup.max_discharge, cap)
