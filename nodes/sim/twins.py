"""Stand-ins for devices in virtual time: commands in, records out, as a real battery would."""

from pathlib import Path

from flowctl import Battery
from nodes.sim.battery import HomeBattery
from nodes.sim.plant import Plant
from nodes.sim.plant_file import read_plant
from nodes.sim.trace import Trace


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
    house: Trace | None = None,
    pv: Trace | None = None,
) -> Twins:
    """Read a plant file and stand its devices up; a given trace takes the place of its own.

    Raises:
        FlowError: the plant file is faulty.
    """
    return Twins(Plant(read_plant(path), seed=seed, house=house, pv=pv))
