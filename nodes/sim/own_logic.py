"""What a self-regulating battery does by itself: it follows the meter in growing steps."""

BAND = 20.0  # W that it leaves alone
HURRY = 60.0  # W above which its steps grow
FIRST, LARGEST, GROWTH = 50.0, 400.0, 1.6  # W per second, and how the steps grow
PART = 0.8  # of what the meter shows


class OwnLogic:
    """Makes one step a second. Source: AstraMeter's record of how HMG-50 firmware converges."""

    def __init__(self) -> None:
        self._step = FIRST

    def wanted(self, now: float, grid: float) -> float:
        """Return the power it wants after `now`, W, when it sees the meter, + import."""
        if abs(grid) < BAND:
            self._step = FIRST
            return now
        self._step = min(LARGEST, self._step * GROWTH) if abs(grid) > HURRY else FIRST
        return now + max(-self._step, min(self._step, PART * grid))
