"""A house with a roof and resistive loads, as the solar balancer meets it. Pure, no clock."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from nodes._helpers.curve import WHOLE

HOUR = 3600.0  # s
Trace = Callable[[float], float]


def phase_angle(percent: float) -> float:
    """Part of its power that a resistance draws behind an SCR.

    Source: power of a sine cut at the angle a: 1 - a/pi + sin(2a)/(2 pi).
    """
    angle = math.pi * (1 - min(WHOLE, max(0.0, percent)) / WHOLE)
    return 1 - angle / math.pi + math.sin(2 * angle) / (2 * math.pi)


@dataclass
class WaterHeater:
    """A resistance behind a variator, and a thermostat that opens when the water is hot."""

    power: float = 2300.0
    """W at full conduction."""
    missing: float = 14_000.0
    """Wh until the thermostat opens."""
    hysteresis: float = 1_000.0
    """Wh of heat lost after which it closes again."""
    losses: float = 50.0
    """W that the tank loses, showers included."""
    percent: float = 0.0
    powered: bool = True
    is_open: bool = False

    def draws(self) -> float:
        """W that it draws now."""
        return 0.0 if self.is_open or not self.powered else self.power * phase_angle(self.percent)

    def pass_time(self, seconds: float) -> None:
        """Heat and cool for a while."""
        self.missing += (self.losses - self.draws()) * seconds / HOUR
        if self.missing <= 0:
            self.missing, self.is_open = 0.0, True
        elif self.missing >= self.hysteresis:
            self.is_open = False


@dataclass
class Radiator:
    """A load on a relay."""

    power: float = 596.0
    is_on: bool = False

    def draws(self) -> float:
        """W that it draws now."""
        return self.power if self.is_on else 0.0

    def pass_time(self, seconds: float) -> None:
        """Nothing in it changes by itself."""


@dataclass
class SolarHouse:
    """Base load, roof and loads; brought up to a time by whoever asks."""

    base: Trace = lambda _: 300.0
    sun: Trace = lambda _: 1500.0
    loads: Mapping[str, WaterHeater | Radiator] = field(default_factory=dict)
    time: float = 0.0
    imported: float = 0.0
    exported: float = 0.0
    """Wh."""
    longest: float = 1.0
    """s of one step."""

    def advance(self, until: float) -> None:
        """Let time pass."""
        while self.time < until - 1e-9:
            step = min(self.longest, until - self.time)
            grid = self.grid() * step / HOUR
            self.imported, self.exported = (
                self.imported + max(0.0, grid),
                self.exported + max(0.0, -grid),
            )
            for load in self.loads.values():
                load.pass_time(step)
            self.time += step

    def consumption(self) -> float:
        """W that the house draws, loads included."""
        return self.base(self.time) + sum(load.draws() for load in self.loads.values())

    def production(self) -> float:
        """W that the roof makes."""
        return self.sun(self.time)

    def grid(self) -> float:
        """W from the grid, + import."""
        return self.consumption() - self.production()


def clear_day(peak: float = 3500.0, dawn: float = 6.0, dusk: float = 21.0) -> Trace:
    """Make a cloudless day; second 0 is midnight."""

    def watts(time: float) -> float:
        part = (time / HOUR % 24 - dawn) / (dusk - dawn)
        return peak * math.sin(math.pi * part) ** 1.3 if 0 < part < 1 else 0.0

    return watts
