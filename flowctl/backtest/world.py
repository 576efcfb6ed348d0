"""The world that flows are tried in: a plant, the house around it, and when that is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Protocol

from flowctl.backtest.makes import Made, Makes
from flowctl.faults import FlowError
from flowctl.values import Battery
from flowctl.virtual.clock import START
from flowctl.zone import here

GROUP = "flowctl.plants"
DAY = 86400.0
Trace = str | Path | Sequence[tuple[float, float]]


class Twin(Protocol):
    """What takes the place of a device, and what only a simulation knows of it.

    Powers are + discharging, limits magnitudes, all in W; times are seconds of the plant.
    """

    def command(self, watts: float | None) -> None:
        """Take a setpoint; `None` releases."""

    @property
    def about(self) -> str:
        """What it is, in a line."""

    @property
    def stores(self) -> bool:
        """Whether it keeps what it takes: a load does not."""

    @property
    def soc(self) -> float:
        """State of charge, %."""

    @property
    def capacity(self) -> float:
        """Energy when full, Wh."""

    @property
    def lost(self) -> float:
        """Energy lost inside it so far, Wh."""

    @property
    def timing(self) -> tuple[float, float]:
        """Its dead time and its lag, s."""

    @property
    def slew(self) -> float:
        """Its fastest change, W/s."""

    @property
    def write_every(self) -> float:
        """Shortest time between two commands that it takes, s."""

    @property
    def min_power(self) -> float:
        """Smallest power it can hold other than zero, W."""

    def listens(self) -> bool:
        """Tell whether a command would be followed now."""

    def reached(self) -> tuple[float, float]:
        """What it really takes and gives now when it is told to do its utmost."""

    def gain(self) -> float:
        """Part of what it is told that it delivers now."""

    def power(self, time: float) -> float:
        """What it delivers at a time not long ago."""

    def energy(self, time: float) -> float:
        """Watt seconds delivered up to a time not long ago."""

    def expected(self, time: float) -> float:
        """What it will deliver if nobody says anything more."""


class Twins(Protocol):
    """A plant that stands in for the edges of a flow."""

    @property
    def names(self) -> tuple[str, ...]:
        """Streams that it speaks for: its meter, then its batteries."""

    @property
    def length(self) -> float:
        """Seconds until the house's load repeats."""

    @property
    def firsts(self) -> Mapping[str, float]:
        """The times of the first values of `house` and `pv`, as their traces tell them, s."""

    def silences(self, until: float) -> Mapping[str, Sequence[tuple[float, float]]]:
        """Where traces of `house` and `pv` say nothing for long: `(second, s)`."""

    @property
    def time_of_day(self) -> float:
        """The time of day at second 0, in seconds."""

    @property
    def fingerprint(self) -> str:
        """All of it but the load, as a text: the same text, the same course."""

    @property
    def taken(self) -> float:
        """When the newest reading of the meter had been taken, s; it is said later."""

    @property
    def period(self) -> float:
        """Seconds between two readings of the meter."""

    @property
    def average(self) -> float:
        """Over how many seconds the meter takes the mean."""

    @property
    def latency(self) -> float:
        """How late a reading is said, s."""

    def twin(self, name: str) -> Twin:
        """Return the stand-in for the device of one stream."""

    def next_due(self) -> float:
        """Second at which somebody may have something to say."""

    def advance(self, to: float) -> list[tuple[float, str, float | Battery]]:
        """Let time pass and hand over, once, what the streams said."""

    def message(self, watts: float) -> Any:
        """What the meter says of a reading where messages are heard, and not powers."""

    def load_energy(self, time: float) -> float:
        """Watt seconds that the house drew, less those its roof made."""

    def sun_energy(self, time: float) -> float:
        """Watt seconds that the roof made."""


@dataclass(frozen=True)
class World:
    """Everything that flows which are to be compared have in common."""

    plant: Path | None
    """`None`: the meter and the batteries are what `made` says."""
    seed: int | None = None
    house: Trace | None = None
    """A trace in place of the plant's own: a file, or `(second, W)` as recorded."""
    pv: Trace | None = None
    peak: float | None = None
    """The most that the roof makes, W; scales its trace."""
    begin: float = 0.0
    """The second of these traces at which the plant begins."""
    pv_begin: float | None = None
    """That second of the roof's trace, where it is another one."""
    at: datetime | None = None
    """Date and time of that second."""
    seconds: float | None = None
    """How long; `None`: until the house's load repeats, a day at most."""
    warm_up: float = 0.0
    """Seconds at the beginning that no figure counts."""
    known: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """What is known better of a battery than the plant file says: its `lag`, its `soc`."""
    made: Made | None = None
    """What the devices of the first flow are, where the plant file does not say."""

    @property
    def called(self) -> str:
        """What people call the plant."""
        if self.plant is None and self.made:
            return f"the plant of {self.made.flow}"
        return str(self.plant)

    def open(self, asks: Makes | None = None) -> Twins:
        """Stand the plant up, at its second 0, for a flow that `asks` so.

        Raises:
            FlowError: the plant, or a trace, is faulty.
        """
        given: dict[str, Any] = {"seed": self.seed, "house": self.house, "pv": self.pv}
        given["peak"] = self.peak
        try:
            made: Twins = _opener()(
                self.plant,
                **given,
                makes=self.made.words if self.made else {},
                asks=asks or {},
                start=self.begin,
                pv_start=self.pv_begin,
                time_of_day=self._time_of_day(),
                known=self.known,
            )
        except ValueError as error:
            cure = "a trace is a table of seconds and W; name its column as FILE#COLUMN"
            raise FlowError(f"{error}; {cure}") from None
        return made

    def lasts(self, twins: Twins) -> float:
        """How long flows are tried out, s."""
        return min(twins.length - self._begun, DAY) if self.seconds is None else self.seconds

    def repeats(self, twins: Twins) -> float | None:
        """After how long a trace of the house begins anew, s, if it is shorter than the run."""
        rest = twins.length - self._begun
        return rest if self.house is not None and self.lasts(twins) > rest + 1 else None

    def starts(self, twins: Twins) -> datetime:
        """The date and time of second 0, by the clock on the wall of the house."""
        return self.at or START.replace(tzinfo=here()) + timedelta(seconds=twins.time_of_day)

    @property
    def _begun(self) -> float:
        """The second at which a trace of the house is begun."""
        return self.begin if self.house is not None else 0.0

    def _time_of_day(self) -> float | None:
        """By date if there is one; a trace on its own is taken to begin at midnight."""
        if self.at:
            midnight = self.at.replace(hour=0, minute=0, second=0, microsecond=0)
            return (self.at - midnight).total_seconds()
        return self.begin % DAY if self.house is not None else None


def _opener() -> Any:
    for entry in entry_points(group=GROUP):
        return entry.load()
    cure = "it comes with flowctl's own nodes: install flowctl again"
    raise FlowError(f"no installed package has plants ('{GROUP}'); {cure}")
