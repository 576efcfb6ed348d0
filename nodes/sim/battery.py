"""A simulated battery: dead time, wake-up, lag, slew, limits, losses, faults. Pure, no clock.

A command passes the gateway (one per write interval, the newest), waits out the dead time, is
shaped by what the battery can do at that moment, and is then approached by lag and slew rate.
"""

import math
from bisect import insort
from collections import deque
from random import Random

from flowctl import Battery
from nodes.sim.cells import Cells
from nodes.sim.leg import Leg
from nodes.sim.setup import BatteryFault, BatterySetup

IDLE = 1.0  # W; below this it stands still
OWN_STEPS = (50.0, 400.0, 1.6)  # W per second when it regulates itself: first, largest, growth
OWN_BAND = 20.0  # W that its own logic leaves alone
OWN_DELAY = 0.3  # s from its own decision to the power
NEVER = math.inf


class HomeBattery:
    """One battery of a plant; a `Unit` for the servers. Signs of the house: + discharging."""

    def __init__(self, name: str, setup: BatterySetup, seed: int = 1, memory: float = 15.0) -> None:
        """Begin idle, on its own logic; its course is remembered for `memory` seconds."""
        self.name, self.setup, self.now = name, setup, 0.0
        self._random, self._polls = Random(f"{seed}/{name}"), Random(f"{seed}/{name}/polls")
        self.dead_time, self.lag, self.slew = (
            value * (1 + setup.spread / 100 * self._random.uniform(-1, 1))
            for value in (setup.dead_time, setup.lag, setup.slew)
        )
        self.cells = Cells(setup)
        self._memory = memory + setup.telemetry.age
        self._legs = deque([Leg(0.0, 0.0, 0.0, 0.0, 0.0, self.lag, self.slew)])
        self._landing: list[tuple[float, int, float | None, bool]] = []
        self._pending: list[float | None] = []
        self._asked: float | None = None
        self._written, self._order, self._second = -math.inf, 0, 0.0
        self._wanted, self._own, self._own_step = 0.0, True, OWN_STEPS[0]
        self._bounds: tuple[object, ...] = ()
        self._told: list[tuple[float, Battery]] = []
        every = setup.telemetry.every
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
        return not any((fault.offline or fault.deaf) for fault in self._faults())

    @property
    def self_regulating(self) -> bool:
        """Whether it follows the meter by itself now."""
        return self._own and self.setup.self_regulating

    @property
    def commanded(self) -> bool:
        """Whether somebody's setpoint holds it, or is on its way."""
        return (self._pending or [self._asked])[-1] is not None

    def command(self, watts: float | None) -> None:
        """Take a setpoint, W, + discharging; `None` gives it back to its own logic."""
        if not self.online or (watts is not None and not math.isfinite(watts)):
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
        return self._leg(time).power_at(time)

    def energy(self, time: float) -> float:
        """Watt seconds delivered up to a time not long ago."""
        return self._leg(time).energy_at(time)

    def measure(self) -> None:
        """Tell a record of telemetry, now, if it is heard at all."""
        setup = self.setup
        self.next_record += setup.telemetry.every
        if not self.online:
            return
        record = Battery(
            power=self._measured(self._random),
            soc=float(round(self.soc)),
            capacity=setup.capacity,
            max_charge=setup.max_charge,
            max_discharge=setup.max_discharge,
            min_power=setup.min_power,
            write_every=setup.write_every,
            self_regulating=self.self_regulating,
            online=True,
            charged=self.cells.charged,
            discharged=self.cells.discharged,
        )
        self._told.append((self.now, record))

    def told(self) -> list[tuple[float, Battery]]:
        """Hand over, once, what it told since: telemetry, and each accepted command."""
        told, self._told = self._told, []
        return told

    def regulate(self, grid: float) -> None:
        """Follow the meter a step, as its own logic does: each second, + import."""
        first, largest, growth = OWN_STEPS
        if abs(grid) < OWN_BAND:
            self._own_step = first
            return
        self._own_step = min(largest, self._own_step * growth) if abs(grid) > 60 else first
        step = max(-self._own_step, min(self._own_step, 0.8 * grid))
        wanted = max(-self.setup.max_charge, min(self.setup.max_discharge, self._wanted + step))
        self._send(OWN_DELAY, wanted, own=True)

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
        self._told.append((now, _acceptance(watts, self.setup.self_regulating)))
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
        self.cells.draw(self.energy(now), 1.0)
        faults = self._faults()
        if any(fault.offline for fault in faults):
            self._landing.clear()
            self._wanted, self._asked, self._own = 0.0, None, True
        bounds = (*self.cells.limits(), *faults)
        if bounds != self._bounds:
            self._bounds = bounds
            self._aim(now)

    def _aim(self, now: float) -> None:
        """Go for the power that the newest command means now."""
        old, target = self._legs[-1], self._shaped(self._wanted)
        if target == old.target:
            return
        power, start = self.true_power(now), max(now, old.start)
        if abs(old.target) < IDLE and abs(power) < IDLE and self.setup.wake:
            start = now + self.setup.wake
        energy = self.energy(now)
        self._legs.append(Leg(now, start, power, energy, target, self.lag, self.slew))
        while len(self._legs) > 2 and self._legs[1].since < now - self._memory:
            self._legs.popleft()

    def _shaped(self, watts: float) -> float:
        """What a command comes to: minimum power, gain, limits, resolution."""
        setup, faults = self.setup, self._faults()
        if any(fault.offline for fault in faults):
            return 0.0
        if abs(watts) < setup.min_power:
            held = setup.min_power if abs(watts) >= setup.min_power / 2 else 0.0
            watts = math.copysign(held, watts)
        gain = math.prod((fault.gain or 0) / 100 for fault in faults if fault.gain is not None)
        cap = min((fault.cap for fault in faults if fault.cap is not None), default=math.inf)
        charge, discharge = self.cells.limits()
        watts *= setup.gain / 100 * gain
        return stepped(max(-min(charge, cap), min(discharge, cap, watts)), setup.resolution)

    def _measured(self, random: Random) -> float:
        telemetry = self.setup.telemetry
        power = self.true_power(max(0.0, self.now - telemetry.age))
        if telemetry.zeros and random.random() < telemetry.zeros / 100:
            return 0.0
        return float(round(power + random.gauss(0, telemetry.noise)))

    def _faults(self) -> list[BatteryFault]:
        faults = self.setup.faults
        return [fault for fault in faults if fault.on(self.now)] if faults else []

    def _leg(self, time: float) -> Leg:
        return next((leg for leg in reversed(self._legs) if leg.since <= time), self._legs[0])


def stepped(watts: float, resolution: float) -> float:
    """Round to a resolution, where there is one."""
    return round(watts / resolution) * resolution if resolution else watts


def _acceptance(watts: float | None, self_regulating: bool) -> Battery:
    if watts is not None:
        return Battery(setpoint=watts, self_regulating=False)
    return Battery(self_regulating=True) if self_regulating else Battery(setpoint=0.0)
