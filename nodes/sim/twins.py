"""Stand-ins for devices in virtual time: commands in, records out, as a real battery would."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from flowctl import Battery
from nodes.sim.battery import HomeBattery
from nodes.sim.plant import Plant
from nodes.sim.plant_file import read_plant
from nodes.sim.setup import SunSetup
from nodes.sim.trace import Trace

Given = str | Path | Sequence[tuple[float, float]]


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


class Twins:
    """A plant as a backtest drives it: advance to what is due, pass on what was said."""

    def __init__(self, plant: Plant) -> None:
        self.plant = plant
        self._twins = {name: Twin(battery) for name, battery in plant.batteries.items()}

    @property
    def names(self) -> tuple[str, ...]:
        """Streams that the plant speaks for: its meter, then its batteries."""
        return (self.plant.setup.meter_name, *self._twins)

    @property
    def length(self) -> float:
        """Seconds until the house's load repeats."""
        return self.plant.length

    def twin(self, name: str) -> Twin:
        """Return the stand-in for the device of one stream."""
        return self._twins[name]

    def next_due(self) -> float:
        """Second at which somebody may have something to say."""
        return self.plant.next_due()

    def advance(self, to: float) -> list[tuple[float, str, float | Battery]]:
        """Let time pass and hand over, once, what the streams said: `(second, stream, value)`."""
        self.plant.advance(to)
        meter = self.plant.setup.meter_name
        said: list[tuple[float, str, float | Battery]] = list(self.plant.told())
        said += [(time, meter, watts) for time, watts in self.plant.meter()]
        return sorted(said, key=lambda item: item[0])


def open_twins(
    path: str | Path,
    *,
    seed: int | None = None,
    house: Given | None = None,
    pv: Given | None = None,
) -> Twins:
    """Read a plant file and stand its devices up; a given trace takes the place of its own.

    A trace is a file, with `#column` where it has several, or `(second, W)` as recorded. That of
    the roof keeps the `peak` of the plant file, if it has one.

    Raises:
        FlowError: the plant file is faulty.
        ValueError: a trace cannot be used.
    """
    setup = read_plant(path)
    files: dict[str, Any] = {}
    if isinstance(house, str | Path):
        files["house"] = replace(setup.house, start=0.0, **_named(house))
    if isinstance(pv, str | Path):
        files["pv"] = replace(setup.pv or SunSetup(), start=0.0, **_named(pv))
    setup = replace(setup, **files)
    return Twins(Plant(setup, seed=seed, house=_recorded(house), pv=_recorded(pv)))


def _named(given: str | Path) -> dict[str, Any]:
    file, _, column = str(given).partition("#")
    return {"trace": str(Path(file).resolve()), "column": column}


def _recorded(given: Given | None) -> Trace | None:
    if given is None or isinstance(given, str | Path):
        return None
    return Trace([time for time, _ in given], [watts for _, watts in given])
