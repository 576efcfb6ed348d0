"""The world that flows are tried in: a plant, the house around it, and when that is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from flowctl.backtest.makes import Made, Makes
from flowctl.backtest.twins import Twins
from flowctl.faults import FlowError
from flowctl.virtual.clock import START
from flowctl.zone import here

GROUP = "flowctl.plants"
DAY = 86400.0
Trace = str | Path | Sequence[tuple[float, float]]


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
            raise FlowError(str(error)) from None
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
