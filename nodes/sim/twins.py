"""Stand-ins for devices in virtual time: commands in, records out, as a real battery would.

They also tell what only a simulation knows: what really happens, and what will come of what was
said. Reports are made of that, and the bounds that no controller can pass.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from flowctl import Battery
from nodes._helpers.fields import frozen
from nodes.sim.made import Words, asked, made_plant, measures, polled, unheard_of
from nodes.sim.obis import by_number
from nodes.sim.plant import Plant
from nodes.sim.plant_file import read_plant
from nodes.sim.setup import SunSetup
from nodes.sim.trace import Trace
from nodes.sim.twin import Twin

NOBODY: Mapping[str, Words | None] = MappingProxyType({})
Given = str | Path | Sequence[tuple[float, float]]


class Twins:
    """A plant as a backtest drives it: advance to what is due, pass on what was said."""

    def __init__(self, plant: Plant, seed: int | None = None) -> None:
        self.plant = plant
        self._seed = plant.setup.house.seed if seed is None else seed
        self._twins = {name: Twin(battery) for name, battery in plant.batteries.items()}

    @property
    def names(self) -> tuple[str, ...]:
        """Streams that the plant speaks for: its meter, then its batteries."""
        return (self.plant.setup.meter_name, *self._twins)

    @property
    def about(self) -> str:
        """What its meter is, in a line."""
        return measures(self.plant.setup.meter)

    @property
    def length(self) -> float:
        """Seconds until the house's load repeats."""
        return self.plant.length

    @property
    def firsts(self) -> Mapping[str, float]:
        """The times of the first values of `house` and `pv`, as their traces tell them, s."""
        return self.plant.firsts()

    def silences(self, until: float) -> Mapping[str, Sequence[tuple[float, float]]]:
        """Where traces of `house` and `pv` say nothing for long: `(second, s)`."""
        return self.plant.silences(until)

    @property
    def counters(self) -> Sequence[str]:
        """Which traces, of `house` and `pv`, look like counters of energy."""
        return self.plant.counters()

    def twin(self, name: str) -> Twin:
        """Return the stand-in for the device of one stream."""
        return self._twins[name]

    @property
    def fingerprint(self) -> str:
        """All of it but the load, as a text: the same text, the same course."""
        setup = self.plant.setup
        panels = [item.sun and item.sun.digest() for item in self.plant.batteries.values()]
        return f"seed {self._seed}; {setup.meter}; {dict(setup.batteries)}; {panels}"

    @property
    def taken(self) -> float:
        """When the newest reading of the meter had been taken, s; it is said later."""
        return self.plant.gauge.taken

    @property
    def period(self) -> float:
        """Seconds between two readings that the meter says, as it is asked."""
        return max(self.plant.setup.meter.every, self.plant.setup.meter.polled)

    @property
    def average(self) -> float:
        """Over how many seconds the meter takes the mean."""
        return self.plant.setup.meter.average

    @property
    def latency(self) -> float:
        """How late a reading is said, s."""
        return self.plant.setup.meter.latency

    def message(self, watts: float) -> Any:
        """What the meter says of a reading where messages are heard, and not powers."""
        speaks_json = self.plant.setup.meter.speaks == "sma_mqtt"
        return frozen(by_number(watts)) if speaks_json else watts

    @property
    def time_of_day(self) -> float:
        """The time of day at second 0, in seconds."""
        return self.plant.setup.house.time_of_day

    def load_energy(self, time: float) -> float:
        """Watt seconds that the house drew, less those its roof made."""
        return self.plant.load_energy(time)

    def sun_energy(self, time: float) -> float:
        """Watt seconds that the roof made."""
        return self.plant.sun_energy(time)

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
    path: str | Path | None,
    *,
    makes: Mapping[str, Words | None] = NOBODY,
    asks: Mapping[str, Words | None] = NOBODY,
    seed: int | None = None,
    house: Given | None = None,
    pv: Given | None = None,
    peak: float | None = None,
    start: float = 0.0,
    pv_start: float | None = None,
    time_of_day: float | None = None,
    known: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
) -> Twins:
    """Read a plant file and stand its devices up; a given trace takes the place of its own.

    `makes` is what twins say of a flow's meter (the first) and batteries: it goes after what the
    file states, and is all there is without one. `asks` is what they say of the flow that is to
    run: as often as it polls, the batteries tell.

    A trace is a file, with `#column` where it has several, or `(second, W)` as recorded. That of
    the roof has its peak at `peak`, or at that of the plant file. `start` is the second of a file
    at which the plant begins, `pv_start` that of the roof's, `time_of_day` the hour that is then.
    `known` is what is known better of a battery: its `soc`, its `lag`, ...

    Raises:
        FlowError: the plant file is faulty.
        ValueError: a trace cannot be used.
    """
    makes = unheard_of(makes)
    setup = made_plant(makes) if path is None else read_plant(path, makes)
    if time_of_day is not None:
        setup = replace(setup, house=replace(setup.house, time_of_day=time_of_day))
    files: dict[str, Any] = {}
    if isinstance(house, str | Path):
        files["house"] = replace(setup.house, start=start, **_named(house))
    if isinstance(pv, str | Path):
        begin = start if pv_start is None else pv_start
        files["pv"] = replace(setup.pv or SunSetup(), start=begin, **_named(pv))
    if peak is not None:
        files["pv"] = replace(files.get("pv") or setup.pv or SunSetup(), peak=peak)
    batteries = {
        name: polled(replace(item, **known.get(name, {})), asks.get(name))
        for name, item in setup.batteries.items()
    }
    files["meter"] = asked(setup.meter, asks.get(setup.meter_name))
    setup = replace(setup, batteries=MappingProxyType(batteries), **files)
    plant = Plant(setup, seed=seed, house=_recorded(house), pv=_recorded(pv))
    return Twins(plant, seed)


def _named(given: str | Path) -> dict[str, Any]:
    file, _, column = str(given).partition("#")
    return {"trace": str(Path(file).resolve()), "column": column}


def _recorded(given: Given | None) -> Trace | None:
    if given is None or isinstance(given, str | Path):
        return None
    return Trace([time for time, _ in given], [watts for _, watts in given])
