"""What predictor and rebalance cost per meter reading, from one battery to twenty.

They hear as from the wires of a flow, and garbage is looked for as seldom as under `flowctl run`;
nothing is kept, lest there is more of it. The records that batteries tell are made before.
One that tells nothing of its power costs more: each reading is held against all its timings.
Batteries answer with a lag, and what is not worth a write is not accepted, as behind the shell of a
device: those that answer 5 s late but at once would swing by 300 W for ever, and cost more.

The load is drawn: by a kilowatt or so it changes each half minute, which is much. With the trace of
a house (`law.py TRACE.csv`) two batteries serve some hours of it as well.
"""

import gc
import logging
import math
import random
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from pathlib import Path
from statistics import mean, median
from typing import Any, Generic, TypeVar

from measure import cheapest, closures, load
from reactivex.disposable import Disposable

from flowctl import Battery, Outlook, Plan, Store
from flowctl.cli import GARBAGE
from flowctl.virtual.clock import VirtualClock
from nodes._helpers.operators import Straight
from nodes.rebalance import rebalance
from nodes.response_predictor import response_predictor
from nodes.sim.trace_file import read_trace

T = TypeVar("T")
READINGS, WARM, ROUNDS = 2000, 200, 3
EVERY = 1.0  # s between readings
STEPS = 0.03  # of the readings in which an appliance goes on or off
NOISE = 20.0  # W of a load that is drawn; a recorded one has its own
HOURS = (6, 12, 18)  # of the first day of a trace
DEAD, LAG = 5, 0.8  # readings until a battery answers, and s
BAND = 25.0  # W: smaller changes are not written
COUNTS = (1, 2, 5, 10, 20)
HOUSES = (*((count, 0) for count in COUNTS), (2, 1), (2, 2), (20, 20))
"""How many batteries, and how many of them tell nothing of their power."""
BOUND = 60.0  # us for two batteries


class Wire(Generic[T]):
    """A stream with one listener, who is called as he is."""

    def __init__(self) -> None:
        self.say: Callable[[T], None] = lambda _: None
        self.stream: Straight[T] = Straight(self._listen)

    def _listen(self, out: Any, _: object) -> Disposable:
        self.say = out.on_next
        return Disposable()


class Cell:
    """A battery behind the shell before its device: it accepts what is worth a write."""

    def __init__(self) -> None:
        self.power = self.held = 0.0
        self.goals = deque([0.0] * DEAD, DEAD)

    def answer(self) -> None:
        self.power += (self.goals[0] - self.power) * (1 - math.exp(-EVERY / LAG))

    def accepts(self, watts: float) -> bool:
        is_news = abs(watts - self.held) >= BAND
        self.held = watts if is_news else self.held
        self.goals.append(self.held)
        return is_news


Told = list[tuple[Wire[Battery], Battery]]


def tell(news: Told) -> float:
    """Let batteries tell something, and return how many seconds it took to hear them."""
    began = time.perf_counter()
    for wire, record in news:
        wire.say(record)
    return time.perf_counter() - began


class House:
    """The law on its wires; the first batteries tell nothing of their power."""

    def __init__(self, count: int, mute: int) -> None:
        self.clock, self.mute, self.meter, self.outlook = VirtualClock(), mute, Wire(), Wire()
        self.cells = {f"b{number}": Cell() for number in range(count)}
        self.tells = {name: Wire[Battery]() for name in self.cells}
        self.seen: deque[Outlook] = deque(maxlen=1)
        self.plans: deque[Plan] = deque(maxlen=1)
        log, tells = logging.getLogger("law"), {name: it.stream for name, it in self.tells.items()}
        outlook = response_predictor(
            self.meter.stream, tells, clock=self.clock, store=Store(), log=log
        )
        outlook.subscribe(self.seen.append, scheduler=self.clock)
        rebalance(self.outlook.stream, log=log).subscribe(self.plans.append, scheduler=self.clock)

    def measured(self) -> Told:
        powers = [None if k < self.mute else it.power for k, it in enumerate(self.cells.values())]
        return [
            (self.tells[name], Battery(power=power, soc=55.0, capacity=5120.0))
            for name, power in zip(self.cells, powers, strict=True)
        ]

    def accepted(self) -> Told:
        return [
            (self.tells[name], Battery(setpoint=watts))
            for name, watts in self.plans[-1].watts.items()
            if self.cells[name].accepts(watts)
        ]

    def read(self, watts: float) -> None:
        self.meter.say(watts)
        self.outlook.say(self.seen[-1])


def drawn(count: int) -> Iterator[float]:
    """Make up a load, W, for this many batteries."""
    chance, base = random.Random(1), 500.0
    for _ in range(READINGS):
        if chance.random() < STEPS:
            base = chance.uniform(-1000.0 * count, 1500.0 * count)
        yield base + chance.gauss(0.0, NOISE)


def recorded(path: Path, hour: int) -> Iterator[float]:
    """The load of a house, W, from an hour of its first day on."""
    trace = read_trace(path)
    return (trace.power(hour * 3600.0 + second * EVERY) for second in range(READINGS))


def costs(count: int, mute: int, loads: Iterator[float]) -> tuple[list[float], list[float]]:
    """Seconds from each reading to its plan, and for what batteries tell beside it."""
    house, readings, tellings = House(count, mute), list[float](), list[float]()
    for load_w in loads:
        for cell in house.cells.values():
            cell.answer()
        grid_w = load_w - sum(cell.power for cell in house.cells.values())
        told = tell(house.measured())
        began = time.perf_counter()
        house.read(grid_w)
        readings.append(time.perf_counter() - began)
        tellings.append(told + tell(house.accepted()))
        house.clock.advance(EVERY)
    return readings, tellings


def least(
    house: tuple[int, int], loads: Callable[[], Iterator[float]]
) -> tuple[float, float, float]:
    """Median and mean us of a reading, and mean of what is told beside it.

    A round is like the other, so each time the least disturbed one counts. The means have in them
    what is learned of timings, each 2.7 s and at each move.
    """
    rounds = zip(*[costs(*house, loads()) for _ in range(ROUNDS)], strict=True)
    took, told = [list(map(min, *runs))[WARM:] for runs in rounds]
    return median(took) * 1e6, mean(took) * 1e6, mean(told) * 1e6


def row(who: str, count: int, price: tuple[float, float, float]) -> str:
    usual, average, told = price
    each = f"{usual:6.1f} us, {usual / count:5.1f} each; mean {average:.1f}"
    return f"{who:36s} {each}, and {told:.1f} to hear the batteries"


def main() -> None:
    gc.set_threshold(GARBAGE)
    print(f"a plain closure {cheapest(closures) * 1000:.0f} ns; {load()}")
    prices = {house: least(house, partial(drawn, house[0])) for house in HOUSES}
    for (count, mute), price in prices.items():
        who = f"{count:2d} batteries" + (f", {mute} without telemetry" if mute else "")
        print(row(who, count, price))
    for trace, hour in product(map(Path, sys.argv[1:]), HOURS):
        price = least((2, 0), partial(recorded, trace, hour))
        print(row(f" 2 batteries, {trace.name[:14]}.., {hour:2d}:00", 2, price))
    print(f"two batteries {prices[2, 0][0]:.0f} us (bound {BOUND:.0f}); {load()}")


if __name__ == "__main__":
    main()
