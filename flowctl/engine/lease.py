"""How long a setpoint holds: no longer than its lease, nor than the plan that it comes from."""

import math

from flowctl.units import show

SOON = 1e-6  # s; timers land a hair early


class Lease:
    """Runs from each setpoint that is heard."""

    def __init__(self) -> None:
        self.until = -math.inf
        """When it runs out; there is none before the first setpoint."""
        self._lasts, self._plan_ends = 0.0, math.inf
        self._by_plan = False

    def has_ended(self, now: float) -> bool:
        """Tell whether it ran out."""
        return now >= self.until - SOON

    def is_rest(self, ends: float, now: float) -> bool:
        """Tell whether this is late news of a plan that was heard, from a throttle say."""
        return ends <= now and ends == self._plan_ends

    def begin(self, now: float, lasts: float, ends: float) -> None:
        """Hear a setpoint, and when the plan that it comes from ends."""
        self._lasts, self._plan_ends = lasts, ends
        self._by_plan = ends < now + lasts
        self.until = min(now + lasts, ends)

    def end(self) -> None:
        """Hold nothing any more."""
        self.until = -math.inf

    def ran_out(self) -> str:
        """Say what it was that ran out."""
        if self._by_plan:
            return "its plan ran out, and no new one came for it"
        return f"its lease of {show(self._lasts, 's')} ran out"
