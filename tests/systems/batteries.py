"""Batteries that answer a flow on the bench: late, in part, or not at all."""

from collections import deque
from collections.abc import Callable
from typing import Any

from flowctl import Battery
from flowctl.virtual.bench import Bench

STEP = 0.5  # s of the simulation
DEAD, LAG = 1.0, 0.8  # s from a command to its first effect, and the time constant after it


class Unit:
    """One battery: takes setpoints from the flow, tells its power each second."""

    def __init__(
        self, bench: Bench, name: str, capacity: float = 5000.0, soc: float = 60.0
    ) -> None:
        self._bench, self.name = bench, name
        self.capacity, self.soc = capacity, soc
        self.most: float | None = None
        """What it really delivers at most, whatever it is told; `None`: all of it."""
        self.online = True
        self.power = 0.0
        self._commands: deque[tuple[float, float]] = deque()
        self._held, self._noise = 0.0, 1 + len(name) + int(capacity)

    @property
    def told(self) -> float | None:
        """The setpoint in force; `None` after a release."""
        heard = self._bench.heard(self.name)
        return heard[-1][1] if heard else None

    def step(self) -> None:
        """Let one step of time pass."""
        now = self._bench.time
        self._commands.append((now, self.told or 0.0))
        while self._commands and self._commands[0][0] <= now - DEAD:
            self._held = self._commands.popleft()[1]
        goal = self._held if self.online else 0.0
        if self.most is not None:
            goal = max(-self.most, min(self.most, goal))
        self.power += (goal - self.power) * min(1.0, STEP / LAG)

    def tell(self, **more: Any) -> None:
        """Tell the flow how it is."""
        if not self.online:
            self._bench.say(self.name, Battery(online=False, mode="Fault"))
            return
        mode = "Standby" if abs(self.power) < 10 else "Charge" if self.power < 0 else "Discharge"
        known = {"capacity": self.capacity, "max_charge": 2500.0, "max_discharge": 2500.0} | more
        self._noise = self._noise * 7919 % 65537  # as any meter inside a battery has
        power = self.power + 4 * (self._noise / 65537 - 0.5) if self.power else 0.0
        record = Battery(power=power, soc=self.soc, online=True, mode=mode, **known)
        self._bench.say(self.name, record)


class Site:
    """A bench with its batteries."""

    def __init__(self, bench: Bench, *units: Unit) -> None:
        self.bench, self.units = bench, units
        self.steps = 0
        self.each: Callable[[], None] = lambda: None

    def run(self, seconds: float) -> None:
        """Let time pass for the flow and the batteries."""
        for _ in range(round(seconds / STEP)):
            self.bench.advance(STEP)
            self.steps += 1
            for unit in self.units:
                unit.step()
                if self.steps % 2 == 0:
                    unit.tell()
            self.each()

    @property
    def given(self) -> float:
        """What all of them give, + discharging."""
        return sum(unit.power for unit in self.units)
