"""What predictor and rebalance cost per meter reading, from one battery to twenty.

They hear as from the wires of a flow, and garbage is looked for as seldom as under `flowctl run`.
One that tells nothing of its power costs more: each reading is held against all its timings.
"""

import gc
import logging
import random
import time
from collections.abc import Callable
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

T = TypeVar("T")
READINGS, WARM, ROUNDS = 2000, 200, 3
STEPS = 0.03  # of the readings in which an appliance goes on or off
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


def costs(count: int, mute: int) -> list[float]:
    """Seconds from each reading to its plan; batteries accept it, and deliver it later."""
    clock, log = VirtualClock(), logging.getLogger("law")
    meter, batteries = Wire[float](), {f"b{number}": Wire[Battery]() for number in range(count)}
    plans: list[Plan] = []
    tells = {name: battery.stream for name, battery in batteries.items()}
    outlook = response_predictor(meter.stream, tells, clock=clock, store=Store(), log=log)
    seen: list[Outlook] = []
    outlook.subscribe(seen.append, scheduler=clock)
    shared = Wire[Outlook]()
    rebalance(shared.stream, log=log).subscribe(plans.append, scheduler=clock)
    chance, base, took = random.Random(1), 500.0, []
    for _ in range(READINGS):
        if chance.random() < STEPS:
            base = chance.uniform(-1000.0 * count, 1500.0 * count)
        load_w = base + chance.gauss(0.0, 20.0)
        given = plans[-5].watts if len(plans) > 4 else {}
        for number, (name, battery) in enumerate(batteries.items()):
            power = given.get(name, 0.0) if number >= mute else None
            battery.say(Battery(power=power, soc=55.0, capacity=5120.0))
        began = time.perf_counter()
        meter.say(load_w - sum(given.values()))
        shared.say(seen[-1])
        took.append(time.perf_counter() - began)
        for name, watts in plans[-1].watts.items():
            batteries[name].say(Battery(setpoint=watts))
        clock.advance(1.0)
    return took


def least(house: tuple[int, int]) -> tuple[float, float]:
    """Median and mean us; a round is like the other, so of each reading the least disturbed counts.

    The mean has in it what is learned of timings, each 2.7 s while batteries move.
    """
    took = list(map(min, *[costs(*house) for _ in range(ROUNDS)]))[WARM:]
    return median(took) * 1e6, mean(took) * 1e6


def main() -> None:
    gc.set_threshold(GARBAGE)
    print(f"a plain closure {cheapest(closures) * 1000:.0f} ns; {load()}")
    prices = {house: least(house) for house in HOUSES}
    for (count, mute), (usual, average) in prices.items():
        told = f"{count:2d} batteries" + (f", {mute} without telemetry" if mute else "")
        print(f"{told:36s} {usual:6.1f} us, {usual / count:5.1f} each; mean {average:.1f}")
    print(f"two batteries {prices[2, 0][0]:.0f} us (bound {BOUND:.0f}); {load()}")


if __name__ == "__main__":
    main()
