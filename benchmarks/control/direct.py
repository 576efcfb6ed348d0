"""Drive `response_predictor` and `rebalance` by JSON lines: the control bench without an engine.

    python run.py --external 'python benchmarks/control/direct.py'     (in the bench's folder)

One JSON message per line comes in, one JSON array of writes goes out; there battery watts are
+ charging. The pipe is that of flows/home.yaml; a small shell per battery stands in for the
engine's: dead band, write interval, re-send. `--bare` leaves debounce, clamp and throttle out.
"""

import json
import logging
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from reactivex import Observable, Subject

sys.path.insert(0, str(Path(__file__).parents[2]))

from flowctl import Battery, Plan, Store
from flowctl.virtual.clock import VirtualClock
from nodes._helpers.timing import TINY, Deadline
from nodes.clamp import clamp
from nodes.debounce import debounce
from nodes.rebalance import rebalance
from nodes.response_predictor import response_predictor
from nodes.throttle import throttle

DEADBAND = 25.0  # W
RESEND = 60.0  # s
RESERVE = 12.0  # %
LIMIT = 2500.0  # W
LOG = logging.getLogger("direct")


class Shell:
    """Writes what a plan says of one battery, as often as the battery takes it."""

    def __init__(self, name: str, every: float, clock: VirtualClock, write: Callable[..., None]):
        self.name, self.every, self.clock, self.write = name, every, clock, write
        self.tells: Subject[Battery] = Subject()
        self.want: float | None = None
        self.held: float | None = None
        self.wrote_at = -math.inf
        self.opens = Deadline(clock, self.settle)

    def hear(self, plan: Plan) -> None:
        self.want = plan.share(self.name)
        if self.want is None and self.held is not None:
            self.held = None
            self.write(self.name, 0.0)
        self.settle()

    def settle(self) -> None:
        now, want, held = self.clock.time(), self.want, self.held
        if want is None:
            return
        if now < self.wrote_at + self.every - TINY:
            self.opens.set(self.wrote_at + self.every)
        elif held is None or abs(want - held) >= DEADBAND or (want == 0 != held):
            self.send(float(want))
        elif now >= self.wrote_at + RESEND:
            self.send(held)

    def send(self, watts: float) -> None:
        self.held, self.wrote_at = watts, self.clock.time()
        self.write(self.name, watts)
        self.clock.turn(self.tells.on_next, Battery(setpoint=watts))


class House:
    """The flow of home.yaml around one bench run."""

    def __init__(self, batteries: list[dict[str, Any]], *, bare: bool) -> None:
        self.clock, self.meter, self.writes = (
            VirtualClock(),
            Subject[float](),
            list[dict[str, Any]](),
        )
        self.shells = {
            str(item["id"]): Shell(str(item["id"]), item["write_interval"], self.clock, self.note)
            for item in batteries
        }
        plan = self.pipe(bare=bare)
        for shell in self.shells.values():
            plan.subscribe(shell.hear)
        for item in batteries:
            self.clock.turn(self.shells[str(item["id"])].tells.on_next, nameplate(item))

    def pipe(self, *, bare: bool) -> Observable[Plan]:
        meter: Observable[float] = self.meter
        if not bare:
            meter = debounce(meter, quiet=0.05, clock=self.clock)
        tells = {name: shell.tells for name, shell in self.shells.items()}
        outlook = response_predictor(meter, tells, clock=self.clock, store=Store(), log=LOG)
        plan = rebalance(outlook, reserve=RESERVE, log=LOG)
        if not bare:
            plan = throttle(clamp(plan, high=LIMIT, low=-LIMIT), every=0.2, clock=self.clock)
        shared: Subject[Plan] = Subject()
        plan.subscribe(shared, scheduler=self.clock)
        return shared

    def note(self, name: str, watts: float) -> None:
        self.writes.append({"id": int(name), "watts": -watts})

    def event(self, message: dict[str, Any]) -> list[dict[str, Any]]:
        self.clock.advance_to(message["t"])
        if message["topic"] == "grid":
            self.clock.turn(self.meter.on_next, float(message["watts"]))
        elif message["topic"] == "battery":
            tells = self.shells[str(message["id"])].tells
            record = Battery(power=-float(message["watts"]), soc=100.0 * message["soc"])
            self.clock.turn(tells.on_next, record)
        writes, self.writes = self.writes, []
        return writes


def nameplate(item: dict[str, Any]) -> Battery:
    return Battery(
        soc=100.0 * item["soc"],
        capacity=item["capacity_wh"],
        max_charge=item["max_charge"],
        max_discharge=item["max_discharge"],
        min_power=item["min_power"],
        write_every=item["write_interval"],
        self_regulating=item["auto"],
    )


def main() -> None:
    house: House | None = None
    for line in sys.stdin:
        message = json.loads(line)
        if message["topic"] == "hello":
            house = House(message["batteries"], bare="--bare" in sys.argv)
        writes = house.event(message) if house else []
        print(json.dumps(writes), flush=True)


if __name__ == "__main__":
    main()
