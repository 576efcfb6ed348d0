"""A simulated B2500: what its firmware makes of a meter, and of timers. Signs: + discharging."""

from dataclasses import dataclass, field

from nodes.sim.unit import Unit

STEP, BAND = 100.0, 10.0  # of its internal command at a poll; W that it leaves alone
PART = 0.9  # of what the meter shows
MOST = 400.0  # W of one output
SCALE, OFFSET = 10.0 / 59.0, 5.0  # from its internal command to W


@dataclass
class Output:
    """One of its two outputs. Source: AstraMeter's record of the firmware's law."""

    command: float = OFFSET
    most: float = MOST

    @property
    def watts(self) -> float:
        """What it gives by that command."""
        return max(0.0, (self.command - OFFSET) * SCALE)

    def follow(self, grid: float) -> None:
        """Go one step towards what the meter shows, + import; how far off it is does not count."""
        gap = min(self.most, max(0.0, self.watts + PART * grid)) - self.watts
        if abs(gap) > BAND:
            top = OFFSET + self.most / SCALE
            self.command = min(top, max(OFFSET, self.command + (STEP if gap > 0 else -STEP)))


@dataclass
class B2500:
    """A one-way storage that follows a meter: two outputs, about 34 W at a poll."""

    unit: Unit
    outputs: list[Output] = field(default_factory=lambda: [Output(), Output()])
    polls: int = 0
    """How often it has read its meter."""

    @property
    def wanted(self) -> float:
        """What it goes for, W."""
        return sum(output.watts for output in self.outputs)

    def follow(self, grid: float | None) -> None:
        """Read the meter once; a meter that is silent changes nothing."""
        self.polls += 1
        if grid is None:
            return
        for output in self.outputs:
            output.follow(grid)
        self.unit.command(self.wanted)
