"""A house with Venus batteries in virtual time: flows/mmbc.yaml on the bench."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import exp
from pathlib import Path
from typing import Any

from flowctl import Battery, Plan
from flowctl.testing import Bench

FLOW = Path(__file__).parents[2] / "flows" / "mmbc.yaml"
TICK = 0.1  # s
DEAD, LAG = 0.5, 0.8  # s: of the fake plant that the original was measured on
ENV = {"P1_HOST": "p1", "BATTERY_1_IP": "a", "BATTERY_2_IP": "b", "BATTERY_3_IP": "c"}
NAMES = ("battery1", "battery2", "battery3")


@dataclass
class Venus:
    """One battery: it does late what it is told, and perhaps less."""

    soc: float = 50.0
    capacity: float = 5120.0
    gain: float = 1.0
    online: bool = True
    own: bool = True
    """Left alone it follows its own meter; here it then idles."""
    power: float = 0.0
    charged: float = 50_000.0
    discharged: float = 40_000.0
    told: float | None = None
    forced: float = 0.0
    _way: deque[tuple[float, float]] = field(default_factory=deque)

    def command(self, watts: float | None, now: float) -> None:
        """Take what comes over the wire; `None` gives it back to itself."""
        self.told, self.own = watts, watts is None
        self._way.append((now + DEAD, watts or 0.0))

    def move(self, now: float) -> None:
        while self._way and self._way[0][0] <= now + 1e-9:
            self.forced = self._way.popleft()[1] * self.gain
        aim = self.forced if self.online else 0.0
        if (aim > 0 and self.soc <= 0) or (aim < 0 and self.soc >= 100):
            aim = 0.0
        self.power += (aim - self.power) * (1 - exp(-TICK / LAG))
        energy = self.power * TICK / 3600
        self.charged -= min(0.0, energy)
        self.discharged += max(0.0, energy)

    def tells(self) -> Battery:
        return Battery(
            power=float(round(self.power)),
            soc=self.soc,
            capacity=self.capacity,
            charged=self.charged,
            discharged=self.discharged,
            online=True,
            self_regulating=True if self.own else None,
        )


class House:
    """Lets seconds pass. `grid` is what really passes the meter, + import."""

    def __init__(
        self,
        *units: Venus,
        load: Callable[[float], float] | float = 300.0,
        delay: float = 1.0,
        mode: str = "Normal",
        blocked: bool = False,
        flow: str | Path = FLOW,
        env: dict[str, str] | None = None,
        **bench: Any,
    ) -> None:
        self.units = dict(zip(NAMES, units, strict=False))
        self.load = load if callable(load) else lambda _: load
        self.delay = delay
        self.bench = Bench(flow, env=ENV if env is None else env, accept=False, **bench)
        self.meter_speaks = True
        self.frozen: float | None = None
        self.course: list[tuple[float, float]] = []
        self._heard = dict.fromkeys(self.units, 0)
        self._number = 0
        for name in NAMES[len(units) :]:
            self.bench.say(name, Battery(online=False))  # as a place without an address
        self.choose(mode)
        self.block(blocked)

    @property
    def time(self) -> float:
        return round(self._number * TICK, 6)

    def choose(self, mode: str) -> None:
        self.bench.say("mode", mode)

    def block(self, on: bool) -> None:
        self.bench.say("block", on)

    def run(self, seconds: float) -> "House":
        for _ in range(round(seconds / TICK)):
            self._number += 1
            self.bench.clock.advance_to(self.time)
            self._obey()
            for unit in self.units.values():
                unit.move(self.time)
            self.course.append((self.time, self._grid()))
            if self._number % 10 == 3:
                self._tell()
            if self._number % 10 == 7:
                self._read()
        return self

    def powers(self) -> tuple[int, ...]:
        """What each battery does, W, + discharging."""
        return tuple(round(unit.power) for unit in self.units.values())

    def working(self) -> list[str]:
        return [name for name, unit in self.units.items() if abs(unit.told or 0.0) > 1]

    def errors(self, seconds: float) -> list[float]:
        """What passed the meter in the last seconds, without its sign."""
        since = self.time - seconds
        return [abs(watts) for time, watts in self.course if time > since]

    def plans(self) -> Iterator[Plan]:
        return (plan for _, plan in self.bench.stream("plan"))

    def writes(self, name: str = "battery1") -> list[tuple[float, float | None]]:
        return self.bench.heard(name)

    def said(self, stream: str) -> Any:
        """The newest value that reached the sink of a stream."""
        return self.bench.heard(stream)[-1][1]

    def _grid(self) -> float:
        return self.load(self.time) - sum(unit.power for unit in self.units.values())

    def _obey(self) -> None:
        for name, unit in self.units.items():
            heard = self.bench.heard(name)
            fresh, self._heard[name] = heard[self._heard[name] :], len(heard)
            for time, watts in fresh if unit.online else ():
                unit.command(watts, time)
                own = Battery(self_regulating=True)
                self.bench.say(name, own if watts is None else Battery(setpoint=watts))

    def _tell(self) -> None:
        for name, unit in self.units.items():
            if unit.online:
                self.bench.say(name, unit.tells())

    def _read(self) -> None:
        """The mean of a second, `delay` ago."""
        last = [
            watts for time, watts in self.course if self.delay <= self.time - time < 1 + self.delay
        ]
        if self.meter_speaks and last:
            value = round(sum(last) / len(last)) if self.frozen is None else self.frozen
            self.bench.say("meter", float(value))
