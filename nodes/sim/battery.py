"""A simulated battery: dead time, wake-up, lag, slew, limits, losses, faults. Pure, no clock.

A command passes the gateway (one per write interval, the newest), waits out the dead time, is
shaped by what the battery can do at that moment, and is then approached by lag and slew rate.
"""

import math
from bisect import insort
from random import Random

from flowctl import Battery
from nodes.sim.cells import Cells
from nodes.sim.health import Health
from nodes.sim.motion import Motion
from nodes.sim.own_logic import OwnLogic
from nodes.sim.records import acceptance, telemetry
from nodes.sim.sensor import Sensor
from nodes.sim.setup import BatterySetup
from nodes.sim.shape import meant
from nodes.sim.trace import Trace

OWN_DELAY = 0.3  # s from its own decision to the power
NEVER = math.inf


class HomeBattery:
    """One battery of a plant; a `Unit` for the servers. Signs of the house: + discharging."""

    def __init__(
        self,
        name: str,
        setup: BatterySetup,
        seed: int = 1,
        memory: float = 15.0,
        sun: Trace | None = None,
    ) -> None:
        """Begin idle, on its own logic; its course is remembered for `memory` seconds."""
        self.name, self.setup, self.now = name, setup, 0.0
        self.sun = sun
        """What panels on its own side make."""
        self._random, self._polls = Random(f"{seed}/{name}"), Random(f"{seed}/{name}/polls")
        self.dead_time, self.lag, self.slew = (
            value * (1 + setup.spread / 100 * self._random.uniform(-1, 1))
            for value in (setup.dead_time, setup.lag, setup.slew)
        )
        self.cells = Cells(setup)
        told = setup.telemetry
        self._motion = Motion(self.lag, self.slew, setup.wake, memory + told.age + told.renews)
        self._sensor = Sensor(told, Random(f"{seed}/{name}/renews"))
        self._logic, self._health, self._examined = OwnLogic(), Health(setup), -math.inf
        self._landing: list[tuple[float, int, float | None, bool]] = []
        self._pending: list[float | None] = []
        self._asked: float | None = None
        self._written, self._order, self._second = -math.inf, 0, 0.0
        self._wanted, self._own = 0.0, True
        self._bounds: tuple[object, ...] = ()
        self._told: list[tuple[float, Battery]] = []
        every = told.every
        self.next_record = self._random.uniform(0, every) if every else NEVER

    # What the network side sees.

    @property
    def power(self) -> float:
        """AC power as its telemetry has it now, W."""
        return self._measured(self._polls)

    @property
    def soc(self) -> float:
        """State of charge, %."""
        return self.cells.soc

    @property
    def capacity(self) -> float:
        """Energy when full, Wh."""
        return self.setup.capacity

    @property
    def online(self) -> bool:
        """Whether it answers at all."""
        return self.health().online

    @property
    def self_regulating(self) -> bool:
        """Whether it follows the meter by itself now."""
        return self._own and self.setup.self_regulating

    @property
    def commanded(self) -> bool:
        """Whether somebody's setpoint holds it, or is on its way."""
        return (self._pending or [self._asked])[-1] is not None

    @property
    def listens(self) -> bool:
        """Whether a command would be followed now."""
        return self.online and not self.setup.ignores_commands

    def command(self, watts: float | None) -> None:
        """Take a setpoint, W, + discharging; `None` gives it back to its own logic."""
        if not self.listens or (watts is not None and not math.isfinite(watts)):
            return
        self._pending = [watts]
        if self.now >= self._written + self.setup.write_every - 1e-6:
            self._forward(self.now)

    # What the plant does with it.

    def advance(self, to: float) -> None:
        """Let time pass; the course does not depend on the size of the steps."""
        while (due := self._due()) <= to:
            self.now = due
            if self._pending and due == self._gate():
                self._forward(due)
            elif self._landing and due == self._landing[0][0]:
                self._land(due)
            else:
                self._tick(due)
        self.now = max(self.now, to)

    def next_due(self) -> float:
        """When it has something to tell next."""
        return min(self._gate(), self.next_record)

    def true_power(self, time: float) -> float:
        """AC power at a time not long ago, W."""
        return self._motion.power(time)

    def energy(self, time: float) -> float:
        """Watt seconds delivered up to a time not long ago."""
        return self._motion.energy(time)

    def expected(self, time: float) -> float:
        """AC power at a time to come, W, if nobody says anything more and nothing breaks."""
        if not self._landing:
            return self._motion.power(time)
        limits, faults = self.cells.limits(), self.health().faults
        due = (landing for landing in self._landing if landing[0] <= time)
        aims = (
            (when, meant(watts or 0.0, self.setup, limits, faults, own=own))
            for when, _, watts, own in due
        )
        return self._motion.foreseen(aims, time)

    @property
    def naps(self) -> list[tuple[float, float]]:
        """When it gave nothing and was kept awake, `(since, until)`."""
        return self._motion.naps

    def able(self) -> tuple[float, float]:
        """What it can really take and give now, W, as magnitudes."""
        limits, sound = self.cells.limits(), self.health().sound
        return min(limits[0], sound[0]), min(limits[1], sound[1])

    def health(self) -> Health:
        """What is wrong with it now, and what that leaves of it."""
        if self.setup.faults and self._examined != self.now:
            self._examined = self.now
            faults = tuple(fault for fault in self.setup.faults if fault.on(self.now))
            if faults != self._health.faults:
                self._health = Health(self.setup, faults)
        return self._health

    def measure(self) -> None:
        """Tell a record of telemetry, now, if it is heard at all."""
        self.next_record += self.setup.telemetry.every
        if not self.online:
            return
        power, own = self._measured(self._random), self.self_regulating
        panels = self.sun is not None
        record = telemetry(power, self.cells, self.setup, self_regulating=own, panels=panels)
        self._told.append((self.now, record))

    def told(self) -> list[tuple[float, Battery]]:
        """Hand over, once, what it told since: telemetry, and each accepted command."""
        told, self._told = self._told, []
        return told

    def regulate(self, grid: float) -> None:
        """Let its own logic look at the meter, as it does each second: + import."""
        setup = self.setup
        wanted = self._logic.wanted(self._wanted, grid)
        if wanted != self._wanted:
            limited = max(-setup.max_charge, min(setup.max_discharge, wanted))
            self._send(OWN_DELAY, limited, own=True)

    # The way of a command.

    def _due(self) -> float:
        due = self._second + 1.0
        if self._landing:
            due = min(due, self._landing[0][0])
        return min(due, self._gate()) if self._pending else due

    def _gate(self) -> float:
        if not self._pending:
            return NEVER
        return max(self.now, self._written + self.setup.write_every)

    def _forward(self, now: float) -> None:
        watts = self._pending.pop()
        if not self.online:
            return
        self._written, self._asked = now, watts
        self._told.append((now, acceptance(watts, self.setup)))
        if self._random.random() >= self.setup.lost_writes / 100:
            self._send(self.dead_time, watts, own=False)

    def _send(self, delay: float, watts: float | None, *, own: bool) -> None:
        self._order += 1
        insort(self._landing, (self.now + delay, self._order, watts, own))

    def _land(self, now: float) -> None:
        _, _, watts, own = self._landing.pop(0)
        if own and not self.self_regulating:
            return
        if not own:
            self._own = watts is None
        self._wanted = watts or 0.0
        self._aim(now)

    def _tick(self, now: float) -> None:
        """Once a second: what is stored, what that allows, what is broken."""
        self._second = now
        if self.sun:
            self.cells.sun = self.sun.power(now)
        self.cells.draw(self.energy(now), 1.0, awake=self._motion.awake(now))
        health = self.health()
        if health.offline:
            self._landing.clear()
            self._wanted, self._asked, self._own = 0.0, None, True
        bounds = (*self.cells.limits(), *health.faults)
        if bounds != self._bounds:
            self._bounds = bounds
            self._aim(now)

    def _aim(self, now: float) -> None:
        """Go for the power that the newest command means now."""
        limits, faults = self.cells.limits(), self.health().faults
        self._motion.aim(now, meant(self._wanted, self.setup, limits, faults, own=self._own))

    def _measured(self, random: Random) -> float:
        return self._sensor.read(self.now, self.true_power, random)
