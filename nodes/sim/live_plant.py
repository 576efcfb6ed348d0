"""A plant in real time: whoever asks brings it up to now first."""

import asyncio
from dataclasses import replace

from nodes.sim.battery import HomeBattery
from nodes.sim.plant import Plant
from nodes.sim.setup import PlantSetup

KILO, HOUR = 1000.0, 3600.0


def on_sockets(setup: PlantSetup) -> PlantSetup:
    """Let a meter show each reading: how often it is looked at is up to who really polls."""
    return replace(setup, meter=replace(setup.meter, polled=0.0))


class LivePlant:
    """The plant, and what its meter shows; second 0 lies two readings back."""

    def __init__(self, plant: Plant) -> None:
        self._plant = plant
        self._loop = asyncio.get_running_loop()
        first = 2 * plant.setup.meter.every  # a meter that was there before whoever asks it
        self._start = self._loop.time() - first
        self.watts: float | None = None
        """The newest reading, + import; none before the first."""
        self.imported, self.exported = 0.0, 0.0
        """Counters of the meter, kWh."""

    def now(self) -> Plant:
        """Return the plant as it is now."""
        plant = self._plant
        plant.advance(self._loop.time() - self._start)
        for _, self.watts in plant.meter():
            kilowatt_hours = self.watts * plant.setup.meter.every / HOUR / KILO
            self.imported += max(0.0, kilowatt_hours)
            self.exported += max(0.0, -kilowatt_hours)
        plant.told()  # on sockets, whoever polls is told
        return plant

    def unit(self, name: str) -> "LiveUnit":
        """Return a battery for the server of its protocol."""
        return LiveUnit(self, self._plant.batteries[name])

    def held(self) -> bool:
        """Tell whether somebody's setpoint still holds a battery."""
        return any(battery.commanded for battery in self.now().batteries.values())


class LiveUnit:
    """One battery as its network side sees it: a `Unit`, now."""

    def __init__(self, live: LivePlant, battery: HomeBattery) -> None:
        self._live, self._battery = live, battery

    @property
    def power(self) -> float:
        """AC power as its telemetry has it now, W, + discharging."""
        return self._now().power

    @property
    def soc(self) -> float:
        """State of charge, %."""
        return self._now().soc

    @property
    def capacity(self) -> float:
        """Energy when full, Wh."""
        return self._battery.capacity

    @property
    def online(self) -> bool:
        """Whether it answers at all."""
        return self._now().online

    def command(self, watts: float | None) -> None:
        """Take a setpoint, W, + discharging; `None` gives it back to its own logic."""
        self._now().command(watts)

    def _now(self) -> HomeBattery:
        self._live.now()
        return self._battery
