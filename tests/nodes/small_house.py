"""A small house in virtual time around the law: one meter, batteries that answer late, shells."""

import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from reactivex import Subject

from flowctl import Battery, Log, Outlook, Plan, Release, Store
from flowctl.engine.shell import Shell
from flowctl.terms import Terms
from flowctl.virtual.clock import VirtualClock
from nodes.rebalance import rebalance
from nodes.response_predictor import response_predictor

GRAIN = 0.1  # s
LOG = Log("small house")
LOG.setLevel(logging.ERROR)


@dataclass
class Cell:
    """A battery behind a dead time and a lag; its limits may change at any time."""

    dead: float = 1.2
    lag: float = 0.8
    most: float = 2500.0
    gain: float = 1.0
    least: float = 0.0
    """Told less it gives nothing, or this much if it `lifts`."""
    lifts: bool = False
    soc: float = 60.0
    sun: float | None = None
    """What panels on its DC side make."""
    power: float = 0.0
    silent: bool = False
    sent: list[tuple[float, float]] = field(default_factory=list)

    def pass_time(self, now: float) -> None:
        told = [watts for at, watts in self.sent if at + self.dead <= now]
        goal = self.held(told[-1]) if told else self.power
        goal = max(-self.most, min(self.most, goal))
        self.power += (goal - self.power) * (1 - math.exp(-GRAIN / self.lag))

    def held(self, watts: float) -> float:
        if 0 < abs(watts) < self.least:
            watts = math.copysign(self.least if self.lifts else 0.0, watts)
        return self.gain * watts


class SmallHouse:
    """Meter each `meter_every`, telemetry each `tell_every`; `grid` is the truth at each grain."""

    def __init__(
        self,
        cells: Mapping[str, Cell],
        load: Callable[[float], float],
        store: Store | None = None,
        clock: VirtualClock | None = None,
        **settings: Any,
    ) -> None:
        self.cells, self.load, self.clock = cells, load, clock or VirtualClock()
        self.store = Store() if store is None else store
        self.meter, self.tells = Subject[float](), {name: Subject[Battery]() for name in cells}
        self.grid: list[float] = []
        self.plans: list[Plan] = []
        self.outlooks: list[Outlook] = []
        self.meter_works, self.meter_every, self.tell_every = True, 1.0, 2.0
        self.shells = {name: Shell(Terms(), self.clock, self.sender(name), LOG) for name in cells}
        outlook: Subject[Outlook] = Subject()
        outlook.subscribe(self.outlooks.append)
        plan = rebalance(outlook, log=LOG, **settings)
        plan.subscribe(self.hand_out)
        predictor = response_predictor(
            self.meter, self.tells, clock=self.clock, store=self.store, log=LOG
        )
        self.predictor = predictor.subscribe(outlook, scheduler=self.clock)

    def sender(self, name: str) -> Callable[[float | Release], None]:
        def send(watts: float | Release) -> None:
            given = 0.0 if isinstance(watts, Release) else watts
            self.cells[name].sent.append((self.clock.time(), given))
            if not isinstance(watts, Release):
                self.clock.turn(self.tells[name].on_next, Battery(setpoint=watts))

        return send

    def hand_out(self, plan: Plan) -> None:
        self.plans.append(plan)
        for name, shell in self.shells.items():
            share = plan.share(name)
            if share is not None:
                shell.want(share)

    def run(self, seconds: float) -> "SmallHouse":
        for _ in range(round(seconds / GRAIN)):
            self.clock.advance(GRAIN)
            now = self.clock.time()
            for cell in self.cells.values():
                cell.pass_time(now)
            self.grid.append(self.load(now) - sum(cell.power for cell in self.cells.values()))
            beat = round(self.meter_every / GRAIN)
            if self.meter_works and round(now / GRAIN) % beat == 7 % beat:
                late = self.grid[-min(10, beat) :]
                self.clock.turn(self.meter.on_next, sum(late) / len(late))
            for name, cell in self.cells.items():
                if not cell.silent and round(now / GRAIN) % round(self.tell_every / GRAIN) == 3:
                    self.clock.turn(self.tells[name].on_next, self.telemetry(cell))
        return self

    def stop(self) -> None:
        self.predictor.dispose()

    def telemetry(self, cell: Cell) -> Battery:
        return Battery(
            power=cell.power,
            soc=cell.soc,
            capacity=5120.0,
            max_charge=2500.0,
            max_discharge=2500.0,
            pv_power=cell.sun,
        )

    def mean(self, seconds: float) -> float:
        """Mean |grid| of late, W."""
        late = self.grid[-round(seconds / GRAIN) :]
        return sum(map(abs, late)) / len(late)

    @property
    def given(self) -> dict[str, float]:
        return {name: cell.power for name, cell in self.cells.items()}
