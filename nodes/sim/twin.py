"""What takes the place of one device in virtual time, and what only a simulation knows of it."""

import math
from collections.abc import Sequence

from flowctl import Battery
from nodes.sim.battery import HomeBattery
from nodes.sim.made import told

HOUR = 3600.0


class Twin:
    """What takes the place of one device step."""

    def __init__(self, battery: HomeBattery) -> None:
        self._battery = battery

    def command(self, watts: float | None) -> None:
        """Take a setpoint, W, + discharging; `None` releases. What it says to that, it tells."""
        self._battery.command(watts)

    def told(self) -> list[tuple[float, Battery]]:
        """Hand over, once, each record with its second: acceptances, and telemetry."""
        return self._battery.told()

    # What only a simulation knows. Powers: + discharging; limits are magnitudes, W.

    @property
    def about(self) -> str:
        """What it is, in a line."""
        return told(self._battery.setup)

    @property
    def stores(self) -> bool:
        """Whether it keeps what it takes."""
        return self._battery.setup.stores

    @property
    def soc(self) -> float:
        """State of charge, %."""
        return self._battery.soc

    @property
    def capacity(self) -> float:
        """Energy when full, Wh."""
        return self._battery.capacity

    @property
    def holds(self) -> float:
        """AC energy that it could give from now on if it took none, the least lost, Wh."""
        battery, setup = self._battery, self._battery.setup
        if battery.sun:
            return math.inf
        late = 1 + battery.lag + setup.max_discharge / battery.slew  # s until it has stopped
        inside = (battery.soc - setup.empty) / 100 * battery.capacity
        return (
            max(0.0, inside) / (1 + battery.cells.least_loss()) + late * setup.max_discharge / HOUR
        )

    @property
    def lost(self) -> float:
        """Energy lost inside it so far, Wh."""
        return self._battery.cells.lost / HOUR

    @property
    def timing(self) -> tuple[float, float]:
        """Its dead time and its lag, s."""
        return self._battery.dead_time, self._battery.lag

    @property
    def slew(self) -> float:
        """Its fastest change, W/s."""
        return self._battery.slew

    @property
    def write_every(self) -> float:
        """Shortest time between two commands that it takes, s."""
        return self._battery.setup.write_every

    @property
    def min_power(self) -> float:
        """Smallest power it can hold other than zero, W."""
        return self._battery.setup.min_power

    def listens(self) -> bool:
        """Tell whether a command would be followed now."""
        return self._battery.listens

    def able(self) -> tuple[float, float]:
        """What it can really take and give now."""
        return self._battery.able()

    def reached(self) -> tuple[float, float]:
        """What it takes and gives when it is told to do its utmost."""
        rated, able = self._battery.health().rated, self._battery.able()
        return min(able[0], rated[0]), min(able[1], rated[1])

    def rated(self) -> tuple[float, float]:
        """The same of one that is neither full nor empty."""
        return self._battery.health().rated

    @property
    def naps(self) -> Sequence[tuple[float, float]]:
        """When it gave nothing and was kept awake, its relay closed: `(since, until)`, s."""
        return self._battery.naps

    def gain(self) -> float:
        """Part of what it is told that it delivers now."""
        return self._battery.health().gain

    def power(self, time: float) -> float:
        """What it delivers, W, at a time not long ago."""
        return self._battery.true_power(time)

    def energy(self, time: float) -> float:
        """Watt seconds delivered up to a time not long ago."""
        return self._battery.energy(time)

    def expected(self, time: float) -> float:
        """What it will deliver if nobody says anything more."""
        return self._battery.expected(time)
