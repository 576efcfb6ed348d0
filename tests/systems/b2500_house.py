"""A house with B2500 storages in virtual time: the flow on the bench, all else beside it.

Run as a module it writes the recording that the flow is replayed on.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from flowctl import Battery
from flowctl.recordings.recording import Recorder
from flowctl.testing import Bench
from nodes._helpers.virtual_meter import VirtualMeter
from nodes.sim.b2500 import B2500

FLOW = Path(__file__).parents[2] / "flows" / "b2500.yaml"
TICK = 0.1  # s
EPOCH = 1_795_000_000.0  # s: a date for the recording


def reading(watts: float) -> Mapping[str, Any]:
    """What an SMA meter tells, + import."""
    sides = {"1-0:1.7.0": max(0.0, watts), "1-0:2.7.0": max(0.0, -watts)}
    return MappingProxyType({key: MappingProxyType({"value": v}) for key, v in sides.items()})


@dataclass
class Unit:
    """A storage of the house, and the meter it is shown."""

    soc: float = 80.0
    capacity: float = 2240.0
    power: float = 0.0
    online: bool = True
    most: float = 800.0
    shown: float = 0.0
    told: float | None = None
    meter: VirtualMeter = field(default_factory=lambda: VirtualMeter(step=34.0))
    storage: B2500 = field(init=False)

    def __post_init__(self) -> None:
        self.storage = B2500(self)

    def command(self, watts: float | None) -> None:
        self.power = min(self.most, watts or 0.0)


class House:
    """Lets seconds pass. `grid` is what really passes the meter, + import."""

    def __init__(
        self,
        units: Mapping[str, Unit],
        load: Callable[[float], float],
        *,
        flow: str | Path = FLOW,
        meter_every: float = 5.0,
        tell_every: float = 5.0,
        poll: float = 1.0,
        **bench: Any,
    ) -> None:
        self.units, self.load = units, load
        self.bench = Bench(flow, env={}, accept=False, **bench)
        self.every = {"meter": meter_every, "tell": tell_every, "poll": poll, "show": 1.0}
        self._due = {"meter": 0.2, "tell": 0.7, "poll": 0.3, "show": 0.9}
        self._number = 0
        self.meter_speaks = True
        self.recorder: Recorder | None = None
        self.course: list[tuple[float, float]] = []
        for name in units:
            self.bench.say(name, Battery(max_charge=0.0, max_discharge=800.0, capacity=2240.0))

    @property
    def time(self) -> float:
        return round(self._number * TICK, 6)

    def grid(self) -> float:
        return self.load(self.time) - sum(unit.power for unit in self.units.values())

    def run(self, seconds: float) -> "House":
        for _ in range(round(seconds / TICK)):
            self._number += 1
            self.bench.clock.advance_to(self.time)
            for what in self._due:
                if self.time >= self._due[what] - 1e-9:
                    self._due[what] += self.every[what]
                    getattr(self, f"_{what}")()
            self._drain()
            self.course.append((self.time, self.grid()))
        return self

    def say(self, stream: str, value: Any) -> None:
        """Speak for an edge, and note it."""
        if self.recorder:
            self.recorder.write(EPOCH + self.time, stream, value)
        self.bench.say(stream, value)

    def errors(self, since: float = 0.0) -> list[float]:
        return [abs(watts) for time, watts in self.course if time >= since]

    def _meter(self) -> None:
        if self.meter_speaks:
            self.say("meter", reading(round(self.grid())))

    def _tell(self) -> None:
        for name, unit in self.units.items():
            if unit.online:
                unit.meter = unit.meter.measured(unit.power, self.time)
                told = Battery(
                    power=round(unit.power) + 0.0, soc=round(unit.soc) + 0.0, online=True
                )
                self.say(name, told)

    def _show(self) -> None:
        for name, unit in self.units.items():
            heard = self.bench.heard(name)
            wanted = heard[-1][1] if heard else None
            if wanted is None:
                unit.shown = -800.0 if heard else 0.0
                unit.meter = unit.meter.wanting(None)
                continue
            unit.meter, shown = unit.meter.wanting(wanted).read(self.time)
            unit.shown = round(shown)
            if unit.meter.accepted != unit.told:
                unit.told = unit.meter.accepted
                self.say(name, Battery(setpoint=unit.told))

    def _poll(self) -> None:
        for unit in self.units.values():
            if unit.online:
                unit.storage.follow(unit.shown)

    def _drain(self) -> None:
        for unit in self.units.values():
            unit.soc = max(0.0, unit.soc - unit.power * TICK / 36 / unit.capacity)


def story(path: Path) -> None:
    """Five minutes: load up and down, a storage that goes and returns, a meter that is silent."""
    units = {"storage1": Unit(soc=80.0), "storage2": Unit(soc=66.0)}
    house = House(units, lambda t: 250.0 if t < 60 else 650.0 if t < 130 else 380.0)
    path.unlink(missing_ok=True)
    with Recorder(path, flow="b2500", epoch=EPOCH) as house.recorder:
        house.run(150)
        house.say("storage2", Battery(online=False))
        units["storage2"].online = False
        units["storage2"].command(0.0)
        house.run(40)
        units["storage2"].online = True
        house.run(50)
        house.meter_speaks = False
        house.run(40)
        house.meter_speaks = True
        house.run(40)


if __name__ == "__main__":
    story(Path(__file__).parents[1] / "recordings" / "b2500.story.jsonl.gz")
