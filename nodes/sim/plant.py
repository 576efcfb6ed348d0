"""A house, its meter and its batteries in one loop; the same in virtual time and on sockets.

Signs of the house: + flows into its wiring. So `grid = load - pv - batteries`, and a battery that
discharges is positive. Everything follows from the setup and the seed; no clock is read.
"""

import math
from collections.abc import Mapping
from operator import itemgetter

from flowctl import Battery
from nodes.sim.battery import HomeBattery
from nodes.sim.load import house_traces, panels_trace, sun_trace
from nodes.sim.meter import GridMeter
from nodes.sim.setup import PlantSetup
from nodes.sim.trace import Trace

OWN_PERIOD, OWN_VIEW = (
    1.0,
    0.5,
)  # s: how often, and how late, self-regulating firmware sees the grid
NIGHT = 20.0  # W: what the inverter of a roof without sun may still tell
AFTERNOON = 15 * 3600.0  # s; a trace of the sun that is longer has seen it sink


class Plant:
    """What happens, at which second, to whom. Times are seconds since it began."""

    def __init__(
        self,
        setup: PlantSetup,
        *,
        seed: int | None = None,
        house: Trace | None = None,
        pv: Trace | None = None,
    ) -> None:
        """Begin at second 0; a given `house` or `pv` takes the place of those of the setup."""
        self.setup, self.time = setup, 0.0
        seed = setup.house.seed if seed is None else seed
        self._loads = [house] if house else house_traces(setup.house, setup.folder, seed)
        begin = setup.house.time_of_day
        self._sun = pv or (sun_trace(setup.pv, setup.folder, seed, begin) if setup.pv else None)
        memory = 15.0 + setup.meter.average
        self.batteries: Mapping[str, HomeBattery] = {
            name: HomeBattery(
                name, item, seed, memory, panels_trace(item.panels, setup.folder, seed, begin)
            )
            for name, item in setup.batteries.items()
        }
        self.gauge = GridMeter(setup.meter, self.grid_energy, seed)
        own = any(item.self_regulating for item in setup.batteries.values())
        self._own_due = 0.0 if own else math.inf

    @property
    def length(self) -> float:
        """Seconds until the house's load repeats."""
        return self._loads[0].length

    def firsts(self) -> dict[str, float]:
        """The times of the first values of `house` and `pv`, as their traces tell them."""
        found = {"house": self._loads[0], "pv": self._sun}
        return {name: trace.first for name, trace in found.items() if trace}

    def silences(self, until: float) -> dict[str, list[tuple[float, float]]]:
        """Where recorded powers say nothing for long, `(second, s)`, by `house` and `pv`."""
        sun = self._sun.silences(until, NIGHT) if self._sun else []
        found = {"house": self._loads[0].silences(until), "pv": sun}
        return {name: waits for name, waits in found.items() if waits}

    def counters(self) -> list[str]:
        """Which of `house` and `pv` looks like a counter of energy; in half a day the sun sinks."""
        sun = self._sun if self._sun and self._sun.length > AFTERNOON else None
        found = {"house": self._loads[0], "pv": sun}
        return [name for name, trace in found.items() if trace and trace.counts()]

    def advance(self, to: float) -> None:
        """Let time pass up to a second; the course does not depend on the size of the steps."""
        while (due := self._next_event()) <= to:
            self._happen(due)
        self._reach(to)
        self.time = max(self.time, to)

    def next_due(self) -> float:
        """When the meter or a battery may have something to say next."""
        said = (battery.next_due() for battery in self.batteries.values())
        return min(self.gauge.next_due(), self._own_due, *said)

    def meter(self) -> list[tuple[float, float]]:
        """Hand over, once, the readings said up to now: `(time, W)`, + import."""
        return self.gauge.said(self.time)

    def told(self) -> list[tuple[float, str, Battery]]:
        """Hand over, once, what batteries told: telemetry, and each accepted command."""
        told = [
            (time, name, record)
            for name, battery in self.batteries.items()
            for time, record in battery.told()
        ]
        return sorted(told, key=itemgetter(0))

    # The truth, for reports and tests; times not long ago.

    def load(self, time: float) -> float:
        """What the house draws, W."""
        return sum(trace.power(time) for trace in self._loads)

    def pv(self, time: float) -> float:
        """What the roof makes, W."""
        return self._sun.power(time) if self._sun else 0.0

    def grid(self, time: float) -> float:
        """What really passes the meter, W, + import."""
        batteries = sum(battery.true_power(time) for battery in self.batteries.values())
        return self.load(time) - self.pv(time) - batteries

    def load_energy(self, time: float) -> float:
        """Watt seconds drawn less those the roof made; only differences mean anything."""
        return sum(trace.energy(time) for trace in self._loads) - self.sun_energy(time)

    def sun_energy(self, time: float) -> float:
        """Watt seconds that the roof made; only differences mean anything."""
        return self._sun.energy(time) if self._sun else 0.0

    def grid_energy(self, time: float) -> float:
        """Watt seconds imported up to a time; only differences mean anything."""
        batteries = sum(battery.energy(time) for battery in self.batteries.values())
        return self.load_energy(time) - batteries

    def _next_event(self) -> float:
        records = (battery.next_record for battery in self.batteries.values())
        return min(self.gauge.next_sample, self._own_due, *records)

    def _happen(self, now: float) -> None:
        self._reach(now)
        if self.gauge.next_sample <= now:
            self.gauge.sample()
        for battery in self.batteries.values():
            if battery.next_record <= now:
                battery.measure()
        if self._own_due <= now:
            self._own_due += OWN_PERIOD
            self._regulate(self.grid(max(0.0, now - OWN_VIEW)))

    def _regulate(self, grid: float) -> None:
        for battery in self.batteries.values():
            if battery.self_regulating:
                battery.regulate(grid)

    def _reach(self, now: float) -> None:
        for battery in self.batteries.values():
            battery.advance(now)
