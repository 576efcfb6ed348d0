"""What a plant is to a backtest: twins in place of the meter and the batteries of a flow."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from flowctl.values import Battery


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
    def holds(self) -> float:
        """AC energy that it could give from now on if it took none, the least lost, Wh."""

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

    def rated(self) -> tuple[float, float]:
        """The same of one that is neither full nor empty."""

    @property
    def naps(self) -> Sequence[tuple[float, float]]:
        """When it gave nothing and was kept awake, its relay closed: `(since, until)`, s."""

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
    def about(self) -> str:
        """What its meter is, in a line."""

    @property
    def length(self) -> float:
        """Seconds until the house's load repeats."""

    @property
    def firsts(self) -> Mapping[str, float]:
        """The times of the first values of `house` and `pv`, as their traces tell them, s."""

    def silences(self, until: float) -> Mapping[str, Sequence[tuple[float, float]]]:
        """Where traces of `house` and `pv` say nothing for long: `(second, s)`."""

    @property
    def counters(self) -> Sequence[str]:
        """Which traces, of `house` and `pv`, look like counters of energy."""

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
